//! The stages of training and their epochs.

use super::ScSiameseCluParams;

/// Most cells for which every requested epoch is run. More cells make more steps per epoch, so the
/// epochs of every stage shrink in proportion and the work of a fit stays the same.
const FULL_EPOCHS_UP_TO: usize = 20_000;

/// The stages of training, in order ([3.8]).
///
/// [3.8]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-8
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The expression autoencoder alone.
    Autoencoder,
    /// The graph autoencoder alone.
    Graph,
    /// Both autoencoders, joined by the fusion, reconstruct.
    Joint,
    /// All terms: refinement, propagation regularisation and transport.
    Main,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Autoencoder, Self::Graph, Self::Joint, Self::Main];

    fn epochs(self, params: &ScSiameseCluParams) -> usize {
        match self {
            Self::Autoencoder => params.autoencoder_epochs,
            Self::Graph => params.graph_epochs,
            Self::Joint => params.joint_epochs,
            Self::Main => params.epochs,
        }
    }

    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Autoencoder => "autoencoder",
            Self::Graph => "graph",
            Self::Joint => "joint",
            Self::Main => "main",
        }
    }

    /// Adam's learning rate.
    pub fn learning_rate(self, params: &ScSiameseCluParams) -> f64 {
        match self {
            Self::Autoencoder | Self::Graph => params.pretraining_rate,
            Self::Joint => params.joint_rate,
            Self::Main => params.learning_rate,
        }
    }
}

/// Epochs of every stage for a number of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    epochs: [usize; 4],
}

impl Schedule {
    pub fn new(params: &ScSiameseCluParams, n_cells: usize) -> Self {
        let share = (FULL_EPOCHS_UP_TO as f64 / n_cells.max(1) as f64).min(1.0);
        let scaled = |asked: usize| match asked {
            0 => 0,
            _ => ((asked as f64 * share).round() as usize).max(1),
        };
        Self { epochs: Stage::ALL.map(|stage| scaled(stage.epochs(params))) }
    }

    /// Epochs of all stages.
    pub fn total(&self) -> usize {
        self.epochs.iter().sum()
    }

    /// Stage of an epoch counted from 0, and the epoch within the stage; `None` at the end.
    pub fn locate(&self, epoch: usize) -> Option<(Stage, usize)> {
        let mut left = epoch;
        for (stage, epochs) in Stage::ALL.into_iter().zip(self.epochs) {
            if left < epochs {
                return Some((stage, left));
            }
            left -= epochs;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> ScSiameseCluParams {
        ScSiameseCluParams {
            autoencoder_epochs: 3,
            graph_epochs: 0,
            joint_epochs: 2,
            epochs: 4,
            ..ScSiameseCluParams::default()
        }
    }

    #[test]
    fn stages_follow_in_order() {
        let schedule = Schedule::new(&params(), 500);
        let found: Vec<_> = (0..10).map(|e| schedule.locate(e)).collect();
        assert_eq!(schedule.total(), 9);
        assert_eq!(found[2], Some((Stage::Autoencoder, 2)));
        assert_eq!(found[3], Some((Stage::Joint, 0)));
        assert_eq!(found[8], Some((Stage::Main, 3)));
        assert_eq!(found[9], None);
    }

    #[test]
    fn many_cells_shorten_stages_but_remove_none() {
        let schedule = Schedule::new(&params(), 40_000);
        assert_eq!(schedule.epochs, [2, 0, 1, 2]);
        assert_eq!(Schedule::new(&params(), 10_000_000).epochs, [1, 0, 1, 1]);
    }
}
