//! What a reader does with any bytes: an error or data, in little time and memory, never a panic.
//! The folder `fuzz` runs these functions with libFuzzer, and `tests/fuzz.rs` without it.

use morula_data::{
    Additions, OutputPlan, ReadOptions, UnsValue, check_output, read, read_counts,
    read_counts_with, read_obs, write_h5ad_with,
};
use std::path::Path;

/// Reads a file in every way, and writes a copy with results where that is possible.
fn everything(path: &Path) {
    let data = read(path);
    let _ = read_obs(path);
    let _ = read_counts(path, None);
    let _ = read_counts_with(path, &ReadOptions::new().transpose(true).round(true));
    let output = path.with_file_name("out.h5ad");
    let plan = OutputPlan::new().obs("ours").uns("ours");
    if check_output(path, &output, &plan).is_ok()
        && let Ok(data) = data
    {
        let ours = morula_data::Column::categorical(vec![Some("a"); data.n_obs()]);
        let map = UnsValue::map().with("k", 1);
        let _ =
            write_h5ad_with(path, &output, &Additions::new().obs("ours", ours).uns("ours", map));
    }
}

fn file(name: &str, bytes: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join(name);
    if std::fs::write(&path, bytes).is_ok() {
        everything(&path);
    }
}

/// AnnData, 10x and X/Y in HDF5.
pub fn hdf5(bytes: &[u8]) {
    file("input.h5", bytes);
}

/// A table, also gzipped.
pub fn table(bytes: &[u8]) {
    file("input.csv", bytes);
}

/// A matrix folder. A NUL separates its three files.
pub fn matrix(bytes: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let mut parts = bytes.splitn(3, |&b| b == 0);
    for name in ["barcodes.tsv", "features.tsv", "matrix.mtx"] {
        if std::fs::write(folder.path().join(name), parts.next().unwrap_or_default()).is_err() {
            return;
        }
    }
    everything(folder.path());
}
