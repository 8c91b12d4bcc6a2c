//! Random changes of stored inputs, and what must hold when a reader gets them.

use std::fs;
use std::panic::{catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Longest that one input may take.
const LONGEST: Duration = Duration::from_secs(10);

/// Most memory of the process, in megabytes.
const MOST_MB: u64 = 1024;

/// What is called with bytes, and the inputs to start from.
pub struct Target {
    /// Name, as in `MORULA_FUZZ_TARGET`.
    pub name: &'static str,
    /// The function. It must not panic.
    pub run: fn(&[u8]),
    /// Stored inputs.
    pub corpus: Vec<Vec<u8>>,
    /// A last step on the changed bytes, such as packing.
    pub finish: fn(Vec<u8>, &mut ChaCha8Rng) -> Vec<u8>,
}

impl Target {
    /// A target that takes the changed bytes as they are.
    pub fn new(name: &'static str, run: fn(&[u8]), corpus: Vec<Vec<u8>>) -> Self {
        Self { name, run, corpus, finish: |bytes, _| bytes }
    }
}

/// Changes stored inputs at random and calls the targets with them, for `MORULA_FUZZ_SECONDS`
/// seconds each (1). `MORULA_FUZZ_TARGET` names one target, `MORULA_FUZZ_SEED` the seed.
/// With `MORULA_FUZZ_CORPUS`, the stored inputs are written to that folder instead, for libFuzzer.
///
/// # Panics
/// When the folder cannot be written. When an input made a target panic, took more than 10 s or brought the process above 1 GB. It is
/// written to the folder for temporary files, which the message names.
pub fn run(targets: Vec<Target>) {
    let setting = |name: &str| std::env::var(name).ok();
    let seconds = setting("MORULA_FUZZ_SECONDS").and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let seed = setting("MORULA_FUZZ_SEED").and_then(|s| s.parse().ok()).unwrap_or(0);
    let only = setting("MORULA_FUZZ_TARGET");
    if let Some(folder) = setting("MORULA_FUZZ_CORPUS") {
        return targets.iter().for_each(|target| store(target, Path::new(&folder)));
    }
    // The library's own panics become errors; their messages would fill the log.
    set_hook(Box::new(|_| {}));
    let chosen = targets.iter().filter(|t| only.as_ref().is_none_or(|only| only == t.name));
    let failures: Vec<String> = chosen.flat_map(|target| run_one(target, seconds, seed)).collect();
    let _ = take_hook();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Writes the stored inputs of a target to `FOLDER/NAME`.
fn store(target: &Target, folder: &Path) {
    let folder = folder.join(target.name);
    fs::create_dir_all(&folder).unwrap();
    for (i, bytes) in target.corpus.iter().enumerate() {
        fs::write(folder.join(i.to_string()), bytes).unwrap();
    }
}

fn run_one(target: &Target, seconds: f64, seed: u64) -> Vec<String> {
    let Target { name, run, corpus, finish } = target;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (start, mut runs, mut slowest) = (Instant::now(), 0, Duration::ZERO);
    let mut failures = Vec::new();
    // The stored inputs as they are, then changed ones.
    let mut stored = corpus.iter().cloned();
    while failures.len() < 10 {
        let bytes = match stored.next() {
            Some(bytes) => bytes,
            None if start.elapsed().as_secs_f64() < seconds => {
                let mut bytes = corpus[rng.random_range(0..corpus.len())].clone();
                change(&mut bytes, &mut rng, corpus);
                finish(bytes, &mut rng)
            }
            None => break,
        };
        let began = Instant::now();
        let panicked = catch_unwind(|| run(&bytes)).is_err();
        let took = began.elapsed();
        slowest = slowest.max(took);
        runs += 1;
        let large = peak_mb() > MOST_MB;
        if panicked || large || took > LONGEST {
            let path = std::env::temp_dir().join(format!("morula-fuzz-{name}-{seed}-{runs}"));
            let kept = fs::write(&path, &bytes).is_ok();
            failures.push(format!(
                "{} (kept: {kept}): panic {panicked}, {took:?}, peak {} MB",
                path.display(),
                peak_mb()
            ));
            if large {
                break;
            }
        }
    }
    println!("{name}: {runs} inputs, slowest {slowest:?}, peak {} MB", peak_mb());
    failures
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
