//! The content of the files in `tests/data`, which `scripts/make_h5ad_fixtures.py` writes.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub const N: usize = 12;
pub const G: usize = 6;

/// Dense counts, row by row.
pub fn counts() -> Vec<f32> {
    let at = |i: usize, j: usize| ((i * 7 + j * 5) % 11) as f32;
    (0..N * G).map(|p| at(p / G, p % G)).map(|c| if c < 5.0 { c } else { 0.0 }).collect()
}

pub fn cell_types() -> Vec<Option<String>> {
    (0..N).map(|i| Some(["B", "T", "NK"][i % 3].to_string())).collect()
}

pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Every h5ad fixture whose X holds the counts.
pub const PLAIN: [&str; 7] = [
    "x_csr_f4.h5ad",
    "x_csr_u2.h5ad",
    "x_csc_i8.h5ad",
    "x_dense_f8.h5ad",
    "x_dense_i4.h5ad",
    "x_dense_big_endian.h5ad",
    "old_07.h5ad",
];

/// Fixtures of the other formats.
pub const OTHERS: [&str; 9] = [
    "tenx_v2.h5",
    "tenx_v3.h5",
    "mtx_v2",
    "mtx_v3",
    "mtx_v3/matrix.mtx.gz",
    "xy_ints.h5",
    "xy_texts.h5",
    "table.csv",
    "table.tsv.gz",
];

/// Unpacks a zip file among the fixtures into a folder.
pub fn unpacked(name: &str, folder: &Path) {
    let file = std::fs::File::open(fixture(name)).unwrap();
    zip::ZipArchive::new(file).unwrap().extract(folder).unwrap();
}

/// The files in a folder and below it, by their paths in it.
pub fn files_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            found.insert(name, std::fs::read(path).unwrap());
        }
    }
    found
}
