//! Clusters of cells by their nearest cells in several views.

use std::path::Path;

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor, TensorData};
use morula_preprocess::{Neighbors, kneighbors};
use serde::{Deserialize, Serialize};

use crate::cluster::Communities;
use crate::expression::{NEIGHBORHOOD, Surroundings};
use crate::{Matrix, ModelError, Result, read, weights};

/// The cells of a fit with their clusters, who vote on the cluster of any cell.
///
/// In every view the 15 nearest cells vote, a cell of the fit itself among them. A small cluster
/// cannot fill 15 places, so what counts is the share it takes of those it could:
///
/// `v_ik ~ sum_v (1 / min(15, n_k)) sum_{j in N_v(i)} [j in k]`, rows summing to 1.
///
/// Neighbours may be of one mind and yet wrong: about a cluster that might as well have been split
/// or joined to another. So votes count as far as the clusters of those who won them are found
/// again ([`Communities::stability`]), and the rest says nothing:
///
/// `p_ik = c_i v_ik + (1 - c_i) / K`, c_i: the mean stability of the voters for the most likely k.
#[derive(Debug, Clone)]
pub(crate) struct Votes {
    views: Vec<Matrix>,
    labels: Vec<usize>,
    /// How well the cluster of every cell is found again, 0 to 1.
    stability: Vec<f32>,
    /// Cells per cluster.
    sizes: Vec<usize>,
}

/// The shapes in the file of [`Votes`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sizes {
    n_cells: usize,
    dims: Vec<usize>,
    n_clusters: usize,
}

impl Sizes {
    /// Dimensions of the views.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }
}

/// [`Votes`] as tensors, for their file.
#[derive(Module, Debug)]
struct Stored {
    views: Vec<Param<Tensor<2>>>,
    labels: Param<Tensor<1, Int>>,
    stability: Param<Tensor<1>>,
}

impl Votes {
    /// Takes the cells and their clusters; with their probabilities.
    pub fn fit(cells: Surroundings, clusters: Communities) -> (Self, Matrix) {
        let Communities { labels, n_clusters, stability, .. } = clusters;
        let votes = Self::new(cells.views, (labels, stability), n_clusters);
        let proba = votes.count(votes.labels.len(), &cells.found, true);
        (votes, proba)
    }

    fn new(
        views: Vec<Matrix>,
        (labels, stability): (Vec<usize>, Vec<f32>),
        n_clusters: usize,
    ) -> Self {
        let mut sizes = vec![0; n_clusters];
        labels.iter().for_each(|&k| sizes[k] += 1);
        Self { views, labels, stability, sizes }
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.sizes.len()
    }

    /// Probabilities of cells from their views, `[m, K]`.
    pub fn proba(&self, views: &[Matrix]) -> Result<Matrix> {
        let found = self.views.iter().zip(views).map(|(points, queries)| {
            Ok(kneighbors(queries.values(), points.values(), points.n_cols(), NEIGHBORHOOD)?)
        });
        let found = found.collect::<Result<Vec<_>>>()?;
        Ok(self.count(views.first().map_or(0, Matrix::n_rows), &found, false))
    }

    /// Counts the votes; `own`: each cell is a voter too, who is not among its neighbours.
    fn count(&self, n_cells: usize, found: &[Neighbors], own: bool) -> Matrix {
        let k = self.n_clusters();
        let weight: Vec<f32> =
            self.sizes.iter().map(|&size| 1.0 / size.clamp(1, NEIGHBORHOOD) as f32).collect();
        let mut proba = vec![0.0; n_cells * k];
        // Votes and the stability of those who cast them.
        let mut cast = vec![[0.0_f32; 2]; k];
        for (i, row) in proba.chunks_mut(k.max(1)).enumerate() {
            cast.fill([0.0; 2]);
            let itself = if own { found.len() } else { 0 };
            let near = found.iter().flat_map(|v| &v.indices[i * v.k..(i + 1) * v.k]);
            let voters = near.map(|&j| j as usize).chain(std::iter::repeat_n(i, itself));
            for j in voters {
                let [votes, stability] = &mut cast[self.labels[j]];
                *votes += weight[self.labels[j]];
                *stability += weight[self.labels[j]] * self.stability[j];
            }
            let total: f32 = cast.iter().map(|c| c[0]).sum();
            let most = cast.iter().copied().reduce(|a, b| if b[0] > a[0] { b } else { a });
            let [votes, stability] = most.unwrap_or_default();
            let trust = stability / votes.max(f32::MIN_POSITIVE);
            for (p, [votes, _]) in row.iter_mut().zip(&cast) {
                *p = trust * votes / total.max(f32::MIN_POSITIVE) + (1.0 - trust) / k as f32;
            }
        }
        Matrix::new(proba, k)
    }

    /// The shapes of its file.
    pub fn file_sizes(&self) -> Sizes {
        Sizes {
            n_cells: self.labels.len(),
            dims: self.views.iter().map(Matrix::n_cols).collect(),
            n_clusters: self.n_clusters(),
        }
    }

