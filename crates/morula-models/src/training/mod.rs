//! Training, as every model needs it: preparation, batches, the loop over epochs, losses, records.

pub(crate) mod batches;
pub(crate) mod loss_terms;
mod progress;
#[cfg(test)]
pub(crate) mod seeded_weights;
mod setup;
pub(crate) mod train_loop;

pub use progress::{EpochRecord, Observer};
pub(crate) use setup::Setup;
