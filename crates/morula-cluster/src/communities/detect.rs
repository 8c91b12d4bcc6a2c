//! Communities that are stable over resolutions, or a given number of them.

use morula_data::CsrMatrix;

use super::Communities;
use super::ensemble::Ensemble;
use super::merge_tree::MergeTree;
use super::split::split;
use super::stability::stability;
use super::subcluster::subcluster;
use crate::error::require;
use crate::graph::{AggregateGraph, ContractedGraph};
use crate::labels::{by_size, count};
use crate::leiden::{LARGE, LeidenParams, Partitioner};
use crate::{NClusters, Result};

/// Resolution for a graph of [`CELLS`] vertices without noise.
const RESOLUTION: f64 = 0.3;
const CELLS: f64 = 2000.0;

/// The resolution falls with this power of the number of cells.
const FALL: f64 = 0.1;

/// Resolution at which a cluster is clustered again by itself, as a share of the one without noise.
const WITHIN: f64 = 0.2;

/// Weight of the background in the resolution.
const NOISE: f64 = 4.0;

/// Highest resolution: that of modularity. Above it, Leiden splits homogeneous groups.
const HIGHEST: f64 = 1.0;

/// Highest resolution when the number of clusters is given. Fewer, larger communities are merged
/// into the right groups more often.
const HIGHEST_GIVEN: f64 = 0.6;

/// The communities of the merge tree are detected at this multiple of the resolution.
const FINENESS: f64 = 1.5;

/// Least agreement of a cut with the partitions of graphs with fewer edges at some resolution. Cuts
/// of noise into two groups or more reach 0.22 to 0.57, cuts that show types 0.75 to 1.
const EVIDENCE: f64 = 0.65;

/// Most communities of a merge tree: its best cuts take time quadratic in them. Beyond this number,
/// the communities are merged by weight alone.
const MOST: usize = 512;

/// Resolution of the communities that are the vertices of a large graph, far above all others.
const CONTRACTED: f64 = 20.0;

/// Least number of these communities per cluster that is asked for.
const PER_CLUSTER: usize = 10;

/// The work on a graph that is the same for every number of clusters.
pub(crate) struct Detection<'a> {
    graph: ContractedGraph<'a>,
    /// Vertex of every cell, if vertices are groups of cells.
    vertices: Option<Vec<usize>>,
    leiden: Partitioner,
    seed: u64,
    resolution: f64,
    fine: Vec<usize>,
    ensemble: Ensemble,
    tree: Option<MergeTree>,
    stable: Vec<usize>,
    parted: Vec<usize>,
}

impl<'a> Detection<'a> {
    /// Detects communities without a number; with one, the resolution is lower.
    ///
    /// # Errors
    /// As [`communities`](super::communities()).
    pub fn new(graph: &'a CsrMatrix, n_clusters: NClusters, seed: u64) -> Result<Self> {
        let n = graph.n_rows();
        if let Some(k) = n_clusters.given() {
            require("n_clusters", k, (1..=n.max(1)).contains(&k), "give 1 to the number of cells")?;
        }
        Self::of(graph, n > LARGE, n_clusters, seed)
    }

    fn of(graph: &'a CsrMatrix, contract: bool, n_clusters: NClusters, seed: u64) -> Result<Self> {
        let n = graph.n_rows();
        let mut leiden = Partitioner::new(graph)?;
        let vertices = contract.then(|| leiden.run_once(CONTRACTED, seed)).transpose()?;
        let least = PER_CLUSTER * n_clusters.given().unwrap_or(1);
        let vertices = vertices.filter(|vertices| count(vertices) >= least);
        let graph = match &vertices {
            None => ContractedGraph::whole(graph),
            Some(vertices) => ContractedGraph::new(graph, vertices),
        };
        if vertices.is_some() {
            leiden = Partitioner::of(graph.n_vertices(), graph.edges().map(|edge| edge.whole()))?;
        }
        let run = |resolution: f64| leiden.run(&LeidenParams { resolution, seed, n_init: 1 });
        let background = AggregateGraph::new(&graph, &run(1.0)?).background();
        let highest = n_clusters.given().map_or(HIGHEST, |_| HIGHEST_GIVEN);
        let noiseless = RESOLUTION * (n.max(1) as f64 / CELLS).powf(-FALL);
        let resolution = (noiseless + NOISE * background).min(highest);
        let fine = run(FINENESS * resolution)?;
        let ensemble = Ensemble::new(&graph, &leiden, resolution, seed)?;
        let whole = count(&fine);
        let tree = (whole <= MOST)
            .then(|| MergeTree::new(&graph, &fine, resolution, ensemble.partitions()));
        let groups = tree.as_ref().map_or_else(|| (0..whole).collect(), |tree| tree.cut(None));
        let mut stable = by_size(&joined(&fine, &groups));
        if n_clusters == NClusters::Auto && ensemble.best_agreement(&stable) < EVIDENCE {
            stable = vec![0; graph.n_vertices()];
        }
        let parted = by_size(&subcluster(&graph, &stable, WITHIN * noiseless, seed)?);
        Ok(Self { graph, vertices, leiden, seed, resolution, fine, ensemble, tree, stable, parted })
    }

