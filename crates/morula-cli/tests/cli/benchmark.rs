//! `morula benchmark` on tiny data sets: rows, resuming, reports, refusals.

use std::fs;
use std::path::Path;

use morula::data::{Column, read, write_h5ad};

use crate::sandbox::{Sandbox, dense, two_kinds};

/// Run with K given and found.
const MODELS: [&str; 3] = ["jojoscl", "scsiameseclu", "views"];
const EMBEDDED: [&str; 3] = ["components20", "joint20", "smooth64"];
/// Run in one of these ways.
const OTHERS: usize = 4;

/// Two labelled data sets, one without labels and one without counts.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("sets")).unwrap();
    for (name, types) in [("first", 3), ("second", 2)] {
        sandbox.ok(&format!(
            "simulate --cells=90 --types={types} --genes=120 --seed={types} --out sets/{name}.h5ad"
        ));
    }
    // A cell without a label is clustered, but not scored.
    let mut second = read(sandbox.path("sets/second.h5ad")).unwrap();
    let mut labels = second.obs.column("cell_type").unwrap().labels();
    labels[4] = None;
    second.obs.set("cell_type", Column::categorical(labels)).unwrap();
    write_h5ad(sandbox.path("sets/second.h5ad"), &second).unwrap();

    write_h5ad(sandbox.path("sets/bare.h5ad"), &dense(12, &two_kinds())).unwrap();
    let logs: Vec<f32> = two_kinds().iter().map(|c| c.ln_1p()).collect();
    let mut logs = dense(12, &logs);
    logs.obs.set("cell_type", Column::categorical(vec![Some("a"); 20])).unwrap();
    write_h5ad(sandbox.path("sets/logs.h5ad"), &logs).unwrap();
    fs::write(sandbox.path("sets/TABLE.md"), "not a data set").unwrap();
    fs::write(
        sandbox.path("small.toml"),
        "model = \"scsiameseclu\"\nautoencoder_epochs = 1\ngraph_epochs = 1\njoint_epochs = 1\n\
         widths = [16]\ngraph_widths = [16]\n",
    )
    .unwrap();
    sandbox
}

const QUICK: &str =
    "benchmark sets --out results --epochs 2 --config small.toml --device cpu --seeds 2";

/// Rows of `runs.csv` by column name.
fn rows(folder: &Path) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_path(folder.join("runs.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| {
        header.iter().zip(row.iter()).map(|(h, v)| (h.to_string(), v.to_string())).collect()
    };
    reader.records().map(|r| row(r.unwrap())).collect()
}

fn field<'a>(row: &'a [(String, String)], name: &str) -> &'a str {
    &row.iter().find(|field| field.0 == name).unwrap().1
}

#[test]
fn every_run_has_a_complete_row_and_the_report_shows_it() {
    let sandbox = sandbox();
    let run = sandbox.ok(QUICK);
    for part in ["skipped bare: no labels", "skipped logs: ", "not a raw count", "left out: leiden"]
    {
        assert!(run.stderr.contains(part), "no {part}\n{}", run.stderr);
    }
    let results = sandbox.path("results");
    let rows = rows(&results);
    // Ward has no seed.
    assert_eq!(rows.len(), 2 * (2 * (2 * (MODELS.len() + EMBEDDED.len()) + OTHERS) - 1));
    for row in &rows {
        assert_eq!(field(row, "error"), "", "{row:?}");
        for name in [
            "ari",
            "nmi",
            "ami",
            "acc",
            "f1_macro",
            "knn_acc",
            "knn_f1",
            "clisi",
            "connectivity",
            "kmeans_ari",
            "leiden_best",
            "leiden_mean",
            "cut_given",
            "cut_auto",
            "seconds",
            "cpu_seconds",
            "peak_mb",
        ] {
            let value: f64 = field(row, name).parse().unwrap();
            assert!(value.is_finite() && value.abs() < 1e4, "{name}: {row:?}");
        }
        assert_eq!(field(row, "ilisi"), "", "there are no batches");
        let peak: f64 = field(row, "peak_mb").parse().unwrap();
        assert!(peak > 5.0, "{row:?}");
        let scored = if field(row, "dataset") == "first" { "90" } else { "89" };
        assert_eq!(field(row, "n_scored"), scored);
        let is_model = MODELS.contains(&field(row, "method"));
        let in_bins = field(row, "bin_cells").split(';').filter_map(|n| n.parse::<usize>().ok());
        assert_eq!(in_bins.sum::<usize>().to_string(), if is_model { scored } else { "0" });
    }
    let baseline = rows.iter().find(|row| field(row, "method") == "pca-kmeans").unwrap();
    assert!(field(baseline, "ari").parse::<f64>().unwrap() > 0.9, "{baseline:?}");

    let report = fs::read_to_string(results.join("results.md")).unwrap();
    for part in [
        "## ARI, number of clusters given",
        "| first |",
        "## Embeddings",
        "## Reliability",
        "`epochs = 2",
    ] {
        assert!(report.contains(part), "no {part}\n{report}");
    }
    let home = sandbox.path("");
    assert!(!report.contains(home.to_str().unwrap()), "a path in the report");
    for plot in ["ari_given", "ari_auto", "reliability"] {
        assert!(report.contains(&format!("({plot}.png)")));
        assert!(results.join(format!("{plot}.svg")).is_file());
    }
}

