//! From raw counts to a model.

use std::path::Path;

use burn::tensor::Device;
use morula_cluster::representations::CellGraph;
use morula_data::{CountMatrix, DenseMatrix};

use super::inputs::{Components, Genes, Inputs, Parts};
use super::losses::Losses;
use super::positives::Positives;
use super::state::State;
use super::trainer::{REFRESH_N_INIT, Trainer};
use super::{Input, JojoSclModel, JojoSclParams, checkpoint, finish};
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
    let setup = match params.input {
        Input::Components => Setup::with_features,
        Input::Genes => Setup::new,
    };
    let setup = setup(&params.recipe, params.n_clusters, counts)?;
    let Setup { recipe, prepared, cells, features } = setup;
    let (features, x) = features.unzip();
    let n_cells = prepared.n_cells();
    let d_input = x.as_ref().map_or(prepared.n_genes, DenseMatrix::n_cols);
    device_limits::check(&device, &params.tensors(n_cells, d_input))?;
    let data = Fingerprint::new(counts, &recipe, &prepared);
    let identity = RunIdentity::new(JojoSclModel::NAME, data, params);
    let n_clusters = training_clusters(params, &cells)?;
    // The method `communities` uses K-means only for the memberships in training.
    let n_init = match params.cluster_method {
        ClusterMethod::Communities => REFRESH_N_INIT,
        _ => params.n_init.max(REFRESH_N_INIT),
    };
    let most = n_clusters.max(params.n_clusters.given().unwrap_or(1));
    params.cluster_method.check(&device, n_cells, most, n_init)?;
    let positives = Positives::fit(params, &cells)?;
    let inputs = match (&features, x) {
        (Some(features), Some(x)) => {
            let visits = params.visits(n_cells);
            let parts = Parts {
                pairs: Parts::draw(features, &prepared, visits, params.seed)?,
                around: positives.means(&x),
            };
            Inputs::Components(Components { x, parts, device: device.clone() })
        }
        _ => Inputs::Genes(Genes::new(params, &prepared, device.clone())),
    };

    let losses = Losses::new(params, n_clusters)?;
    let trainer =
        Trainer { params, prepared: &prepared, n_clusters, cells, losses, positives, inputs };
    let mut state = State::new(params, n_clusters, d_input, &device);
    if let Some(saved) = &options.checkpoint
        && saved.resume
    {
        let sizes = [params.epochs, n_cells, n_clusters];
        state = checkpoint::load(&saved.folder, state, &identity, sizes, &device)?;
    }
    let epoch = |state| trainer.epoch(state);
    let save = |folder: &Path, state: &State| checkpoint::save(folder, state, &identity);
    let state = train_loop::run(state, params.epochs, &mut options, epoch, save)?;
    finish::finish(&trainer, state, recipe, features)
}

/// The number of clusters in training; 1 where no term of the loss uses clusters.
fn training_clusters(params: &JojoSclParams, cells: &CellGraph) -> Result<usize> {
    if params.cluster_weight == 0.0 && params.shrinkage_weight == 0.0 {
        return Ok(1);
    }
    let asked = params.cluster_method.training_clusters(params.n_clusters);
    Ok(cells.n_clusters(asked, params.seed)?)
}
