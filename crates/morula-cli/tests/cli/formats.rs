//! Every input format can be clustered.

use std::path::{Path, PathBuf};

use morula::data::read;

use crate::sandbox::Sandbox;

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
fn every_format_gives_the_same_clusters() {
    let sandbox = Sandbox::new();
    let mut first = None;
    for name in &FIXTURES {
        let input = fixture(name);
        let line = ["cluster", input.to_str().unwrap(), "--out", "c.h5ad", "-k", "2", "--epochs=2"];
        let run = sandbox.run(line);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let data = read(sandbox.path("c.h5ad")).unwrap();
        let labels = data.obs.column("jojoscl").unwrap().labels();
        assert_eq!(&labels, first.get_or_insert(labels.clone()), "{name}");
        assert_eq!(data.obs.column("label").is_ok(), name.starts_with("xy"), "{name}");
    }
}
