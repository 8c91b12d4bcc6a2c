//! A whole fit of JojoSCL, 512 cells, on every device: 512 steps at constant memory, with the same
//! clusters.

use std::ops::ControlFlow;

use crate::{alone, fits};
use morula_metrics::evaluate;
use morula_models::{ClusterModel, Device, EpochRecord, FitOptions, ModelParams};
use morula_testing::devices::{devices, say};

/// Epochs of 16 steps.
const EPOCHS: usize = 32;
/// Least agreement of the clusters of two devices (adjusted Rand index).
const AGREEMENT: f64 = 0.98;
/// Most growth over the second half of the steps, in bytes.
const GROWTH: u64 = 4 << 20;

/// Resident bytes of the process, on systems that report them.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| {
        text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok())
    });
    pages.unwrap_or_default() * 4096
}

/// Bytes reserved by the device's allocator; GPUs only.
fn reserved(device: &Device) -> u64 {
    device.memory_pool_usage().map_or(0, |usage| usage.bytes_reserved)
}

/// Sum of the rises of the peak from epoch to epoch, without the largest. Leaked memory grows with
/// every step. A kernel compiled late, or an arena that the allocator opens for a thread, takes its
/// memory once.
fn growth(bytes: &[u64]) -> u64 {
    let mut peak = bytes[0];
    let rises = bytes.iter().map(|&now| {
        let rise = now.saturating_sub(peak);
        peak = peak.max(now);
        rise
    });
    let rises: Vec<u64> = rises.collect();
    rises.iter().sum::<u64>() - rises.iter().max().unwrap_or(&0)
}

#[test]
fn growth_counts_leaks_but_not_memory_taken_once() {
    let held = |at: &dyn Fn(u64) -> u64| growth(&(0..16).map(at).collect::<Vec<_>>());
    assert!(held(&|epoch| (800 << 20) + epoch * (300 << 10)) > GROWTH);
    // In pieces of a few epochs, as an allocator requests memory.
    assert!(held(&|epoch| (800 << 20) + epoch / 3 * (1100 << 10)) > GROWTH);
    assert_eq!(held(&|epoch| if epoch < 9 { 800 << 20 } else { 830 << 20 }), 0);
    assert_eq!(held(&|epoch| (800 << 20) + (epoch % 2) * (20 << 20)), 0);
}

#[test]
fn long_training_keeps_its_memory_and_finds_the_same_clusters() {
    let _alone = alone();
    let (counts, truth) = fits::cells(512);
    let mut expected: Option<Vec<usize>> = None;
    for on in devices() {
        let mut memory: Vec<[u64; 2]> = Vec::new();
        let mut observer = |_: &EpochRecord, _: usize| {
            memory.push([resident(), reserved(&on.device)]);
            ControlFlow::Continue(())
        };
        let options = FitOptions { observer: Some(&mut observer), checkpoint: None };
        let start = std::time::Instant::now();
        let model = fits::jojoscl(EPOCHS).fit_with(&counts, &on.device, options).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let labels = model.fitted().unwrap().labels.clone();

        let second_half = &memory[EPOCHS / 2..];
        let growth =
            [0, 1].map(|of| growth(&second_half.iter().map(|at| at[of]).collect::<Vec<_>>()));
        let [process, device] = memory[EPOCHS - 1].map(|bytes| bytes >> 20);
        let found = evaluate(&truth, &labels).unwrap().ari;
        say(&format!(
            "end to end on {}: {seconds:.0} s, ARI {found:.3} with the truth, {process} MB resident, \
             {device} MB reserved, grown by {} and {} KB",
            on.name,
            growth[0] >> 10,
            growth[1] >> 10,
        ));
        assert!(growth.iter().all(|&bytes| bytes <= GROWTH), "{}: {memory:?}", on.name);
        assert!(found > 0.9, "{}: clusters are found", on.name);
        let expected = expected.get_or_insert_with(|| labels.clone());
        let agreement = evaluate(expected, &labels).unwrap().ari;
        assert!(agreement >= AGREEMENT, "{}: agreement {agreement}", on.name);
    }
}
