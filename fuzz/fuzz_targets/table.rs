#![no_main]

#[allow(dead_code)]
#[path = "../../crates/morula-data/tests/fuzz/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::table(bytes));
