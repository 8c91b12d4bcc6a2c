//! Models and checkpoints in folders.

mod checksums;
mod fingerprint;
pub(crate) mod folder;
pub(crate) mod manifest;
mod run_identity;
pub(crate) mod weights;

pub(crate) use fingerprint::Fingerprint;
pub(crate) use run_identity::{RunIdentity, damaged, open_checkpoint};
