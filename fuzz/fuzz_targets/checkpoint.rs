#![no_main]

mod saved;

libfuzzer_sys::fuzz_target!(init: saved::quietly(), |bytes: &[u8]| saved::targets::checkpoint(bytes));
