//! Every input format can be clustered.

use std::fs;
use std::path::{Path, PathBuf};

use morula::data::{UnsValue, read};

use crate::sandbox::{Sandbox, two_kinds};

/// Small files of every format other than h5ad: the same 12 cells.
pub const FIXTURES: [&str; 8] = [
    "tenx_v2.h5",
    "tenx_v3.h5",
    "xy_ints.h5",
    "xy_texts.h5",
    "table.csv",
    "table.tsv.gz",
    "mtx_v2",
    "mtx_v3",
];

pub fn fixture(name: &&str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../morula-data/tests/data").join(name)
}

#[test]
fn every_format_gives_the_same_result() {
    let sandbox = Sandbox::new();
    let mut first = None;
    for name in &FIXTURES {
        let input = fixture(name);
        let line = ["cluster", input.to_str().unwrap(), "--out", "c.h5ad", "-k", "1", "--epochs=2"];
        let run = sandbox.run(line);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let data = read(sandbox.path("c.h5ad")).unwrap();
        let embedding = &data.obsm["X_jojoscl"];
        assert_eq!(embedding, first.get_or_insert(embedding.clone()), "{name}");
        assert_eq!(data.obs.column("label").is_ok(), name.starts_with("xy"), "{name}");
    }
}

#[test]
fn fractional_counts_are_rounded_and_genes_in_rows_are_turned_if_asked_for() {
    let sandbox = Sandbox::new();
    let counts = two_kinds();
    let table = |fraction: f32, transposed: bool| {
        let value = |i: usize, j: usize| match counts[12 * i + j] {
            0.0 => "0".into(),
            // Reads that two genes share.
            count if (i + j).is_multiple_of(3) => (count + fraction).to_string(),
            count => count.to_string(),
        };
        let (rows, columns, names) = if transposed { (12, 20, "gc") } else { (20, 12, "cg") };
        let header = (0..columns).map(|j| format!(",{}{j}", &names[1..])).collect::<String>();
        (0..rows).fold(header + "\n", |text, i| {
            let row = (0..columns).map(|j| match transposed {
                true => value(j, i),
                false => value(i, j),
            });
            let row = row.map(|value: String| format!(",{value}")).collect::<String>();
            format!("{text}{}{i}{row}\n", &names[..1])
        })
    };
    for (name, fraction, transposed) in
        [("plain.csv", 0.0, false), ("turned.csv", 0.0, true), ("fractions.csv", 0.25, false)]
    {
        fs::write(sandbox.path(name), table(fraction, transposed)).unwrap();
    }
    let cluster = |input: &str| {
        let run = sandbox.ok(&format!("cluster {input} -k 2 --epochs 2 --out c.h5ad"));
        (read(sandbox.path("c.h5ad")).unwrap(), run.stderr)
    };
    let (plain, _) = cluster("plain.csv");
    let (turned, _) = cluster("turned.csv --transpose");
    assert_eq!((&plain.obs, &plain.x), (&turned.obs, &turned.x));
    assert_eq!(plain.var_names(), turned.var_names());
    let inspected = sandbox.ok("inspect turned.csv --transpose --json").json();
    assert_eq!(inspected["n_cells"], 20);
    sandbox.refuses("cluster c.h5ad --transpose --out out.h5ad", 1, &["c.h5ad", "transposed"]);

    let line = "cluster fractions.csv -k 2 --epochs 2 --out out.h5ad";
    sandbox.refuses(line, 1, &["fractions.csv", "--round"]);
    let (rounded, words) = cluster("fractions.csv --round");
    assert!(words.contains(" fractional values were rounded"), "{words}");
    assert_eq!(rounded.obs, plain.obs);
    let Some(UnsValue::Int(n)) = rounded.uns["morula_counts"].get("rounded_values") else {
        panic!("{:?}", rounded.uns["morula_counts"])
    };
    assert!((20..100).contains(n), "{n}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_input() {
    let sandbox = Sandbox::new();
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status();
    assert!(made.unwrap().success());
    sandbox.refuses("inspect pipe", 1, &["pipe", "not a regular file"]);
    sandbox.refuses("cluster pipe --out out.h5ad", 1, &["pipe", "not a regular file"]);
}
