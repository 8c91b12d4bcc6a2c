//! Nested levels of clusters.

mod at;
mod build;
mod names;
mod uns;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::error::require;
use crate::{ClusterError, Result};

/// Factor between the resolutions of two levels.
pub(crate) const STEP: f64 = 2.0;

/// A level of a [`ClusterTree`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Level {
    /// Clusters whose contact is above half of the resolution are one.
    Coarse,
    /// The clusters of the fit.
    Default,
    /// The leaves: communities within the clusters at twice the resolution.
    Fine,
    /// Clusters whose contact is above this resolution are one.
    Resolution(f64),
    /// This number of clusters.
    NClusters(usize),
}

/// The clusters of a fit, the communities within them, and how they join.
///
/// The leaves are [Leiden](crate::leiden()) communities at twice the resolution gamma of the
/// clusters, in the graph without edges between clusters; parts of one or two cells join another. So
/// they are nested in the clusters. Leaves of one cluster join first, then clusters, each time the
/// pair that raises Leiden's objective most, or lowers it least: `w_ab - gamma d_a d_b / 2m`.
///
/// A cut through this tree gives any number of clusters without another fit. Groups are numbered by
/// falling size.
///
/// ```
/// use morula_cluster::{ClusterParams, Level, NClusters};
/// use morula_data::DenseMatrix;
/// use rand::{RngExt, SeedableRng};
///
/// // Three groups of 40 cells in ten dimensions.
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// let values = (0..1200).map(|v| 9.0 * (v / 400) as f32 + rng.random::<f32>());
/// let points = DenseMatrix::new(120, 10, values.collect())?;
/// let found = ClusterParams::new(NClusters::Auto).fit(&points, 0)?;
/// assert_eq!(found.tree.n_clusters(), 3);
/// let two = found.tree.cut(Level::NClusters(2))?;
/// let labels: Vec<usize> = found.leaves.iter().map(|&leaf| two[leaf]).collect();
/// assert_eq!(labels.iter().max(), Some(&1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct ClusterTree {
    /// Resolution of the clusters.
    resolution: f64,
    /// Cluster of every leaf.
    clusters: Vec<usize>,
    /// Number of cells of every leaf.
    sizes: Vec<usize>,
    /// The first merges join the leaves of each cluster, the last ones the clusters.
    merges: Vec<Merge>,
}

/// A tree in a file, whose parts may not fit.
#[derive(Deserialize)]
struct Stored {
    resolution: f64,
    clusters: Vec<usize>,
    sizes: Vec<usize>,
    merges: Vec<Merge>,
}

impl TryFrom<Stored> for ClusterTree {
    type Error = ClusterError;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::from_parts(stored.resolution, stored.clusters, stored.sizes, stored.merges)
    }
}

/// A node of a [`ClusterTree`] with two parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    /// The parts: below the number of leaves a leaf, else the merge with that number, counted on
    /// from the leaves.
    pub parts: [usize; 2],
    /// The contact `2m w_ab / (d_a d_b)`: the weight between the parts as a share of the weight
    /// expected by chance.
    pub contact: f64,
}

impl ClusterTree {
    /// A tree from its parts, as [`clusters`](Self::clusters), [`sizes`](Self::sizes) and
    /// [`merges`](Self::merges) give them.
    ///
    /// # Errors
    /// [`ClusterError::Parameter`] for parts that are no tree.
    pub fn from_parts(
        resolution: f64,
        clusters: Vec<usize>,
        sizes: Vec<usize>,
        merges: Vec<Merge>,
    ) -> Result<Self> {
        let tree = Self { resolution, clusters, sizes, merges };
        require("tree", "its parts", tree.is_sound(), "give the parts of one tree")?;
        Ok(tree)
    }

