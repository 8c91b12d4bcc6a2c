//! A small fit of each model. All tests on GPUs share its shapes, so kernels are tuned once.

use morula_data::CountMatrix;
use morula_models::{JojoScl, JojoSclParams, ScSiameseClu, ScSiameseCluParams};
use morula_preprocess::{RecipeParams, SimulateParams, simulate};

/// Types of the simulated cells.
pub const TYPES: usize = 4;
/// Cells of a batch, and width of most layers.
const SIZE: usize = 32;
/// Genes selected.
pub const GENES: usize = 512;

pub fn cells(cells: usize) -> (CountMatrix, Vec<usize>) {
    let strong = SimulateParams { markers: 100, fold_change: 4.0, ..SimulateParams::default() };
    let simulated = simulate(&SimulateParams { cells, types: TYPES, ..strong }).unwrap();
    (simulated.counts, simulated.types)
}

/// Cells that fit into one batch, so an epoch is one step.
pub fn one_batch() -> CountMatrix {
    cells(SIZE).0
}

fn recipe() -> RecipeParams {
    RecipeParams { n_top_genes: GENES, ..RecipeParams::default() }
}

/// Steps of `SIZE` cells. Of ten epochs, the shrinkage is active from the fourth on.
pub fn jojoscl(epochs: usize) -> JojoSclParams {
    JojoScl::params(TYPES)
        .epochs(epochs)
        .batch_size(SIZE)
        .widths(vec![2 * SIZE, SIZE])
        .projection(SIZE)
        .dropout(0.5)
        .shrinkage_warmup(0.3)
        .recipe(recipe())
}

/// Ten epochs over all four stages.
pub fn scsiameseclu() -> ScSiameseCluParams {
    ScSiameseClu::params(TYPES)
        .autoencoder_epochs(2)
        .graph_epochs(2)
        .joint_epochs(3)
        .epochs(3)
        .batch_size(SIZE)
        .components(SIZE / 2)
        .input_views(false)
        .widths(vec![SIZE, SIZE])
        .graph_widths(vec![SIZE])
        .latent(SIZE / 2)
        .neighbors(5)
        .recipe(recipe())
}
