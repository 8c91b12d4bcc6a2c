#![no_main]

#[path = "../../crates/morula-models/tests/suite/common/seal.rs"]
#[allow(dead_code)]
mod seal;
#[path = "../../crates/morula-models/tests/suite/common/small.rs"]
mod small;
#[path = "../../crates/morula-models/tests/fuzz/targets.rs"]
#[allow(dead_code)]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::checkpoint(bytes));
