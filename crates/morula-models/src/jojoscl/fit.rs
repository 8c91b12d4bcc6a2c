//! From raw counts to a model.

use std::path::Path;

use burn::tensor::Device;
use morula_data::CountMatrix;

use super::inputs::Inputs;
use super::losses::Losses;
use super::positives::Positives;
use super::state::State;
use super::trainer::{REFRESH_N_INIT, Trainer};
use super::{JojoSclModel, JojoSclParams, checkpoint, finish};
use crate::device::device_limits;
use crate::saved::{Fingerprint, RunIdentity};
use crate::training::Setup;
use crate::training::train_loop;
use crate::{ClusterMethod, FitOptions, Result};

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
    let Setup { recipe, prepared, cells } = Setup::new(&params.recipe, params.n_clusters, counts)?;
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
    let inputs = Inputs { cells: &prepared, device: device.clone() };

    let losses = Losses::new(params, n_clusters)?;
    let trainer = Trainer { params, n_clusters, cells, losses, positives, inputs };
    let mut state = State::new(params, n_clusters, n_genes, &device);
    if let Some(saved) = &options.checkpoint
        && saved.resume
    {
        let sizes = [params.epochs, n_cells, n_clusters];
        state = checkpoint::load(&saved.folder, state, &identity, sizes, &device)?;
    }
    let epoch = |state| trainer.epoch(state);
    let save = |folder: &Path, state: &State| checkpoint::save(folder, state, &identity);
    let state = train_loop::run(state, params.epochs, &mut options, epoch, save)?;
    finish::finish(&trainer, state, recipe)
}
