//! A graph on which Leiden runs many times.

use leiden_rs::{GraphData, GraphDataBuilder, Leiden, LeidenConfig, LeidenOutput, QualityType};
use morula_data::CsrMatrix;

use super::LeidenParams;
use crate::error::require;
use crate::labels::by_size;
use crate::{ClusterError, Result};

/// Vertices above which a graph is large.
pub(crate) const LARGE: usize = 30_000;

/// Most rounds; a few are enough on every graph seen.
const MAX_ROUNDS: usize = 20;

/// Least gain of a round after which another follows, as a share of the objective. On a large graph
/// a few vertices at the borders keep moving for many rounds.
const GAIN: f64 = 1e-9;
const GAIN_OF_LARGE: f64 = 1e-4;

/// A graph that is read once and partitioned one or many times.
pub(crate) struct Partitioner {
    graph: GraphData,
}

impl Partitioner {
    pub fn new(graph: &CsrMatrix) -> Result<Self> {
        Self::of(graph.n_rows(), edges(graph)?)
    }

    /// Takes the edges `(i, j, weight)` between `n` vertices, each in one direction. An edge of a
    /// vertex with itself counts twice in its degree.
    pub fn of(n: usize, edges: impl Iterator<Item = (usize, usize, f32)>) -> Result<Self> {
        let mut builder = GraphDataBuilder::new(n);
        for (i, j, weight) in edges {
            not_negative("edge weight", f64::from(weight))?;
            builder.add_edge(i, j, f64::from(weight)).map_err(refused)?;
        }
        Ok(Self { graph: builder.build().map_err(refused)? })
    }

    /// One round.
    pub fn run_once(&self, resolution: f64, seed: u64) -> Result<Vec<usize>> {
        let found = round(resolution, seed).run(&self.graph).map_err(refused)?;
        Ok(by_size(found.partition.as_slice()))
    }

    pub fn run(&self, params: &LeidenParams) -> Result<Vec<usize>> {
        not_negative("resolution", params.resolution)?;
        let mut best = self.start(params.resolution, params.seed)?;
        for start in 1..params.n_init {
            let next = self.start(params.resolution, params.seed ^ ((start as u64) << 48))?;
            if next.quality > best.quality {
                best = next;
            }
        }
        Ok(by_size(best.partition.as_slice()))
    }

    /// Runs rounds until one gains little.
    fn start(&self, resolution: f64, seed: u64) -> Result<LeidenOutput> {
        let mut best = round(resolution, seed).run(&self.graph).map_err(refused)?;
        let gain = if self.graph.node_count() > LARGE { GAIN_OF_LARGE } else { GAIN };
        for r in 1..MAX_ROUNDS {
            let next = round(resolution, seed ^ ((r as u64) << 32));
            let next = next.run_with_initial_partition(&self.graph, best.partition.clone());
            let next = next.map_err(refused)?;
            let enough = best.quality + gain * best.quality.abs();
            if next.quality > best.quality {
                best = next;
            }
            if best.quality <= enough {
                break;
            }
        }
        Ok(best)
    }
}

/// One round of Leiden.
fn round(resolution: f64, seed: u64) -> Leiden {
    let config = LeidenConfig::builder()
        .quality(QualityType::RBConfiguration)
        .resolution(resolution)
        .seed(seed);
    Leiden::new(config.build())
}

/// Entries above the diagonal.
fn edges(graph: &CsrMatrix) -> Result<impl Iterator<Item = (usize, usize, f32)>> {
    let shape = format!("{} x {}", graph.n_rows(), graph.n_cols());
    require("graph", shape, graph.n_rows() == graph.n_cols(), "give a square matrix")?;
    let row = move |i| {
        let (columns, weights) = graph.row(i);
        columns.iter().zip(weights).map(move |(&j, &w)| (i, j as usize, w))
    };
    Ok((0..graph.n_rows()).flat_map(row).filter(|&(i, j, _)| j > i))
}

fn not_negative(name: &'static str, value: f64) -> Result<()> {
    require(name, value, value.is_finite() && value >= 0.0, "give 0 or a positive number")
}