    /// Whether every node but the last is part of one later merge, and clusters are complete before
    /// they join.
    fn is_sound(&self) -> bool {
        let (n, n_merges) = (self.n_leaves(), self.merges.len());
        let mut seen = vec![false; n];
        let known = self.clusters.iter().all(|&k| {
            k < n && {
                seen[k] = true;
                true
            }
        });
        let counted = known
            && self.resolution.is_finite()
            && self.n_clusters() <= n
            && seen[..self.n_clusters().min(n)].iter().all(|seen| *seen)
            && self.sizes.len() == n
            && self.sizes.iter().all(|&size| size > 0)
            && (n_merges == 0 || (n_merges + 1 == n && n <= build::MOST));
        let mut used = vec![false; n + n_merges];
        counted
            && self.merges.iter().enumerate().all(|(i, merge)| {
                merge.contact.is_finite()
                    && merge
                        .parts
                        .iter()
                        .all(|&part| part < n + i && !std::mem::replace(&mut used[part], true))
            })
    }

    /// Number of leaves.
    pub fn n_leaves(&self) -> usize {
        self.clusters.len()
    }

    /// Number of clusters of the fit.
    pub fn n_clusters(&self) -> usize {
        self.clusters.iter().max().map_or(0, |k| k.saturating_add(1))
    }

    /// Resolution of the clusters of the fit.
    pub fn resolution(&self) -> f64 {
        self.resolution
    }

    /// Cluster of every leaf.
    pub fn clusters(&self) -> &[usize] {
        &self.clusters
    }

    /// Number of cells of every leaf.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The merges in their order.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The leaves below every node: the leaves, then the merges.
    pub fn members(&self) -> Vec<Vec<usize>> {
        let mut members: Vec<Vec<usize>> = (0..self.n_leaves()).map(|leaf| vec![leaf]).collect();
        for Merge { parts: [a, b], .. } in &self.merges {
            let both = [members[*a].as_slice(), members[*b].as_slice()].concat();
            members.push(both);
        }
        members
    }

    /// Number of cells of every node: the leaves, then the merges.
    pub fn node_sizes(&self) -> Vec<usize> {
        let mut sizes = self.sizes.clone();
        for Merge { parts: [a, b], .. } in &self.merges {
            sizes.push(sizes[*a].saturating_add(sizes[*b]));
        }
        sizes
    }

    /// The number of groups that are left when merges whose split is not supported are done, from
    /// the leaves up: a split above a supported one stays. `supported` has a value for every merge;
    /// missing ones are not supported.
    pub fn n_supported(&self, supported: &[bool]) -> usize {
        if self.merges.is_empty() {
            return self.n_leaves().min(1);
        }
        let mut groups = vec![1; self.n_leaves()];
        for (i, Merge { parts, .. }) in self.merges.iter().enumerate() {
            let [a, b] = parts.map(|part| groups[part]);
            let holds = a > 1 || b > 1 || supported.get(i) == Some(&true);
            groups.push(if holds { a + b } else { 1 });
        }
        groups.last().copied().unwrap_or_default()
    }

    /// The group of every leaf at a level, numbered by falling size.
    ///
    /// # Errors
    /// [`ClusterError::TooManyClusters`] beyond the number of leaves;
    /// [`ClusterError::Parameter`] for no clusters, a resolution that is not a number, or fewer
    /// clusters than leaves where the tree has too many leaves to join them.
    pub fn cut(&self, level: Level) -> Result<Vec<usize>> {
        let n_leaves = self.n_leaves();
        let joined = self.joined(level)?;
        let mut group: Vec<usize> = (0..n_leaves + self.merges.len()).collect();
        // From the last merge down, both parts take the group of their merge.
        for (i, Merge { parts, .. }) in self.merges.iter().enumerate().rev() {
            if joined[i] {
                parts.iter().for_each(|&part| group[part] = group[n_leaves + i]);
            }
        }
        // By falling size; the first leaf decides ties.
        let mut sizes = vec![0_usize; group.len()];
        group.iter().zip(&self.sizes).for_each(|(&g, &n)| sizes[g] = sizes[g].saturating_add(n));
        let mut order = group[..n_leaves].to_vec();
        order.sort_by_key(|&g| Reverse(sizes[g]));
        let mut rank = vec![None; group.len()];
        let mut next = 0..;
        order.iter().for_each(|&g| rank[g] = rank[g].or_else(|| next.next()));
        Ok(group[..n_leaves].iter().filter_map(|&g| rank[g]).collect())
    }

