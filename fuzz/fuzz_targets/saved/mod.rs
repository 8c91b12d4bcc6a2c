//! What saved models and checkpoints are fuzzed with, as in `crates/morula-models/tests/fuzz.rs`.

#[path = "../../../crates/morula-models/tests/suite/common/seal.rs"]
#[allow(dead_code)]
mod seal;
#[path = "../../../crates/morula-models/tests/suite/common/small.rs"]
mod small;
#[path = "../../../crates/morula-models/tests/fuzz/targets.rs"]
#[allow(dead_code)]
pub mod targets;

/// libFuzzer's hook aborts at every panic, and the library makes errors of Burn's. A panic that leaves
/// a target still aborts.
pub fn quietly() {
    std::panic::set_hook(Box::new(|_| {}));
}
