#![no_main]

#[path = "../../crates/morula-models/tests/suite/common/seal.rs"]
#[allow(dead_code)]
mod seal;
#[path = "../../crates/morula-models/tests/suite/common/small.rs"]
mod small;
#[path = "../../crates/morula-models/tests/fuzz/targets.rs"]
#[allow(dead_code)]
mod targets;

// libFuzzer's hook aborts at every panic, and the library makes errors of Burn's. A panic that leaves
// the target still aborts.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| targets::model(bytes)
);
