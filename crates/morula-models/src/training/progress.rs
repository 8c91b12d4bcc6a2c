//! Observing a fit, and stopping it.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

/// Losses of one epoch, each the mean over its batches, before weighting.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, from 1, counted through all stages.
    pub epoch: usize,
    /// Stage of training that it belongs to.
    pub stage: String,
    /// Learning rate.
    pub learning_rate: f64,
    /// Weighted sum of the terms, which is minimised.
    pub total: f32,
    /// Terms by name, unweighted, in a fixed order.
    pub terms: Vec<(String, f32)>,
}

/// Is called after every epoch, and may stop the fit.
///
/// Any `FnMut(&EpochRecord, usize) -> ControlFlow<()>` is an observer; the second argument is the
/// number of epochs asked for.
pub trait Observer {
    /// Called after every epoch. `Break` stops the fit after writing a checkpoint.
    fn on_epoch(&mut self, record: &EpochRecord, epochs: usize) -> ControlFlow<()>;
}

impl<F: FnMut(&EpochRecord, usize) -> ControlFlow<()>> Observer for F {
    fn on_epoch(&mut self, record: &EpochRecord, epochs: usize) -> ControlFlow<()> {
        self(record, epochs)
    }
}
