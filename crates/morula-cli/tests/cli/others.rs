//! Files of others where results go, and files of others that are not what they seem.

use std::fs;

use crate::sandbox::{Run, Sandbox, dense, two_kinds};

/// Runs a line that must fail with this code and a message with these parts, and leave the file.
fn keeps(sandbox: &Sandbox, line: &str, code: i32, file: &str, parts: &[&str]) {
    let before = fs::read(sandbox.path(file)).unwrap();
    sandbox.refuses(line, code, parts);
    assert!(before == fs::read(sandbox.path(file)).unwrap(), "{line} changed {file}");
}

#[test]
fn folders_of_others_stay_as_they_are() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 2 --out c.h5ad");
    let report = "report c.h5ad --out";
    let agreement = "agreement in.h5ad --truth cell_type --pred cell_type --out";
    for (folder, name) in [("r", "report.html"), ("a", "clusters.csv"), ("b", "results.md")] {
        fs::create_dir(sandbox.path(folder)).unwrap();
        fs::write(sandbox.path(format!("{folder}/{name}")), "mine").unwrap();
    }
    keeps(&sandbox, &format!("{report} r"), 2, "r/report.html", &["report.html", "another folder"]);
    let line = format!("{agreement} a");
    keeps(&sandbox, &line, 2, "a/clusters.csv", &["clusters.csv", "another folder"]);
    fs::create_dir(sandbox.path("sets")).unwrap();
    fs::copy(sandbox.path("in.h5ad"), sandbox.path("sets/one.h5ad")).unwrap();
    keeps(&sandbox, "benchmark sets --out b", 2, "b/results.md", &["results.md", "--out"]);
    fs::remove_file(sandbox.path("b/results.md")).unwrap();
    fs::write(sandbox.path("b/runs.csv"), "date,km\n1,2\n").unwrap();
    keeps(&sandbox, "benchmark sets --out b", 2, "b/runs.csv", &["runs.csv", "--out"]);

    // What Morula wrote is replaced, until somebody changes it.
    for (line, page) in [(report, "new/report.html"), (agreement, "new2/types.csv")] {
        let line = format!("{line} {}", page.split('/').next().unwrap());
        sandbox.ok(&line);
        sandbox.ok(&line);
        fs::write(sandbox.path(page), "changed by hand").unwrap();
        keeps(&sandbox, &line, 2, page, &["changed since"]);
    }
}

#[cfg(unix)]
#[test]
fn write_protected_outputs_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::simulated();
    fs::write(sandbox.path("p.csv"), "old").unwrap();
    let protected = fs::Permissions::from_mode(0o444);
    fs::set_permissions(sandbox.path("p.csv"), protected).unwrap();
    let line = "markers in.h5ad --groupby cell_type --out p.csv";
    keeps(&sandbox, line, 2, "p.csv", &["write-protected"]);
}

/// The files of an input are those that are read; the output of an earlier run is none.
#[test]
fn a_second_run_into_the_folder_of_the_matrix_replaces_the_first() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("mtx")).unwrap();
    let (cells, genes) = (20, 12);
    let mut text = format!("%%MatrixMarket matrix coordinate integer general\n{genes} {cells} ");
    let values = two_kinds();
    let entries: Vec<String> = (0..cells * genes)
        .map(|p| format!("{} {} {}\n", p % genes + 1, p / genes + 1, values[p]))
        .collect();
    text += &format!("{}\n{}", entries.len(), entries.concat());
    fs::write(sandbox.path("mtx/matrix.mtx"), text).unwrap();
    let names =
        |letter: &str, n: usize| (0..n).map(|i| format!("{letter}{i}\n")).collect::<String>();
    fs::write(sandbox.path("mtx/barcodes.tsv"), names("c", cells)).unwrap();
    fs::write(sandbox.path("mtx/genes.tsv"), names("g", genes)).unwrap();
    for input in ["mtx", "mtx", "mtx/matrix.mtx"] {
        sandbox.ok(&format!("cluster {input} -k 2 --epochs 2 --out mtx/new.h5ad"));
    }
    let line = "cluster mtx -k 2 --epochs 2 --out mtx/barcodes.tsv";
    keeps(&sandbox, line, 2, "mtx/barcodes.tsv", &["one of the files of the input"]);
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_no_configuration_and_no_list() {
    let sandbox = Sandbox::simulated();
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status();
    assert!(made.unwrap().success());
    for file in ["pipe", "/dev/zero"] {
        let line = format!("cluster in.h5ad -k 3 --config {file} --out out.h5ad");
        sandbox.refuses(&line, 1, &[file, "a pipe, a device"]);
        let line = format!("annotate in.h5ad --groupby cell_type --markers {file} --out out.h5ad");
        sandbox.refuses(&line, 1, &[file, "a pipe, a device"]);
    }
}

