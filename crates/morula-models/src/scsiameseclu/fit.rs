//! From raw counts to a model.

use std::path::Path;

use burn::tensor::Device;
use morula_core::graph::DiffusionConfig;
use morula_core::zinb::ZinbLossConfig;
use morula_data::CountMatrix;

use super::cells::Cells;
use super::losses::Losses;
use super::network::Network;
use super::projection::Projection;
use super::schedule::Schedule;
use super::state::State;
use super::trainer::Trainer;
use super::{ScSiameseCluModel, ScSiameseCluParams, checkpoint, finish};
use crate::device::device_limits;
use crate::saved::{Fingerprint, RunIdentity};
use crate::training::Setup;
use crate::training::train_loop;
use crate::{ClusterMethod, FitOptions, Result};

/// Fits a model (section 3 of its [page]).
///
/// [page]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3
pub(super) fn fit(
    params: &ScSiameseCluParams,
    counts: &CountMatrix,
    device: &Device,
    mut options: FitOptions<'_>,
) -> Result<ScSiameseCluModel> {
    let device = device.clone().inner();
    let setup = match params.input_views {
        true => Setup::with_features,
        false => Setup::new,
    };
    let Setup { recipe, mut prepared, cells: expression, features } =
        setup(&params.recipe, params.n_clusters, counts)?;
    let (n_cells, n_genes) = (prepared.n_cells(), prepared.n_genes);
    let data = Fingerprint::new(counts, &recipe, &prepared);
    let (projection, scores) = Projection::fit(params, &prepared, features)?;
    let n_comps = projection.n_comps();
    device_limits::check(&device, &params.tensors(n_cells, n_comps, n_genes))?;
    if let (Some(k), true) =
        (params.n_clusters.given(), params.cluster_method != ClusterMethod::Communities)
    {
        params.cluster_method.check(&device, n_cells, k, params.n_init)?;
    }
    let cells = Cells::new(params, &mut prepared, scores, &projection, &expression, &device)?;
    let identity = RunIdentity::new(ScSiameseCluModel::NAME, data, params);
    let trainer = Trainer {
        params,
        expression,
        schedule: Schedule::new(params, n_cells),
        losses: Losses::new(params, ZinbLossConfig::new().init()?),
        diffusion: DiffusionConfig::new().with_alpha(params.alpha).init()?,
        cells,
    };
    // Where the number of clusters is detected later, the network starts with one centroid.
    let k = params.training_clusters().given().unwrap_or(1);
    let network = Network::new(params, [k, n_comps, n_genes], &device)?;
    let mut state = State::new(network, trainer.cells.graph.clone());
    let epochs = trainer.schedule.total();
    if let Some(saved) = &options.checkpoint
        && saved.resume
    {
        let asked = params.training_clusters();
        let sizes = [epochs, n_cells];
        state = checkpoint::load(&saved.folder, state, &identity, sizes, asked, &device)?;
    }
    let epoch = |state| trainer.epoch(state);
    let save = |folder: &Path, state: &State| checkpoint::save(folder, state, &identity);
    let state = train_loop::run(state, epochs, &mut options, epoch, save)?;
    finish::finish(&trainer, state, recipe, projection, prepared)
}
