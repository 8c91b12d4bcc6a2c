//! The loop over epochs. It calls the observer, writes checkpoints and stops.

use std::path::Path;

use crate::{EpochRecord, FitOptions, ModelError, Result};

/// The state of training. With the parameters and the data it is enough to resume.
pub(crate) trait TrainState {
    /// Records of the epochs done.
    fn history(&self) -> &[EpochRecord];
}

/// Runs `epoch` until `epochs` are done; `save` writes the state into a checkpoint folder.
///
/// # Errors
/// Those of `epoch` and `save`, but an error of the system while saving is left to the observer, if
/// there is one; [`ModelError::Interrupted`] when the observer stops before the last
/// epoch.
pub(crate) fn run<S: TrainState>(
    mut state: S,
    epochs: usize,
    options: &mut FitOptions<'_>,
    epoch: impl Fn(S) -> Result<S>,
    save: impl Fn(&Path, &S) -> Result<()>,
) -> Result<S> {
    while state.history().len() < epochs {
        state = epoch(state)?;
        let done = state.history().len();
        let stop = match (state.history().last(), &mut options.observer) {
            (Some(record), Some(observer)) => observer.on_epoch(record, epochs).is_break(),
            _ => false,
        };
        let folder = match &options.checkpoint {
            Some(to) if stop || done.is_multiple_of(to.every.max(1)) || done == epochs => {
                match (save(&to.folder, &state), &mut options.observer) {
                    (Ok(()), _) => Some(to.folder.clone()),
                    // A full disk costs no epoch: the next checkpoint may succeed.
                    (Err(error), Some(observer)) if error.is_io() => {
                        observer.on_checkpoint_error(&error);
                        None
                    }
                    (Err(error), _) => return Err(error),
                }
            }
            _ => None,
        };
        if stop && done < epochs {
            return Err(ModelError::Interrupted { epoch: done, epochs, checkpoint: folder });
        }
    }
    Ok(state)
}
