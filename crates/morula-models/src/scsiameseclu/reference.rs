//! The cells of a fit as a reference: their embedding, and that of new cells ([3.9]).
//!
//! [3.9]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-9

use std::path::Path;

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor, TensorData};
use morula_cluster::representations::ExpressionViews;
use morula_core::graph::{Diffusion, Graph, Propagator, SparseTensor};
use morula_data::DenseMatrix;
use serde::{Deserialize, Serialize};

use super::ScSiameseCluParams;
use super::network::{Network, Views, keys};
use super::spaces::Spaces;
use crate::device::{device_limits, read_matrix, upload};
use crate::saved::weights;
use crate::{ModelError, Result};

/// The cells of a fit; new cells are attached to them.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// Principal components, `[n, p]`.
    pub x: DenseMatrix,
    /// The spaces in which nearest cells are found.
    pub spaces: Spaces,
    /// The cell graph.
    pub graph: Graph,
    /// The edges that the perturbation kept.
    pub kept: Graph,
}

/// Numbers of cells, components, dimensions of the spaces, and edges: the shapes in the file of a
/// [`Reference`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sizes {
    pub cells: usize,
    pub components: usize,
    pub spaces: Vec<usize>,
    pub edges: usize,
    pub kept: usize,
}

impl Sizes {
    /// Refuses sizes larger than the file, before memory is allocated for them.
    fn check(&self, path: &Path) -> Result<()> {
        let io = |source| ModelError::Io { path: path.into(), source };
        let bytes = std::fs::metadata(path).map_err(io)?.len() as f64;
        let widths = self.spaces.iter().chain([&self.components]);
        let numbers = self.cells as f64 * widths.map(|&d| d as f64).sum::<f64>()
            + 2.0 * (self.edges as f64 + self.kept as f64);
        // Four bytes per number, and a header.
        match numbers * 4.0 <= bytes {
            true => Ok(()),
            false => Err(ModelError::Saved {
                path: path.into(),
                why: format!("it has {bytes} bytes, too few for {self:?}"),
            }),
        }
    }
}

/// A [`Reference`] as tensors, for its file.
#[derive(Module, Debug)]
struct Stored {
    x: Param<Tensor<2>>,
    spaces: Vec<Param<Tensor<2>>>,
    edges: Param<Tensor<2, Int>>,
    kept: Param<Tensor<2, Int>>,
}

impl Reference {
    pub fn sizes(&self) -> Sizes {
        Sizes {
            cells: self.x.n_rows(),
            components: self.x.n_cols(),
            spaces: self.spaces.points.iter().map(DenseMatrix::n_cols).collect(),
            edges: self.graph.n_edges(),
            kept: self.kept.n_edges(),
        }
    }

    /// Embedding of new cells with components `scores`, `[m, d]`.
    ///
    /// Each new cell is attached to its `k` nearest cells of the fit, by edges from the new cell
    /// only. So no cell depends on other new cells.
    pub fn embed_new(
        &self,
        params: &ScSiameseCluParams,
        network: &Network,
        diffusion: &Diffusion,
        (k, nearest): (usize, &[u32]),
        scores: &[f32],
    ) -> Result<Tensor<2>> {
        let (n, d) = (self.x.n_rows(), self.x.n_cols());
        let device = &network.devices().into_iter().next().unwrap_or_default();
        let rows = n + scores.len() / d.max(1);
        device_limits::check(device, &params.tensors(rows, d, 0))?;
        let attached = |graph: &Graph| attach(graph, k, nearest, device);
        let along = [
            Propagator::Adjacency(attached(&self.kept)?),
            Propagator::Diffusion(attached(&self.graph)?, diffusion.clone()),
        ];
        let all = [self.x.values(), scores].concat();
        let x = Tensor::from_data(TensorData::new(all, [rows, d]), device);
        let z = embed(params, network, &x, along, n)?;
        Ok(z.narrow(0, n, rows - n))
    }

    /// Writes the cells to a file.
    pub fn save(&self, path: &Path, device: &Device) -> Result<()> {
        let edges = |graph: &Graph| {
            let pairs: Vec<i32> = graph.edges().flat_map(|(i, j)| [i as i32, j as i32]).collect();
            let n = pairs.len() / 2;
            Param::initialized(
                ParamId::new(),
                Tensor::<2, Int>::from_data(TensorData::new(pairs, [n, 2]), device),
            )
        };
        let stored = Stored {
            x: Param::from_tensor(upload(&self.x, device)),
            spaces: (self.spaces.points.iter())
                .map(|points| Param::from_tensor(upload(points, device)))
                .collect(),
            edges: edges(&self.graph),
            kept: edges(&self.kept),
        };
        weights::save(&stored, path)
    }