    /// The communities, or `k` clusters, from 1 to the number of cells.
    ///
    /// # Errors
    /// As [`communities`](super::communities()).
    pub fn communities(&self, n_clusters: NClusters) -> Result<Communities> {
        let (labels, groups) = match n_clusters.given() {
            Some(k) if k != count(&self.parted) => {
                let labels = self.labels(k)?;
                (labels.clone(), labels)
            }
            // The parts of a group have its stability.
            _ => (self.parted.clone(), self.stable.clone()),
        };
        let partitions = self.ensemble.partitions();
        let stability =
            of_cells(&self.vertices, stability(&groups, partitions, self.graph.sizes()));
        let labels = by_size(&of_cells(&self.vertices, labels));
        let (n_clusters, resolution) = (count(&labels), self.resolution);
        let vertices = self.vertices.clone();
        Ok(Communities { labels, n_clusters, stability, resolution, vertices })
    }

    fn labels(&self, k: usize) -> Result<Vec<usize>> {
        let whole = count(&self.fine);
        if k > whole {
            let wanted = (k, self.resolution);
            let from = if count(&self.parted) <= k { &self.parted } else { &self.stable };
            let split = split(&self.graph, &self.leiden, from, wanted, self.seed);
            return Ok(by_size(&split?));
        }
        let groups = match &self.tree {
            Some(tree) => tree.cut(Some(k)),
            None => AggregateGraph::new(&self.graph, &self.fine).join(
                &vec![0; whole],
                (k, 1),
                self.resolution,
            ),
        };
        Ok(by_size(&joined(&self.fine, &groups)))
    }
}

/// The value of every cell, from those of the vertices.
fn of_cells<T: Copy>(vertices: &Option<Vec<usize>>, values: Vec<T>) -> Vec<T> {
    match vertices {
        None => values,
        Some(vertices) => vertices.iter().map(|&vertex| values[vertex]).collect(),
    }
}

/// The group of every vertex, from the groups of communities.
fn joined(communities: &[usize], groups: &[usize]) -> Vec<usize> {
    communities.iter().map(|&community| groups[community]).collect()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::communities::agreement::agreement;

    /// The graph of neighbours of points in 16 groups. Some touch where the centres are within 8, and
    /// overlap where they are within 4.
    fn groups_of_points(n: usize, within: f32) -> CsrMatrix {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let centres: Vec<f32> = (0..16 * 6).map(|_| rng.random_range(-within..within)).collect();
        let mut value = |v: usize| {
            let noise: f32 = (0..4).map(|_| rng.random_range(-1.0..1.0)).sum();
            centres[(v / 6 % 16) * 6 + v % 6] + noise
        };
        let points: Vec<f32> = (0..6 * n).map(&mut value).collect();
        morula_preprocess::neighbors(&points, 6, 14).unwrap().fuzzy_connectivities()
    }

    /// Where groups overlap, runs over groups of cells lose .6% to 1.8% of the objective of runs over
    /// cells (docs/defaults.md, large graphs).
    #[test]
    fn a_large_graph_loses_little_of_the_objective() {
        let graph = groups_of_points(LARGE + 1, 4.0);
        let n_clusters = NClusters::Auto;
        let detection = Detection::new(&graph, n_clusters, 0).unwrap();
        let vertices = detection.vertices.unwrap();
        let whole = Partitioner::new(&graph).unwrap();
        for resolution in [0.05, 0.2, 0.5, 1.0] {
            let params = LeidenParams { resolution, seed: 0, n_init: 1 };
            let of = |labels: &[usize]| {
                let groups = AggregateGraph::new(&ContractedGraph::whole(&graph), labels);
                groups.objective(resolution)
            };
            let found = detection.leiden.run(&params).unwrap();
            let found = of(&joined(&vertices, &found));
            let all = of(&whole.run(&params).unwrap());
            assert!(found > 0.98 * all, "{resolution}: {found} {all}");
        }
    }

    #[test]
    fn groups_of_cells_have_the_communities_of_cells() {
        let n = 6000;
        let graph = groups_of_points(n, 8.0);
        for n_clusters in [NClusters::Auto, NClusters::Given(16)] {
            let found = |contract| {
                let detection = Detection::of(&graph, contract, n_clusters, 0).unwrap();
                if let Some(vertices) = &detection.vertices {
                    assert!(count(vertices) < n / 4);
                }
                detection.communities(n_clusters).unwrap()
            };
            let [whole, contracted] = [false, true].map(found);
            assert_eq!(contracted, found(true));
            assert_eq!(contracted.n_clusters, whole.n_clusters);
            let agreement = agreement(&whole.labels, &contracted.labels, &vec![1; n]);
            assert!(agreement > 0.98, "{agreement}");
            let differ = whole.stability.iter().zip(&contracted.stability);
            let mean = differ.map(|(a, b)| (a - b).abs()).sum::<f32>() / n as f32;
            assert!(mean < 0.05, "{mean}");
        }
    }
}
