//! No output costs an input: one rule for every command and every output, by the identity of files.

use std::fs;
use std::path::Path;

use morula::data::read;

use crate::formats::fixture;
use crate::sandbox::Sandbox;

/// With every kind of input: `in.h5ad`, `c.h5ad` and its model in `m`, a 10x file, a 10x folder, a
/// table, a configuration and a list of markers.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 2 --out c.h5ad --save-model m");
    for (from, to) in [("tenx_v3.h5", "tenx.h5"), ("table.csv", "table.csv")] {
        fs::copy(fixture(&from), sandbox.path(to)).unwrap();
    }
    for (from, to) in [("mtx_v2", "mtx"), ("mtx_v3", "mtx3")] {
        fs::create_dir(sandbox.path(to)).unwrap();
        for file in fs::read_dir(fixture(&from)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), sandbox.path(to).join(file.file_name())).unwrap();
        }
    }
    fs::write(sandbox.path("run.toml"), "epochs = 2\n").unwrap();
    fs::write(sandbox.path("types.csv"), "type,gene\na,gene1\n").unwrap();
    sandbox
}

/// Every file under a folder, with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push((path.display().to_string(), fs::read(&path).unwrap())),
        }
    }
    all.sort();
    all
}

/// Runs a line that must be refused as wrong usage, before any work, with nothing touched.
fn refuse(sandbox: &Sandbox, line: &str, parts: &[&str]) {
    let before = files(&sandbox.path(""));
    let run = sandbox.run(line.split_whitespace());
    assert_eq!(run.code, 2, "{line}\n{}", run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "{line}\nlacks {part:?}:\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("read ") && run.stdout.is_empty(), "{line}\n{}", run.stderr);
    assert!(before == files(&sandbox.path("")), "{line} changed a file");
}

#[test]
fn no_command_replaces_an_input() {
    let sandbox = sandbox();
    let cluster = "--epochs 2 -k 2 --out";
    for (line, what) in [
        ("markers in.h5ad --groupby cell_type --out in.h5ad", "the input"),
        ("markers tenx.h5 --groupby x --out m.csv --h5ad tenx.h5", "no h5ad file"),
        ("annotate table.csv --groupby x --markers types.csv --out table.csv", "no h5ad file"),
        ("annotate in.h5ad --groupby cell_type --markers types.csv --out types.csv", "--markers"),
        ("transfer c.h5ad in.h5ad --label cell_type --embedding X --out c.h5ad", "the reference"),
        ("predict m in.h5ad --out m/model.json", "the model, m"),
        ("predict m in.h5ad --out m/new.h5ad", "the model, m"),
        ("predict m table.csv --out table.csv", "no h5ad file"),
        ("predict m c.h5ad --drop-filtered --out c.h5ad", "the input"),
    ] {
        refuse(&sandbox, line, &[what, "give another"]);
    }
    for (input, out) in [
        ("tenx.h5", "tenx.h5"),
        ("table.csv", "table.csv"),
        ("table.csv", "./mtx/../table.csv"),
        ("mtx", "mtx/matrix.mtx"),
        ("mtx/matrix.mtx", "mtx/genes.tsv"),
        ("mtx3", "mtx3/barcodes.tsv.gz"),
        ("in.h5ad --config run.toml", "run.toml"),
        ("in.h5ad --drop-filtered", "in.h5ad"),
    ] {
        refuse(&sandbox, &format!("cluster {input} {cluster} {out}"), &["--out", "give another"]);
    }
}

#[cfg(unix)]
#[test]
fn files_are_compared_and_not_names() {
    use std::os::unix::fs::symlink;
    let sandbox = sandbox();
    symlink("table.csv", sandbox.path("soft")).unwrap();
    symlink("soft", sandbox.path("softer")).unwrap();
    fs::hard_link(sandbox.path("table.csv"), sandbox.path("hard.h5ad")).unwrap();
    symlink("mtx", sandbox.path("folder")).unwrap();
    for out in ["soft", "softer", "hard.h5ad", "folder/../table.csv"] {
        let line = format!("cluster table.csv --epochs 2 -k 2 --out {out}");
        refuse(&sandbox, &line, &["no h5ad file"]);
        let line = format!("cluster softer --epochs 2 -k 2 --out {out}");
        refuse(&sandbox, &line, &["no h5ad file"]);
    }
    let line = "cluster folder --epochs 2 -k 2 --out mtx/genes.tsv";
    refuse(&sandbox, line, &["one of the files of the input, folder"]);
    symlink("../m/model.json", sandbox.path("mtx/elsewhere")).unwrap();
    refuse(&sandbox, "predict m in.h5ad --out mtx/elsewhere", &["the model, m"]);

    // Files within a folder of results.
    fs::create_dir(sandbox.path("agree")).unwrap();
    fs::hard_link(sandbox.path("in.h5ad"), sandbox.path("agree/overlap.csv")).unwrap();
    let line = "agreement in.h5ad --truth cell_type --pred cell_type --out agree";
    refuse(&sandbox, line, &["agree", "\"overlap.csv\"", "another folder"]);
    fs::create_dir_all(sandbox.path("sets/sub")).unwrap();
    fs::hard_link(sandbox.path("in.h5ad"), sandbox.path("sets/in.h5ad")).unwrap();
    refuse(&sandbox, "benchmark sets --out sets/sub/..", &["the folder with data sets, sets"]);
    fs::create_dir(sandbox.path("results")).unwrap();
    symlink("../sets/in.h5ad", sandbox.path("results/runs.csv")).unwrap();
    refuse(&sandbox, "benchmark sets --out results", &["results/runs.csv", "sets"]);
    fs::remove_file(sandbox.path("results/runs.csv")).unwrap();
    fs::write(sandbox.path("results/results.md"), "model = \"jojoscl\"\n").unwrap();
    let line = "benchmark sets --config results/results.md --out results";
    refuse(&sandbox, line, &["the configuration, results/results.md"]);
}

#[test]
fn outputs_do_not_replace_each_other() {
    let sandbox = sandbox();
    let cluster = "cluster in.h5ad --epochs 2 -k 3";
    let markers = "markers in.h5ad --groupby cell_type";
    fs::create_dir_all(sandbox.path("state/jojoscl")).unwrap();
    fs::copy(sandbox.path("in.h5ad"), sandbox.path("state/jojoscl/in.h5ad")).unwrap();
    fs::create_dir(sandbox.path("empty")).unwrap();
    fs::create_dir(sandbox.path("r")).unwrap();
    fs::copy(sandbox.path("in.h5ad"), sandbox.path("r/in.h5ad")).unwrap();
    for (line, part) in [
        (format!("{markers} --out new --h5ad mtx/../new"), "same file"),
        (format!("{cluster} --out m/c.h5ad --save-model m"), "keep them apart"),
        (format!("{cluster} --config m/run.toml --out o.h5ad --save-model m"), "keep them apart"),
        (format!("{cluster} --out r/o.h5ad --report r"), "another folder"),
        (format!("{cluster} --out empty/o.h5ad --report empty"), "keep them apart"),
        (format!("{cluster} --out o.h5ad --save-model empty/m --report empty"), "keep them apart"),
        (format!("{cluster} --out o.h5ad --save-model x --report x/r"), "keep them apart"),
        (format!("{cluster} --out state/jojoscl/o.h5ad --checkpoint state"), "keep them apart"),
        ("report r/in.h5ad --out r".into(), "another folder"),
        ("cluster state/jojoscl/in.h5ad --out o.h5ad --checkpoint state".into(), "keep them apart"),
    ] {
        if line.contains("m/run.toml") {
            fs::write(sandbox.path("m/run.toml"), "epochs = 2\n").unwrap();
        }
        refuse(&sandbox, &line, &[part]);
    }
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_written() {
    let sandbox = sandbox();
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status();
    assert!(made.unwrap().success());
    for out in ["pipe", "/dev/null"] {
        for line in [
            format!("cluster in.h5ad --epochs 100000 --out {out}"),
            format!("markers in.h5ad --groupby cell_type --out {out}"),
            format!("markers in.h5ad --groupby cell_type --out m.csv --h5ad {out}"),
            format!("simulate --cells 20 --types 2 --out {out}"),
        ] {
            let run = sandbox.run(line.split_whitespace());
            assert_eq!(run.code, 2, "{line}\n{}", run.stderr);
            assert!(run.stderr.contains("no regular file"), "{line}\n{}", run.stderr);
        }
    }
    std::os::unix::fs::symlink("circle", sandbox.path("circle")).unwrap();
    sandbox.refuses("simulate --cells 20 --types 2 --out circle", 2, &["circle"]);
}

#[test]
fn an_h5ad_input_that_is_kept_may_be_the_output() {
    let sandbox = sandbox();
    let before = read(sandbox.path("in.h5ad")).unwrap();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 2 --out ./in.h5ad");
    sandbox.ok("predict m in.h5ad --out in.h5ad");
    let gene = &before.var_names()[0];
    fs::write(sandbox.path("types.csv"), format!("type,gene\na,{gene}\n")).unwrap();
    sandbox.ok("annotate in.h5ad --groupby cell_type --markers types.csv --out in.h5ad");
    sandbox.ok("markers in.h5ad --groupby cell_type --out m.csv --h5ad in.h5ad");
    sandbox.ok("transfer c.h5ad in.h5ad --label cell_type --embedding X_jojoscl --out in.h5ad");
    let after = read(sandbox.path("in.h5ad")).unwrap();
    assert_eq!((&before.x, &before.var, &before.uns["simulation"]), {
        (&after.x, &after.var, &after.uns["simulation"])
    });
    for column in ["cell_type", "jojoscl", "morula_cell_type", "morula_transferred"] {
        assert!(after.obs.column(column).is_ok(), "{column}");
    }
    // A link to the input stays a link.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("in.h5ad", sandbox.path("link.h5ad")).unwrap();
        sandbox.ok("predict m in.h5ad --out link.h5ad");
        assert!(sandbox.path("link.h5ad").is_symlink());
    }
    // A folder of counts may get a new file.
    sandbox.ok("cluster mtx -k 1 --epochs 2 --out mtx/clustered.h5ad");
}
