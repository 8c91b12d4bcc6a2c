//! Damaged files of every format give an error or the data, never a panic.

mod common;

use common::{N, OTHERS, fixture};
use morula_data::{Additions, Column, read, read_counts, read_obs, write_h5ad_with};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::path::Path;

/// Small files of every format, and the h5ad encodings with the most parts.
fn files() -> Vec<&'static str> {
    let h5ad = ["x_csc_i8.h5ad", "x_dense_f8.h5ad", "old_06.h5ad", "old_07.h5ad", "rich.h5ad"];
    OTHERS.into_iter().filter(|f| fixture(f).is_file()).chain(h5ad).collect()
}

/// Reads a file in every way. Returns whether any way succeeds.
fn try_all(path: &Path) -> bool {
    let results = [
        read(path).map(drop).map_err(|e| e.to_string()),
        read_counts(path, None).map(drop).map_err(|e| e.to_string()),
        read_obs(path).map(drop).map_err(|e| e.to_string()),
    ];
    for error in results.iter().filter_map(|r| r.as_ref().err()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(error.contains(name), "the file is not named: {error}");
        assert!(!error.contains("cannot be decoded"), "the last resort was needed: {error}");
    }
    results.iter().any(Result::is_ok)
}

#[test]
fn truncated_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in files() {
        let bytes = fs::read(fixture(name)).unwrap();
        let path = folder.path().join(if name.contains("mtx") { "matrix.mtx" } else { "cut" });
        let step = (bytes.len() / 60).max(1);
        for length in (0..bytes.len()).step_by(step) {
            fs::write(&path, &bytes[..length]).unwrap();
            let fine = try_all(&path);
            // A table cut at the end of a line is a table; an HDF5 file states its length.
            assert!(!fine || name.starts_with("table"), "{name} cut at {length} is accepted");
        }
    }
}

#[test]
fn random_bytes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("random");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let magic: [&[u8]; 4] = [
        b"",
        b"\x89HDF\r\n\x1a\n",
        b"\x1f\x8b\x08",
        b"%%MatrixMarket matrix coordinate real general\n",
    ];
    for i in 0..200 {
        let mut bytes = magic[i % 4].to_vec();
        bytes.extend((0..rng.random_range(0..3000)).map(|_| rng.random::<u8>()));
        fs::write(&path, &bytes).unwrap();
        assert!(!try_all(&path), "{bytes:?}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let additions = Additions::new().obs("ours", Column::Float(vec![0.0; N])).uns("ours", 1);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for name in files() {
        let bytes = fs::read(fixture(name)).unwrap();
        let path = folder.path().join(if name.contains("mtx") { "matrix.mtx" } else { "flipped" });
        for case in 0..60 {
            let mut flipped = bytes.clone();
            for _ in 0..rng.random_range(1..4) {
                let at = rng.random_range(0..flipped.len());
                flipped[at] ^= rng.random_range(1..=255u8);
            }
            fs::write(&path, &flipped).unwrap();
            try_all(&path);
            if case % 6 == 0 {
                let _ = write_h5ad_with(&path, &out, &additions);
            }
        }
    }
}
