//! From raw counts to a model.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use morula_data::CountMatrix;

use super::losses::Losses;
use super::positives::Positives;
use super::state::State;
use super::trainer::{REFRESH_N_INIT, Trainer};
use super::{JojoSclModel, JojoSclParams, checkpoint, finish};
use crate::device::device_limits;
use crate::saved::{Fingerprint, RunIdentity};
use crate::training::Setup;
use crate::training::train_loop::{self, TrainState};
use crate::{ClusterMethod, EpochRecord, FitOptions, Result};

/// Fits a model (section 2 of its [page]).
///
/// [page]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2
pub(super) fn fit(
    params: &JojoSclParams,
    counts: &CountMatrix,
    device: &Device,
    mut options: FitOptions<'_>,
) -> Result<JojoSclModel> {
    let device = device.clone().inner();
    let Setup { recipe, mut prepared, cells } =
        Setup::new(&params.recipe, params.n_clusters, counts)?;
    let (n_cells, n_genes) = (prepared.n_cells(), prepared.n_genes);
    device_limits::check(&device, &params.tensors(n_cells, n_genes))?;
    let data = Fingerprint::new(counts, &recipe, &prepared);
    let identity = RunIdentity::new(JojoSclModel::NAME, data, params);
    let n_clusters = cells
        .n_clusters(params.cluster_method.training_clusters(params.n_clusters), params.seed)?;
    // The method `communities` uses K-means only for the memberships in training.
    let n_init = match params.cluster_method {
        ClusterMethod::Communities => REFRESH_N_INIT,
        _ => params.n_init.max(REFRESH_N_INIT),
    };
    params.cluster_method.check(&device, n_cells, n_clusters, n_init)?;
    let positives = Positives::fit(params, &cells)?;
    let x = TensorData::new(std::mem::take(&mut prepared.x), [n_cells, n_genes]);
    let x = Tensor::<2>::from_data(x, &device);

    let losses = Losses::new(params, n_clusters)?;
    let trainer = Trainer { params, n_clusters, cells, losses, positives, x };
    let mut state = State::new(params, n_clusters, n_genes, &device);
    if let Some(saved) = &options.checkpoint
        && saved.resume
    {
        let sizes = [params.epochs, n_cells, n_clusters];
        state = checkpoint::load(&saved.folder, state, &identity, sizes, &device)?;
    }
    let training = Training { trainer: &trainer, identity: &identity, state };
    let training = train_loop::run(training, params.epochs, &mut options)?;
    finish::finish(&trainer, training.state, recipe, prepared)
}

/// A run: its constant parts, and its state.
struct Training<'a> {
    trainer: &'a Trainer<'a>,
    identity: &'a RunIdentity,
    state: State,
}

impl TrainState for Training<'_> {
    fn history(&self) -> &[EpochRecord] {
        &self.state.history
    }

    fn save(&self, folder: &Path) -> Result<()> {
        checkpoint::save(folder, &self.state, self.identity)
    }

    fn epoch(self) -> Result<Self> {
        Ok(Self { state: self.trainer.epoch(self.state)?, ..self })
    }
}
