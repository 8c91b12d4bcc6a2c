//! Observers of a fit, which can stop it.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// Losses of one epoch, each the mean over its batches, before weighting.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch from 1, counted over all stages.
    pub epoch: usize,
    /// Stage of training.
    pub stage: String,
    /// Learning rate.
    pub learning_rate: f64,
    /// Weighted sum of the terms, which training minimises.
    pub total: f32,
    /// Terms by name, unweighted, in a fixed order.
    pub terms: Vec<(String, f32)>,
}

/// Called after every epoch; may stop the fit.
///
/// Any `FnMut(&EpochRecord, usize) -> ControlFlow<()>` is an observer. The second argument is the
/// number of epochs of the fit.
pub trait Observer {
    /// Called after every epoch. `Break` stops the fit after a checkpoint is written.
    fn on_epoch(&mut self, record: &EpochRecord, epochs: usize) -> ControlFlow<()>;

    /// Called when a checkpoint cannot be written, for example on a full disk. The fit goes on, and
    /// the next checkpoint is tried again.
    fn on_checkpoint_error(&mut self, error: &ModelError) {
        let _ = error;
    }
}

impl<F: FnMut(&EpochRecord, usize) -> ControlFlow<()>> Observer for F {
    fn on_epoch(&mut self, record: &EpochRecord, epochs: usize) -> ControlFlow<()> {
        self(record, epochs)
    }
}
