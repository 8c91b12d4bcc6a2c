//! A whole fit of JojoSCL, 512 cells, on every device: 512 steps at constant memory, and the same clusters.

use std::ops::ControlFlow;

use crate::devices::{devices, say};
use crate::{alone, fits};
use morula_metrics::evaluate;
use morula_models::{ClusterModel, Device, EpochRecord, FitOptions, ModelParams};

/// Epochs of 16 steps.
const EPOCHS: usize = 32;
/// Agreement of the clusters of two devices (adjusted Rand index).
const AGREEMENT: f64 = 0.98;
/// Growth allowed from the second quarter of the steps to the last, in bytes.
const GROWTH: u64 = 4 << 20;

/// Bytes held by the process, where the system tells.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| {
        text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok())
    });
    pages.unwrap_or_default() * 4096
}

/// Bytes that the device's allocator has reserved; GPUs only.
fn reserved(device: &Device) -> u64 {
    device.memory_pool_usage().map_or(0, |usage| usage.bytes_reserved)
}

#[test]
fn long_training_takes_no_more_memory_and_finds_the_same_clusters() {
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

        let largest = |epochs: std::ops::Range<usize>, of: usize| {
            memory[epochs].iter().map(|bytes| bytes[of]).max().unwrap_or_default()
        };
        let growth = [0, 1].map(|of| {
            largest(EPOCHS / 2..EPOCHS, of).saturating_sub(largest(EPOCHS / 4..EPOCHS / 2, of))
        });
        let [process, device] = memory[EPOCHS - 1].map(|bytes| bytes >> 20);
        let found = evaluate(&truth, &labels).unwrap().ari;
        say(&format!(
            "end to end on {}: {seconds:.0} s, ARI {found:.3} with the truth, {process} MB resident, \
             {device} MB reserved, grown by {} and {} KB",
            on.name,
            growth[0] >> 10,
            growth[1] >> 10,
        ));
        assert!(growth.iter().all(|&bytes| bytes <= GROWTH), "{}", on.name);
        assert!(found > 0.9, "{}: clusters are found", on.name);
        let expected = expected.get_or_insert_with(|| labels.clone());
        let agreement = evaluate(expected, &labels).unwrap().ari;
        assert!(agreement >= AGREEMENT, "{}: agreement {agreement}", on.name);
    }
}
