//! The cells of a fit: features, counts, graph, and batches of them.

use burn::tensor::{Device, Tensor, TensorData};
use morula_cluster::representations::CellGraph;
use morula_core::graph::{Diffusion, Graph, Propagator};
use morula_core::ops;
use morula_data::CsrMatrix;
use morula_preprocess::Prepared;

use super::ScSiameseCluParams;
use super::partition::Partition;
use super::projection::Projection;
use super::spaces::Spaces;
use crate::Result;

/// The cells that a model is fitted on.
pub(super) struct Cells {
    /// Principal components, `[n, p]`.
    pub x: Tensor<2>,
    /// The cell graph, built from expression alone.
    pub graph: Graph,
    /// The spaces in which its edges were found.
    pub spaces: Spaces,
    /// Counts of the selected genes.
    counts: CsrMatrix,
    size_factors: Vec<f32>,
    pub partition: Partition,
}

/// A batch of cells for the graph encoder.
pub(super) struct Neighborhood {
    /// Positions of the cells, ascending.
    pub rows: Vec<usize>,
    /// Principal components, `[b, p]`.
    pub x: Tensor<2>,
    /// Edges among these cells.
    pub graph: Graph,
    /// The operators that propagate the views: the perturbed graph, and the diffusion on S, the
    /// normalised adjacency of these cells.
    pub along: [Propagator; 2],
    /// S X, the target of the graph decoder, `[b, p]`.
    pub signal: Tensor<2>,
}

impl Cells {
    /// Takes the preprocessed cells and their components `scores`, row-major `n x p`.
    pub fn new(
        params: &ScSiameseCluParams,
        prepared: &mut Prepared,
        scores: Vec<f32>,
        projection: &Projection,
        expression: &CellGraph,
        device: &Device,
    ) -> Result<Self> {
        let n = prepared.n_cells();
        let d = projection.n_comps();
        let leading = projection.leading(&scores, params.graph_components);
        let (spaces, nearest) = Spaces::fit(params, projection, &scores, expression)?;
        Ok(Self {
            graph: Graph::from_neighbors(n, nearest.k, &nearest.indices)?,
            spaces,
            partition: Partition::new(leading.values(), leading.n_cols(), params.max_nodes),
            x: Tensor::from_data(TensorData::new(scores, [n, d]), device),
            counts: std::mem::take(&mut prepared.counts),
            size_factors: prepared.size_factors.clone(),
        })
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.size_factors.len()
    }

    /// Components of some cells, `[b, p]`.
    pub fn features(&self, rows: &[usize]) -> Tensor<2> {
        match rows.len() == self.len() {
            true => self.x.clone(),
            false => self.x.clone().select(0, ops::indices(rows, &self.x.device())),
        }
    }

    /// Counts `[b, g]` and size factors `[b]` of some cells. Counts are dense only here.
    pub fn counts(&self, rows: &[usize]) -> (Tensor<2>, Tensor<1>) {
        let device = self.x.device();
        let counts = self.counts.select_rows(rows).to_dense();
        let counts = TensorData::new(counts, [rows.len(), self.counts.n_cols()]);
        let factors: Vec<f32> = rows.iter().map(|&row| self.size_factors[row]).collect();
        let factors = TensorData::new(factors, [rows.len()]);
        (Tensor::from_data(counts, &device), Tensor::from_data(factors, &device))
    }

    /// Some cells with the edges between them. `kept` is the perturbed graph of all cells.
    pub fn neighborhood(
        &self,
        rows: Vec<usize>,
        kept: &Graph,
        diffusion: &Diffusion,
    ) -> Result<Neighborhood> {
        let device = self.x.device();
        let x = self.features(&rows);
        let (graph, kept) = match rows.len() == self.len() {
            true => (self.graph.clone(), kept.propagation(&device)),
            false => (self.graph.subgraph(&rows)?, kept.subgraph(&rows)?.propagation(&device)),
        };
        let adjacency = graph.propagation(&device);
        Ok(Neighborhood {
            signal: adjacency.matmul(x.clone()),
            along: [
                Propagator::Adjacency(kept),
                Propagator::Diffusion(adjacency, diffusion.clone()),
            ],
            rows,
            x,
            graph,
        })
    }
}
