//! Changes stored files at random and reads them, for `MORULA_FUZZ_SECONDS` seconds per target (1).
//! `MORULA_FUZZ_TARGET` names one target, `MORULA_FUZZ_SEED` the seed. An input that panics, takes
//! more than 10 s or more than 1 GB is written to the folder for temporary files.

mod common;
#[path = "fuzz/targets.rs"]
mod targets;

use common::fixture;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::io::Write;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

type Target = (&'static str, fn(&[u8]), Vec<Vec<u8>>);

fn content(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| fs::read(fixture(name)).unwrap()).collect()
}

fn targets() -> Vec<Target> {
    let h5ad = content(&[
        "x_csc_i8.h5ad",
        "x_dense_f8.h5ad",
        "old_06.h5ad",
        "old_07.h5ad",
        "rich.h5ad",
        "half.h5ad",
        "links.h5ad",
        "links_dense.h5ad",
        "loops.h5ad",
        "shared_heap.h5ad",
        "tracked_wide.h5ad",
    ]);
    let tables: [&[u8]; 6] = [
        b",a,b\nx,1,0\ny,2,3\n",
        b"# note\n\"cell\"\t\"a\"\tb\nx\t1.5\t0\ny\t1e3\tNA\n",
        b" a b\nx 1 0\ny 2 3\n",
        b"\xFF\xFE,\0a\0\n\0x\0,\x001\0\n\0",
        b"a;b\r\n1;2\r\n3;16777217\r\n",
        b"\xEF\xBB\xBF,\xe4,b\nx,1,0\n",
    ];
    let mut tables: Vec<Vec<u8>> = tables.map(<[u8]>::to_vec).to_vec();
    tables.extend(content(&["table.csv", "table.tsv.gz"]));
    let matrix: &[u8] =
        b"\"x\"\ny\n\n\0id\tname\nE1\ta\tGene Expression\nE2\t\tAntibody Capture\n\0\
        %%MatrixMarket matrix coordinate integer general\n%\n2 2 3\n1 1 4\n2 1 5\n2 2 6\n";
    let mtx = ["barcodes.tsv", "genes.tsv", "matrix.mtx"];
    let mtx = mtx.map(|name| fs::read(fixture("mtx_v2").join(name)).unwrap_or_default());
    vec![
        ("h5ad", targets::hdf5 as fn(&[u8]), h5ad),
        ("tenx_h5", targets::hdf5, content(&["tenx_v2.h5", "tenx_v3.h5"])),
        ("xy_h5", targets::hdf5, content(&["xy_ints.h5", "xy_texts.h5"])),
        ("csv", targets::table, tables),
        ("mtx", targets::matrix, vec![matrix.to_vec(), mtx.join(&0)]),
    ]
}

/// One to eight changes: bits, numbers at the ends of their range, parts moved, cut or repeated.
fn change(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng, others: &[Vec<u8>]) {
    for _ in 0..rng.random_range(1..9) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.random_range(0..bytes.len());
        let end = (at + rng.random_range(1..65)).min(bytes.len());
        match rng.random_range(0..9) {
            0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => bytes[at] = rng.random(),
            3 | 4 => {
                let ends =
                    [0, 1, 127, 255, 65_535, 1 << 31, 1 << 32, 1 << 40, u64::MAX >> 1, u64::MAX];
                let value = ends[rng.random_range(0..ends.len())].to_le_bytes();
                let n = [1, 2, 4, 8][rng.random_range(0..4)].min(bytes.len() - at);
                bytes[at..at + n].copy_from_slice(&value[..n]);
            }
            5 => {
                let part = bytes[at..end].to_vec();
                let to = rng.random_range(0..=bytes.len() - part.len());
                bytes[to..to + part.len()].copy_from_slice(&part);
            }
            6 => drop(bytes.drain(at..end)),
            7 => {
                let times =
                    if rng.random_range(0..50) == 0 { 10_000 } else { rng.random_range(1..20) };
                let part = bytes[at..end].repeat(times);
                bytes.splice(at..at, part);
                bytes.truncate(1 << 20);
            }
            _ => {
                let other = &others[rng.random_range(0..others.len())];
                let from = rng.random_range(0..other.len().max(1));
                let part = &other[from.min(other.len())..(from + end - at).min(other.len())];
                bytes.splice(at..end, part.iter().copied());
            }
        }
    }
}

/// Most memory this process has had, where the system says so.
fn peak_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) >> 10
}

#[test]
fn changed_files_are_read_or_refused() {
    let setting = |name: &str| std::env::var(name).ok();
    let seconds = setting("MORULA_FUZZ_SECONDS").and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let seed = setting("MORULA_FUZZ_SEED").and_then(|s| s.parse().ok()).unwrap_or(0);
    let only = setting("MORULA_FUZZ_TARGET");
    // The library's own panics become errors; their messages would fill the log.
    std::panic::set_hook(Box::new(|_| {}));
    let mut failures = Vec::new();
    for (name, run, corpus) in targets() {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (start, mut runs, mut slowest) = (Instant::now(), 0, Duration::ZERO);
        for stored in &corpus {
            run(stored);
        }
        while start.elapsed().as_secs_f64() < seconds {
            let mut bytes = corpus[rng.random_range(0..corpus.len())].clone();
            change(&mut bytes, &mut rng, &corpus);
            if name == "csv" && rng.random_range(0..8) == 0 {
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
                packer.write_all(&bytes).unwrap();
                bytes = packer.finish().unwrap();
            }
            let began = Instant::now();
            let panicked = catch_unwind(|| run(&bytes)).is_err();
            let took = began.elapsed();
            slowest = slowest.max(took);
            runs += 1;
            let large = peak_mb() > 1024;
            if panicked || large || took > Duration::from_secs(10) {
                let path = std::env::temp_dir().join(format!("morula-fuzz-{name}-{seed}-{runs}"));
                fs::write(&path, &bytes).unwrap();
                failures.push(format!(
                    "{}: panic {panicked}, {took:?}, peak {} MB",
                    path.display(),
                    peak_mb()
                ));
                if large || failures.len() > 9 {
                    break;
                }
            }
        }
        println!("{name}: {runs} inputs, slowest {slowest:?}, peak {} MB", peak_mb());
    }
    let _ = std::panic::take_hook();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