    /// Reads the cells. Their numbers must be those of `sizes`; `views` lead to their spaces.
    #[allow(clippy::disallowed_methods, reason = "no training waits")]
    pub fn load(
        path: &Path,
        sizes: &Sizes,
        views: Option<Box<ExpressionViews>>,
        device: &Device,
    ) -> Result<Self> {
        sizes.check(path)?;
        let pairs = |n| Param::initialized(ParamId::new(), Tensor::<2, Int>::zeros([n, 2], device));
        let cells = |d| Param::from_tensor(Tensor::zeros([sizes.cells, d], device));
        let mut stored = Stored {
            x: cells(sizes.components),
            spaces: sizes.spaces.iter().copied().map(cells).collect(),
            edges: pairs(sizes.edges),
            kept: pairs(sizes.kept),
        };
        weights::load(&mut stored, path)?;
        let graph = |pairs: Tensor<2, Int>| {
            let pairs = pairs.try_into_vec_as::<i64>().map_err(|e| ModelError::Read {
                what: "the edges of the cell graph",
                why: e.to_string(),
            })?;
            let damaged = || ModelError::Saved {
                path: path.into(),
                why: "an edge of the cell graph leads to no cell".into(),
            };
            let node = |i: i64| usize::try_from(i).map_err(|_| damaged());
            let edges = pairs.chunks(2).map(|p| Ok((node(p[0])?, node(p[1])?)));
            let edges = edges.collect::<Result<Vec<_>>>()?;
            Graph::from_edges(sizes.cells, edges).map_err(|_| damaged())
        };
        let cells = |cells: &Param<Tensor<2>>| read_matrix(cells.val(), "the reference cells");
        let points = stored.spaces.iter().map(cells).collect::<Result<_>>()?;
        Ok(Self {
            x: cells(&stored.x)?,
            spaces: Spaces { views, points },
            graph: graph(stored.edges.val())?,
            kept: graph(stored.kept.val())?,
        })
    }
}

/// The operators of the graph views: the perturbed graph and the diffusion.
pub(super) fn along(
    graph: &Graph,
    kept: &Graph,
    diffusion: &Diffusion,
    device: &Device,
) -> [Propagator; 2] {
    [
        Propagator::Adjacency(kept.propagation(device)),
        Propagator::Diffusion(graph.propagation(device), diffusion.clone()),
    ]
}

/// The embedding of cells `x` `[n, p]`; cells attend only to the first `n_known`.
pub(super) fn embed(
    params: &ScSiameseCluParams,
    network: &Network,
    x: &Tensor<2>,
    along: [Propagator; 2],
    n_known: usize,
) -> Result<Tensor<2>> {
    let views = Views { x: [x.clone(), x.clone()], along };
    let encoded = network.encode(&views);
    let keys = keys(params, n_known, x.dims()[0], &x.device())?;
    Ok(network.fuse(params, &encoded, &views.along[0], keys))
}

/// The normalised adjacency of `graph` with new nodes after its own, each with edges to `k` of its
/// nodes: `S_ij = 1 / sqrt(d_i d_j)`, degrees counting the node itself. The rows of the graph's own
/// nodes do not change.
fn attach(graph: &Graph, k: usize, neighbors: &[u32], device: &Device) -> Result<SparseTensor> {
    let n = graph.n_nodes();
    let m = neighbors.len().checked_div(k).unwrap_or_default();
    let degree = |i: usize| (graph.neighbors(i).len() + 1) as f64;
    let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        let mut row: Vec<u32> = graph.neighbors(i).to_vec();
        row.push(i as u32);
        row.sort_unstable();
        values.extend(row.iter().map(|&j| (degree(i) * degree(j as usize)).sqrt().recip()));
        indices.extend(row);
        indptr.push(indices.len());
    }
    let own = (k + 1) as f64;
    for (new, known) in neighbors.chunks(k.max(1)).enumerate() {
        let mut known = known.to_vec();
        known.sort_unstable();
        values.extend(known.iter().map(|&j| (own * degree(j as usize)).sqrt().recip()));
        indices.extend(known);
        values.push(own.recip());
        indices.push((n + new) as u32);
        indptr.push(indices.len());
    }
    Ok(SparseTensor::new(n + m, n + m, &indptr, &indices, &values, device)?)
}
