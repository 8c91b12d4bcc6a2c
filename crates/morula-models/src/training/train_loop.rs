//! The loop over epochs. It calls the observer, writes checkpoints and stops.

use std::path::Path;

use crate::{EpochRecord, FitOptions, ModelError, Result};

/// The state of training. With the parameters and the data it is enough to resume.
pub(crate) trait TrainState: Sized {
    /// Records of the epochs done.
    fn history(&self) -> &[EpochRecord];

    /// Writes the state into a checkpoint folder.
    fn save(&self, folder: &Path) -> Result<()>;

    /// Runs the next epoch.
    fn epoch(self) -> Result<Self>;
}

/// Runs epochs until `epochs` are done.
///
/// # Errors
/// [`ModelError::Interrupted`] when the observer stops before the last epoch.
pub(crate) fn run<S: TrainState>(
    mut state: S,
    epochs: usize,
    options: &mut FitOptions<'_>,
) -> Result<S> {
    while state.history().len() < epochs {
        state = state.epoch()?;
        let done = state.history().len();
        let stop = match (state.history().last(), &mut options.observer) {
            (Some(record), Some(observer)) => observer.on_epoch(record, epochs).is_break(),
            _ => false,
        };
        let folder = match &options.checkpoint {
            Some(to) if stop || done.is_multiple_of(to.every.max(1)) || done == epochs => {
                state.save(&to.folder)?;
                Some(to.folder.clone())
            }
            _ => None,
        };
        if stop && done < epochs {
            return Err(ModelError::Interrupted { epoch: done, epochs, checkpoint: folder });
        }
    }
    Ok(state)
}