    /// Writes the voters.
    pub fn save(&self, path: &Path, device: &Device) -> Result<()> {
        let labels: Vec<i32> = self.labels.iter().map(|&k| k as i32).collect();
        let labels = TensorData::new(labels, [self.labels.len()]);
        let stored = Stored {
            views: self.views.iter().map(|v| Param::from_tensor(v.to_tensor(device))).collect(),
            labels: Param::initialized(ParamId::new(), Tensor::from_data(labels, device)),
            stability: Param::from_tensor(Tensor::from_floats(self.stability.as_slice(), device)),
        };
        weights::save(&stored, path)
    }

    /// Reads the voters, whose numbers must be those of `sizes`.
    #[allow(clippy::disallowed_methods, reason = "no training waits")]
    pub fn load(path: &Path, sizes: &Sizes, device: &Device) -> Result<Self> {
        let refuse = |why: String| Err(ModelError::Saved { path: path.into(), why });
        let io = |source| ModelError::Io { path: path.into(), source };
        let bytes = std::fs::metadata(path).map_err(io)?.len() as f64;
        let numbers =
            sizes.n_cells as f64 * (2.0 + sizes.dims.iter().map(|&d| d as f64).sum::<f64>());
        // Four bytes a number, and a header: refused before memory is asked for.
        if numbers * 4.0 > bytes || sizes.n_clusters > sizes.n_cells {
            return refuse(format!("it has {bytes} bytes, which does not fit {sizes:?}"));
        }
        let n = sizes.n_cells;
        let empty = |&d: &usize| Param::from_tensor(Tensor::zeros([n, d], device));
        let mut stored = Stored {
            views: sizes.dims.iter().map(empty).collect(),
            labels: Param::initialized(ParamId::new(), Tensor::<1, Int>::zeros([n], device)),
            stability: Param::from_tensor(Tensor::zeros([n], device)),
        };
        weights::load(&mut stored, path)?;
        let labels = stored.labels.val().try_into_vec_as::<i64>();
        let labels = labels.map_err(|e| ModelError::Read {
            what: "the clusters of the cells",
            why: e.to_string(),
        })?;
        let views = stored.views.iter().map(|v| Matrix::read(v.val(), "the views of the cells"));
        let views = views.collect::<Result<Vec<_>>>()?;
        if views.iter().any(|v| v.values().iter().any(|x| !x.is_finite())) {
            return refuse("a view of a cell is not finite".into());
        }
        let stability = read(stored.stability.val(), "the stability of the clusters")?;
        if stability.iter().any(|s| !(0.0..=1.0).contains(s)) {
            return refuse("the stability of a cluster is not between 0 and 1".into());
        }
        let label = |k: i64| usize::try_from(k).ok().filter(|&k| k < sizes.n_clusters);
        match labels.into_iter().map(label).collect::<Option<Vec<_>>>() {
            Some(labels) => Ok(Self::new(views, (labels, stability), sizes.n_clusters)),
            None => refuse("a cell is in a cluster that there is not".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::tests::surroundings;

    fn clusters(stability: f32) -> Communities {
        let labels = [vec![0; 20], vec![1; 2]].concat();
        let evidence = Default::default();
        Communities { labels, n_clusters: 2, stability: vec![stability; 22], evidence }
    }

    /// 20 cells at 0 to 19 and 2 cells far away, in two views.
    fn cells() -> (Votes, Matrix) {
        let x: Vec<f32> = (0..20).map(|i| i as f32).chain([200.0, 201.0]).collect();
        let view = Matrix::new(x, 1);
        let views = vec![view.clone(), view];
        Votes::fit(surroundings(views), clusters(1.0))
    }

    #[test]
    fn small_clusters_hold_their_own() {
        let (_, proba) = cells();
        for i in 0..20 {
            assert_eq!(proba.row(i), [1.0, 0.0], "{i}");
        }
        // Both places that the small cluster can fill, against 13 of 15.
        let expected = 1.0 / (1.0 + 13.0 / 15.0);
        for i in 20..22 {
            assert!((proba.row(i)[1] - expected).abs() < 1e-6, "{:?}", proba.row(i));
        }
    }

    #[test]
    fn clusters_that_are_not_found_again_leave_doubt() {
        let view = Matrix::new((0..22).map(|i| if i < 20 { 0.0 } else { 9.0 }).collect(), 1);
        let (_, proba) = Votes::fit(surroundings(vec![view]), clusters(0.5));
        assert_eq!(proba.row(0), [0.75, 0.25]);
    }

    #[test]
    fn cells_of_the_fit_get_the_same_as_new_ones() {
        let (votes, proba) = cells();
        let again = votes.proba(&votes.views).unwrap();
        for (a, b) in proba.values().iter().zip(again.values()) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn files_come_back_and_damaged_ones_are_refused() {
        let (votes, _) = cells();
        let device = Device::flex();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("votes.safetensors");
        votes.save(&path, &device).unwrap();
        let sizes = votes.file_sizes();
        let again = Votes::load(&path, &sizes, &device).unwrap();
        assert_eq!(
            (again.views, again.labels, again.stability),
            (votes.views, votes.labels, votes.stability)
        );
        for wrong in [
            Sizes { n_cells: 21, ..sizes.clone() },
            Sizes { n_cells: usize::MAX, ..sizes.clone() },
            Sizes { dims: vec![1, 2], ..sizes.clone() },
            Sizes { n_clusters: 1, ..sizes.clone() },
        ] {
            assert!(Votes::load(&path, &wrong, &device).is_err(), "{wrong:?}");
        }
    }
}
