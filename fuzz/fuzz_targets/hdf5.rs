#![no_main]

#[allow(dead_code)]
#[path = "../../crates/morula-data/tests/fuzz/targets.rs"]
mod targets;

// libFuzzer's hook aborts at every panic, and the reader makes errors of the library's. A panic that
// leaves the target still aborts.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| targets::hdf5(bytes)
);