    /// Which merges are done at a level.
    fn joined(&self, level: Level) -> Result<Vec<bool>> {
        let n_within = self.n_leaves() - self.n_clusters();
        let first = |n: usize| (0..self.merges.len()).map(|i| i < n).collect();
        Ok(match level {
            Level::Fine => first(0),
            Level::Default => first(n_within),
            Level::Coarse => self.joined(Level::Resolution(self.resolution / STEP))?,
            Level::NClusters(n) => {
                let n_possible = self.n_leaves();
                require("n_clusters", n, n > 0 || n_possible == 0, "give at least 1")?;
                if n > n_possible {
                    return Err(ClusterError::TooManyClusters { n_asked: n, n_possible });
                }
                let n_joined = n_possible - n;
                let joins = "the tree has too many leaves to join them; give their number";
                require("n_clusters", n, n_joined <= self.merges.len(), joins)?;
                first(n_joined)
            }
            Level::Resolution(at) => {
                let finite = at >= 0.0 && at.is_finite();
                require("resolution", at, finite, "give 0 or a positive number")?;
                let mut joined: Vec<bool> = Vec::with_capacity(self.merges.len());
                for (i, Merge { parts, contact }) in self.merges.iter().enumerate() {
                    let close = match i < n_within {
                        true => at <= self.resolution || *contact > at,
                        false => at <= self.resolution && *contact > at,
                    };
                    let done =
                        |&part: &usize| part < self.n_leaves() || joined[part - self.n_leaves()];
                    let both = parts.iter().all(done);
                    joined.push(close && both);
                }
                joined
            }
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::leiden::cliques;

    /// Clusters 0 (leaves 0, 1, 2) and 1 (leaf 3) and 2 (leaf 4).
    pub fn tree() -> ClusterTree {
        let merge = |a, b, contact| Merge { parts: [a, b], contact };
        ClusterTree {
            resolution: 0.4,
            clusters: vec![0, 0, 0, 1, 2],
            sizes: vec![5, 20, 10, 30, 8],
            merges: vec![merge(1, 2, 0.9), merge(5, 0, 0.6), merge(3, 4, 0.25), merge(6, 7, 0.01)],
        }
    }

    #[test]
    fn levels_are_nested() {
        let tree = tree();
        assert_eq!((tree.n_leaves(), tree.n_clusters()), (5, 3));
        assert_eq!(tree.cut(Level::Fine).unwrap(), [4, 1, 2, 0, 3]);
        assert_eq!(tree.cut(Level::Default).unwrap(), [0, 0, 0, 1, 2]);
        assert_eq!(tree.cut(Level::Coarse).unwrap(), [1, 1, 1, 0, 0]);
        let by = |at: f64| tree.cut(Level::Resolution(at)).unwrap();
        assert_eq!(by(0.4), [0, 0, 0, 1, 2]);
        assert_eq!(by(0.7), [3, 0, 0, 1, 2]);
        assert_eq!(by(0.95), [4, 1, 2, 0, 3]);
        assert_eq!(by(0.001), [0; 5]);
        for n in 1..=5 {
            let cut = tree.cut(Level::NClusters(n)).unwrap();
            assert_eq!(cut.iter().max(), Some(&(n - 1)), "{n}");
        }
        assert_eq!(tree.members()[8], [1, 2, 0, 3, 4]);
        assert_eq!(tree.node_sizes(), [5, 20, 10, 30, 8, 30, 35, 38, 73]);
        let left = |supported: [bool; 4]| tree.n_supported(&supported);
        assert_eq!(left([false; 4]), 1);
        assert_eq!(left([false, false, false, true]), 2);
        // The splits above the one between leaf 1 and leaf 2 stay with it.
        assert_eq!(left([true, false, false, false]), 4);
        assert_eq!(left([true; 4]), 5);
    }

    #[test]
    fn cuts_that_do_not_exist_are_refused() {
        let tree = tree();
        assert!(matches!(
            tree.cut(Level::NClusters(6)),
            Err(ClusterError::TooManyClusters { n_asked: 6, n_possible: 5 })
        ));
        assert!(tree.cut(Level::NClusters(0)).is_err());
        assert!(tree.cut(Level::Resolution(f64::NAN)).is_err());
        assert!(ClusterTree::default().cut(Level::Default).unwrap().is_empty());
    }

    /// Sizes that no data has take no memory, and parts that are no tree are refused.
    #[test]
    fn parts_of_a_file_are_checked() {
        let merge = |a, b| Merge { parts: [a, b], contact: 0.5 };
        let of = |clusters: &[usize], sizes: &[usize], merges: &[Merge]| {
            ClusterTree::from_parts(0.3, clusters.to_vec(), sizes.to_vec(), merges.to_vec())
        };
        let huge = of(&[0, 1], &[usize::MAX, usize::MAX], &[merge(0, 1)]).unwrap();
        assert_eq!(huge.cut(Level::Default).unwrap(), [0, 1]);
        assert_eq!(huge.cut(Level::NClusters(1)).unwrap(), [0, 0]);
        assert!(of(&[0, usize::MAX], &[1, 1], &[]).is_err());
        assert!(of(&[0, 2], &[1, 1], &[]).is_err());
        assert!(of(&[0, 1], &[1], &[]).is_err());
        assert!(of(&[0, 1, 2], &[1; 3], &[merge(0, 1)]).is_err());
        assert!(of(&[0, 1, 2], &[1; 3], &[merge(0, 1), merge(0, 2)]).is_err());
        assert!(of(&[0, 1], &[1, 1], &[merge(0, 2)]).is_err());
        // Without merges only the leaves themselves are a cut.
        let flat = of(&[0, 1], &[3, 4], &[]).unwrap();
        assert_eq!(flat.cut(Level::NClusters(2)).unwrap(), [1, 0]);
        assert!(flat.cut(Level::NClusters(1)).is_err());
        let text = r#"{"resolution":0.3,"clusters":[7],"sizes":[1],"merges":[]}"#;
        assert!(serde_json::from_str::<ClusterTree>(text).is_err());
    }

    /// Pairs of cliques that each are one cluster.
    #[test]
    fn leaves_lie_within_clusters() {
        let graph = cliques(&[12, 12, 12, 12, 30]);
        let labels: Vec<usize> = (0..78).map(|i| (i / 24).min(2)).collect();
        let (tree, leaves) = ClusterTree::fit(&graph, &labels, 0.5, 0).unwrap();
        assert_eq!((tree.n_leaves(), tree.n_clusters()), (5, 3));
        assert!(leaves.iter().zip(&labels).all(|(&leaf, &label)| tree.clusters()[leaf] == label));
        assert_eq!(tree.merges().len(), 4);
        assert_eq!(tree.sizes().iter().sum::<usize>(), 78);
        // Within a cluster there is one edge of 133.
        let contact = tree.merges()[0].contact;
        assert!(contact > 0.0 && contact < 0.1, "{contact}");
    }

    #[test]
    fn no_cells_and_no_edges() {
        let (tree, leaves) = ClusterTree::fit(&Default::default(), &[], 0.5, 0).unwrap();
        assert_eq!((tree.n_leaves(), leaves.len()), (0, 0));
        let none = morula_data::CsrMatrix::from_dense(4, 4, &[0.0; 16]).unwrap();
        let (tree, _) = ClusterTree::fit(&none, &[0, 0, 1, 1], 0.5, 0).unwrap();
        assert_eq!((tree.n_leaves(), tree.n_clusters(), tree.merges().len()), (2, 2, 1));
        assert_eq!(tree.cut(Level::NClusters(1)).unwrap(), [0, 0]);
    }
}