#[test]
fn a_run_that_is_there_is_not_done_again() {
    let sandbox = sandbox();
    let line = format!("{QUICK} --models pca-kmeans,leiden,pca-ward --datasets first --json");
    let first = sandbox.ok(&line).json();
    assert_eq!((&first["runs"], &first["runs_before"]), (&5.into(), &0.into()));
    let path = sandbox.path("results/runs.csv");
    let whole = fs::read_to_string(&path).unwrap();

    // Killed while the last row was being written.
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let again = sandbox.ok(&line);
    assert_eq!(again.json()["runs_before"], 4);
    assert!(again.stderr.contains("1 runs to do"), "{}", again.stderr);
    let scores = |text: &str| -> Vec<String> {
        text.lines().map(|l| l.split(',').take(29).collect::<Vec<_>>().join(",")).collect()
    };
    let now = fs::read_to_string(&path).unwrap();
    assert_eq!(scores(&now), scores(&whole));

    let third = sandbox.ok(&format!("{line} --jobs 2"));
    assert_eq!(third.json()["runs_before"], 5);
    assert_eq!(fs::read_to_string(&path).unwrap(), now);
    fs::remove_file(sandbox.path("results/results.md")).unwrap();
    sandbox.ok("benchmark --out results --report-only");
    assert!(sandbox.path("results/results.md").is_file());

    // Another setting does not mix with the rows there.
    sandbox.refuses(&format!("{line} --threads 2"), 2, &["other settings", "threads"]);
}

/// The rows of finished runs are kept, and the same command goes on from there.
#[cfg(unix)]
#[test]
fn an_interrupted_benchmark_goes_on() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let sandbox = sandbox();
    let line = "benchmark sets --out results --models pca-kmeans --datasets first --seeds 60";
    let mut child = Command::new(env!("CARGO_BIN_EXE_morula"))
        .current_dir(sandbox.path(""))
        .args(line.split(' '))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut words = String::new();
    while !words.contains("[2/60]") {
        assert!(stderr.read_line(&mut words).unwrap() > 0, "{words}");
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    stderr.read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{words}");
    assert!(words.contains("interrupted; ") && words.contains("same command"), "{words}");
    let kept = rows(&sandbox.path("results")).len();
    assert!((2..60).contains(&kept), "{kept}");
    let done = sandbox.ok(&format!("{line} --json")).json();
    assert_eq!((&done["runs_before"], &done["runs"]), (&kept.into(), &60.into()));
}

#[test]
fn ablations_and_perturbations_are_runs_of_their_own() {
    let sandbox = sandbox();
    sandbox.ok(&format!(
        "{QUICK} --models pca-kmeans --datasets second --ablations --robustness --jobs 2"
    ));
    let rows = rows(&sandbox.path("results"));
    assert_eq!(rows.len(), 2 * (1 + 3 + 11));
    let report = fs::read_to_string(sandbox.path("results/results.md")).unwrap();
    for part in ["## Ablations", "| log-normalised |", "## Robustness", "| downsampled |"] {
        assert!(report.contains(part), "no {part}\n{report}");
    }
    assert!(sandbox.path("results/robustness_dropout.png").is_file());
}

#[test]
fn a_run_that_fails_is_reported_and_tried_again() {
    let sandbox = sandbox();
    let config = |rate: &str| {
        fs::write(
            sandbox.path("rate.toml"),
            format!("model = \"jojoscl\"\nepochs = 1\nlearning_rate = {rate}\n"),
        )
        .unwrap();
    };
    config("1e30");
    let line = "benchmark sets --out results --models jojoscl --datasets first --seeds 1 \
                --device cpu --config rate.toml --json";
    let run = sandbox.ok(line);
    assert_eq!(run.json()["failed"], 2, "{}", run.stderr);
    let report = fs::read_to_string(sandbox.path("results/results.md")).unwrap();
    assert!(report.contains("## Failed runs") && report.contains("learning_rate"), "{report}");
    let again = sandbox.ok(line).json();
    assert_eq!((&again["runs_before"], &again["runs"]), (&0.into(), &2.into()));
}

#[test]
fn wrong_usage_is_refused() {
    let sandbox = sandbox();
    let refuse = |more: &str, code: i32, parts: &[&str]| {
        sandbox.refuses(&format!("benchmark sets --out results {more}"), code, parts);
    };
    refuse("--datasets third", 2, &["third", "first, logs, second"]);
    refuse("--models kmeans", 2, &["kmeans", "pca-kmeans"]);
    refuse("--seeds 0", 2, &["--seeds"]);
    refuse("--threads 0", 2, &["--threads"]);
    refuse("--datasets bare", 1, &["no data set"]);
    refuse("--truth nothing", 1, &["no data set"]);
    sandbox.refuses("benchmark nowhere --out results", 1, &["nowhere"]);
    sandbox.refuses("benchmark --out results", 2, &["DATA_DIR"]);
    fs::write(sandbox.path("nameless.toml"), "epochs = 2").unwrap();
    refuse("--config nameless.toml", 2, &["nameless.toml", "model"]);
}
