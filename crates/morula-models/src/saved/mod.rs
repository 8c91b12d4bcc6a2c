//! Models and checkpoints in folders.

mod fingerprint;
pub(crate) mod folder;
mod json;
pub(crate) mod manifest;
mod run_identity;
pub(crate) mod weights;

pub use folder::check_replaceable;

pub(crate) use fingerprint::Fingerprint;
pub(crate) use json::write_json;
pub(crate) use run_identity::{RunIdentity, damaged, open_checkpoint};
