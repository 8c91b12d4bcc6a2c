//! Changed models and checkpoints load or are refused. `morula_testing::fuzz::run` says how it is
//! set.

#[path = "suite/common/seal.rs"]
mod seal;
#[path = "suite/common/small.rs"]
mod small;
#[path = "fuzz/targets.rs"]
mod targets;

use morula_testing::fuzz::{Target, run};
use targets::{checkpoint, checkpoint_folder, corpus, model, model_folder};

/// A record of an optimizer whose tensors have lost their parameters: Burn panicked.
const LOST: &[u8] = include_bytes!("fuzz/optimizer_without_parameters");

#[test]
fn changed_models_and_checkpoints_load_or_are_refused() {
    run(vec![
        Target::new("model", model, corpus(model_folder)),
        Target::new(
            "checkpoint",
            checkpoint,
            [corpus(checkpoint_folder), vec![LOST.to_vec()]].concat(),
        ),
    ]);
}