#[test]
fn sizes_that_no_memory_holds_are_refused() {
    let sandbox = Sandbox::simulated();
    for model in ["jojoscl", "scsiameseclu"] {
        for k in ["100000000000", "6000000000000000000"] {
            let line = format!("cluster in.h5ad --model {model} -k {k} --out out.h5ad");
            sandbox.refuses(&line, 1, &[k, "150"]);
        }
    }
    for (model, text, part) in [
        ("jojoscl", "projection = 1000000000000", "projection"),
        ("jojoscl", "widths = [1000000000000]", "widths"),
        ("scsiameseclu", "widths = [1000000000000]", "widths"),
        ("scsiameseclu", "latent = 1000000000000", "latent"),
    ] {
        fs::write(sandbox.path("big.toml"), text).unwrap();
        let line = format!("cluster in.h5ad --model {model} --config big.toml --out out.h5ad");
        sandbox.refuses(&line, 2, &[part, "1000000000000"]);
    }
    for (line, part) in [
        ("simulate --cells 1000000000000 --types 3", "cells"),
        ("simulate --cells 100 --types 3 --batches 10000000000", "batches"),
        ("simulate --cells 100000000 --types 3 --batches 100000000", "batches"),
    ] {
        sandbox.refuses(&format!("{line} --out out.h5ad"), 2, &[part]);
    }
}

#[test]
fn inspect_says_possible_only_where_cluster_runs() {
    let sandbox = Sandbox::new();
    sandbox.write(12, &vec![0.0; 240]);
    let run = sandbox.ok("inspect in.h5ad");
    assert!(run.stdout.contains("impossible: no gene is expressed"), "{}", run.stdout);
    assert_ne!(run_of(&sandbox).code, 0);
    sandbox.write(12, &two_kinds());
    let run = sandbox.ok("inspect in.h5ad");
    assert!(run.stdout.contains("possible; memory"), "{}", run.stdout);
    assert_eq!(run_of(&sandbox).code, 0);
    // Antibodies alone.
    let mut data = dense(12, &two_kinds());
    let types = morula::data::Column::categorical(vec![Some("Antibody Capture"); 12]);
    data.var.set("feature_types", types).unwrap();
    morula::data::write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    let run = sandbox.ok("inspect in.h5ad");
    assert!(run.stdout.contains("impossible: there are no genes"), "{}", run.stdout);
    assert_ne!(run_of(&sandbox).code, 0);
}

fn run_of(sandbox: &Sandbox) -> Run {
    sandbox.run("cluster in.h5ad -k 2 --epochs 2 --out c.h5ad".split_whitespace())
}

#[test]
fn one_cluster_is_no_plural() {
    let sandbox = Sandbox::new();
    sandbox.write(12, &two_kinds());
    let run = sandbox.ok("cluster in.h5ad -k 1 --epochs 2 --out c.h5ad");
    assert!(run.stdout.contains("in 1 cluster of 20 cells"), "{}", run.stdout);
}

#[test]
fn a_lost_list_of_checksums_is_named_on_resuming() {
    let sandbox = Sandbox::simulated();
    let line = "cluster in.h5ad -k 3 --epochs 6 --checkpoint state --out c.h5ad";
    sandbox.ok(line);
    let list = sandbox.path("state/jojoscl/checksums.json");
    fs::write(&list, "{\"files\": {").unwrap();
    sandbox.refuses(&format!("{line} --resume"), 2, &["checksums.json", "damaged"]);
    fs::remove_file(&list).unwrap();
    sandbox.refuses(&format!("{line} --resume"), 2, &["checksums.json", "missing"]);
}

#[test]
fn a_crafted_model_is_refused_at_load() {
    use morula::data::checksums::Checksums;
    use serde_json::Value;
    let sandbox = Sandbox::simulated();
    for model in ["jojoscl", "scsiameseclu"] {
        let line = format!("cluster in.h5ad --model {model} -k 3 --epochs 2 --out c.h5ad");
        sandbox.ok(&format!("{line} --save-model m"));
        let path = sandbox.path("m/model.json");
        let whole: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let crafted = |change: &dyn Fn(&mut Value), parts: &[&str]| {
            let mut manifest = whole.clone();
            change(&mut manifest);
            fs::write(&path, manifest.to_string()).unwrap();
            Checksums::write(&sandbox.path("m")).unwrap();
            sandbox.refuses("predict m in.h5ad --out out.h5ad", 1, parts);
        };
        let twice = |m: &mut Value| m["recipe"]["selected"][1] = m["recipe"]["selected"][0].clone();
        crafted(&twice, &["model.json", "recipe.selected"]);
        for value in [0.0, -1.0] {
            let set = |m: &mut Value| m["recipe"]["reference"] = value.into();
            crafted(&set, &["model.json", "recipe.reference"]);
        }
        if model == "scsiameseclu" {
            let many = |m: &mut Value| m["params"]["n_clusters"] = 100_000_000_000_u64.into();
            crafted(&many, &["model.json"]);
        }
        fs::write(&path, whole.to_string()).unwrap();
        Checksums::write(&sandbox.path("m")).unwrap();
        sandbox.ok("predict m in.h5ad --out p.h5ad");
    }
}
