//! Cells of several batches, with `--batch`.

use std::fs;

use morula::data::{AnnData, Categorical, Column, UnsValue, read, write_h5ad};

use crate::sandbox::Sandbox;

/// With `in.h5ad`: 200 cells of 3 types in the batches "b1" and "b2".
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok("simulate --cells 200 --types 3 --genes 300 --batches 2 --out in.h5ad");
    sandbox
}

/// Writes `in.h5ad` with other batches.
fn with_batches(sandbox: &Sandbox, to: &str, of: impl Fn(usize) -> Option<&'static str>) {
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let batches = Column::categorical((0..200).map(of));
    data.obs.set("batch", batches).unwrap();
    write_h5ad(sandbox.path(to), &data).unwrap();
}

fn labels(data: &AnnData) -> Vec<Option<String>> {
    data.obs.column("jojoscl").unwrap().labels()
}

#[test]
fn the_model_takes_out_batches_and_so_do_predictions() {
    let sandbox = sandbox();
    let line = "cluster in.h5ad -k 3 --epochs 12 --batch batch --out c.h5ad --save-model m";
    let run = sandbox.ok(&format!("{line} --report r"));
    assert!(run.stderr.contains("2 batches in batch"), "{}", run.stderr);
    let clustered = read(sandbox.path("c.h5ad")).unwrap();
    let Some(UnsValue::Texts(batches)) = clustered.uns["jojoscl"].get("batches") else { panic!() };
    assert_eq!(batches.len(), 2);
    assert!(fs::read_to_string(sandbox.path("r/report.html")).unwrap().contains("batch"));
    let scores = sandbox.ok("evaluate c.h5ad --truth cell_type --pred jojoscl --json --quiet");
    assert!(scores.json()["ari"].as_f64().unwrap() > 0.9, "{}", scores.stdout);

    sandbox.ok("predict m in.h5ad --batch batch --out p.h5ad");
    assert_eq!(labels(&read(sandbox.path("p.h5ad")).unwrap()), labels(&clustered));
    let known = clustered.obs.column("batch").unwrap().to_categorical().categories().join(", ");
    sandbox.refuses("predict m in.h5ad --out out.h5ad", 1, &[&known, "--batch COLUMN"]);
    with_batches(&sandbox, "new.h5ad", |i| Some(if i < 100 { "later" } else { "last" }));
    let run = sandbox.ok("predict m new.h5ad --batch batch --out p.h5ad");
    assert!(run.stderr.contains("new batches: last, later"), "{}", run.stderr);
}

#[test]
fn batches_that_are_not_there_are_found_out_before_training() {
    let sandbox = sandbox();
    let run = sandbox.ok("cluster in.h5ad -k 3 --epochs 1 --out c.h5ad");
    assert!(run.stderr.contains("with --batch batch the model takes out"), "{}", run.stderr);
    let line = |file: &str, batch: &str| {
        format!("cluster {file} -k 3 --epochs 100000 --batch {batch} --out out.h5ad")
    };
    sandbox.refuses(&line("in.h5ad", "no_such"), 1, &["no_such", "cell_type"]);
    with_batches(&sandbox, "gap.h5ad", |i| (i != 7).then_some("a"));
    sandbox.refuses(&line("gap.h5ad", "batch"), 1, &["column batch", "cell7", "unknown"]);
}

#[test]
fn the_benchmark_runs_every_method_with_and_without() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("sets")).unwrap();
    fs::copy(sandbox.path("in.h5ad"), sandbox.path("sets/two.h5ad")).unwrap();
    sandbox.ok("simulate --cells 90 --types 3 --genes 120 --out sets/one.h5ad");
    let line = "benchmark sets --out results --models pca-kmeans,leiden --seeds 1 --batch batch";
    assert_eq!(sandbox.ok(&format!("{line} --json")).json()["runs"], 2 * 2 + 2);
    let report = fs::read_to_string(sandbox.path("results/results.md")).unwrap();
    for part in [
        "## With batches",
        "Batches of `batch`, K given",
        "| two |",
        "mean of all 2",
        "| iLISI | batch ASW |",
        "With the batches in `batch`",
    ] {
        assert!(report.contains(part), "no {part}\n{report}");
    }
    assert!(!report.contains("## Ablations"), "{report}");
}

#[test]
fn categories_without_cells_are_no_batches() {
    let sandbox = sandbox();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let of = data.obs.column("batch").unwrap().to_categorical();
    let names = ["unused", "b", "also unused", "a", "last"].map(String::from).to_vec();
    let codes = of.codes().iter().map(|&code| if code == 0 { 3 } else { 1 }).collect();
    let column = Column::Categorical(Categorical::new(codes, names, false).unwrap());
    data.obs.set("batch", column).unwrap();
    write_h5ad(sandbox.path("unused.h5ad"), &data).unwrap();
    let run = sandbox.ok("cluster unused.h5ad -k 3 --epochs 1 --batch batch --out c.h5ad");
    assert!(run.stderr.contains("2 batches in batch"), "{}", run.stderr);
    let UnsValue::Texts(known) =
        read(sandbox.path("c.h5ad")).unwrap().uns["jojoscl"].get("batches").unwrap().clone()
    else {
        panic!()
    };
    assert_eq!(known.len(), 2);
}

#[test]
fn batches_that_cannot_be_compared_are_left_alone_and_that_is_said() {
    let sandbox = sandbox();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 2 --out plain.h5ad --quiet");
    let plain = read(sandbox.path("plain.h5ad")).unwrap();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let mut known = |of: &dyn Fn(usize) -> usize, model: &str| {
        let batches = Column::categorical((0..200).map(|i| Some(of(i).to_string())));
        data.obs.set("batch", batches).unwrap();
        write_h5ad(sandbox.path("new.h5ad"), &data).unwrap();
        let line = "cluster new.h5ad -k 3 --epochs 2 --batch batch --out c.h5ad --save-model";
        let run = sandbox.ok(&format!("{line} {model}"));
        let clustered = read(sandbox.path("c.h5ad")).unwrap();
        (run.stderr, clustered.uns["jojoscl"].get("batches").is_some(), labels(&clustered))
    };
    let kinds: [&dyn Fn(usize) -> usize; 3] = [&|i| i, &|i| i.saturating_sub(50), &|_| 0];
    for (kind, of) in kinds.into_iter().enumerate() {
        let (words, corrected, found) = known(of, "m");
        assert!(words.contains("nothing can be corrected"), "{kind}: {words}");
        assert!(!corrected, "{kind}");
        assert_eq!(found, labels(&plain), "{kind}");
    }
    let (words, corrected, _) = known(&|i| i / 50, "m4");
    assert!(words.contains("4 batches in batch") && !words.contains("nothing can"), "{words}");
    assert!(corrected);
    // New cells may all be of one batch.
    known(&|_| 7, "m");
    sandbox.ok("predict m4 new.h5ad --batch batch --out p.h5ad");
}

#[test]
fn a_model_without_batches_takes_none() {
    let sandbox = sandbox();
    for model in ["jojoscl", "scsiameseclu"] {
        let fit = format!("cluster in.h5ad -k 3 --epochs 1 --model {model} --out c.h5ad");
        sandbox.ok(&format!("{fit} --save-model {model}"));
        let line = format!("predict {model} in.h5ad --batch batch --out out.h5ad");
        sandbox.refuses(&line, 2, &["knows no batches", "--batch", "leave it out"]);
        sandbox.ok(&format!("predict {model} in.h5ad --out p.h5ad"));
    }
}