/// An error that the checks above should have prevented.
fn refused(error: leiden_rs::LeidenError) -> ClusterError {
    ClusterError::Parameter {
        name: "graph",
        value: error.to_string(),
        expected: "give a graph with finite weights that are not negative",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::leiden;
    use super::*;

    /// Cliques of the given sizes in a row, each joined to the next by one edge.
    pub fn cliques(sizes: &[usize]) -> CsrMatrix {
        let n: usize = sizes.iter().sum();
        let mut dense = vec![0.0; n * n];
        let mut first = 0;
        for &size in sizes {
            for i in first..first + size {
                for j in first..first + size {
                    dense[i * n + j] = f32::from(u8::from(i != j));
                }
            }
            first += size;
            if first < n {
                dense[(first - 1) * n + first] = 1.0;
                dense[first * n + first - 1] = 1.0;
            }
        }
        CsrMatrix::from_dense(n, n, &dense).unwrap()
    }

    fn run(graph: &CsrMatrix, resolution: f64, seed: u64) -> Vec<usize> {
        leiden(graph, &LeidenParams { resolution, seed, n_init: 1 }).unwrap()
    }

    fn count(labels: &[usize]) -> usize {
        labels.iter().max().map_or(0, |k| k + 1)
    }

    #[test]
    fn two_cliques_joined_by_an_edge_are_two_clusters() {
        let graph = cliques(&[4, 6]);
        for seed in 0..5 {
            assert_eq!(run(&graph, 1.0, seed), [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
        }
    }

    #[test]
    fn a_higher_resolution_never_gives_fewer_clusters() {
        let graph = cliques(&[8; 9]);
        let counts = [0.0, 0.05, 0.5, 1.0, 4.0, 100.0].map(|r| count(&run(&graph, r, 1)));
        assert!(counts.is_sorted(), "{counts:?}");
        assert_eq!((counts[0], counts[3], counts[5]), (1, 9, 72));
    }

    #[test]
    fn heavy_edges_stay_within_clusters() {
        // A ring of four: heavy edges 0-1 and 2-3, or 1-2 and 3-0.
        let ring = |a: f32, b: f32| {
            let w = [0., a, 0., b, a, 0., b, 0., 0., b, 0., a, b, 0., a, 0.];
            run(&CsrMatrix::from_dense(4, 4, &w).unwrap(), 1.0, 0)
        };
        assert_eq!(ring(5.0, 1.0), [0, 0, 1, 1]);
        assert_eq!(ring(1.0, 5.0), [0, 1, 1, 0]);
    }

    #[test]
    fn the_same_seed_gives_the_same_clusters() {
        let graph = cliques(&[5, 3, 4, 7, 3]);
        assert_eq!(run(&graph, 2.0, 3), run(&graph, 2.0, 3));
    }

    /// The objective as documented.
    fn objective(graph: &CsrMatrix, labels: &[usize], resolution: f64) -> f64 {
        let degree: Vec<f64> =
            graph.rows().map(|(_, w)| w.iter().map(|w| f64::from(*w)).sum()).collect();
        let m: f64 = degree.iter().sum::<f64>() / 2.0;
        let of = |k: usize| {
            let inside = graph.rows().enumerate().filter(|(i, _)| labels[*i] == k);
            let twice: f64 = inside
                .flat_map(|(_, (columns, weights))| columns.iter().zip(weights))
                .filter(|(j, _)| labels[**j as usize] == k)
                .map(|(_, w)| f64::from(*w))
                .sum();
            let d: f64 = (0..labels.len()).filter(|&i| labels[i] == k).map(|i| degree[i]).sum();
            twice / 2.0 - resolution * d * d / (4.0 * m)
        };
        (0..count(labels)).map(of).sum()
    }

    /// Every partition of `n` vertices, as labels that appear in order.
    fn partitions(n: usize) -> Vec<Vec<usize>> {
        (1..n).fold(vec![vec![0]], |all, _| {
            let grow = |labels: Vec<usize>| {
                (0..=count(&labels)).map(move |k| [labels.as_slice(), &[k]].concat())
            };
            all.into_iter().flat_map(grow).collect()
        })
    }

    /// Against all 877 partitions of seven vertices with uneven weights.
    #[test]
    fn the_best_of_all_partitions_is_found() {
        let mut dense = vec![0.0; 49];
        for i in 0..7 {
            for j in 0..i {
                let weight = [0.0, 1.0, 0.2, 3.0, 0.0, 0.7][(i * i + 3 * j) % 6];
                (dense[7 * i + j], dense[7 * j + i]) = (weight, weight);
            }
        }
        let graph = CsrMatrix::from_dense(7, 7, &dense).unwrap();
        for resolution in [0.5, 1.0, 1.7] {
            let all = partitions(7);
            assert_eq!(all.len(), 877);
            let most =
                all.iter().map(|p| objective(&graph, p, resolution)).fold(f64::MIN, f64::max);
            let params = LeidenParams { resolution, seed: 4, n_init: 10 };
            let found = objective(&graph, &leiden(&graph, &params).unwrap(), resolution);
            assert!((found - most).abs() < 1e-6, "{resolution}: {found}, at best {most}");
        }
    }

    #[test]
    fn degenerate_graphs() {
        let none = CsrMatrix::from_dense(3, 3, &[0.0; 9]).unwrap();
        assert_eq!(count(&run(&none, 1.0, 0)), 3);
        assert!(run(&CsrMatrix::default(), 1.0, 0).is_empty());
        let oblong = CsrMatrix::from_dense(1, 2, &[0.0, 1.0]).unwrap();
        assert!(leiden(&oblong, &LeidenParams::default()).is_err());
        let negative = CsrMatrix::from_dense(2, 2, &[0.0, -1.0, -1.0, 0.0]).unwrap();
        assert!(leiden(&negative, &LeidenParams::default()).is_err());
        for resolution in [-1.0, f64::NAN] {
            let params = LeidenParams { resolution, ..LeidenParams::default() };
            assert!(leiden(&none, &params).is_err());
        }
    }
}
