//! Clusters of cells by their nearest cells in several views.

use std::path::Path;

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor, TensorData};
use morula_preprocess::{Neighbors, kneighbors};
use serde::{Deserialize, Serialize};

use crate::views::NEIGHBORHOOD;
use crate::{Matrix, ModelError, Result, weights};

/// The cells of a fit with their clusters, who vote on the cluster of any cell.
///
/// In every view the 15 nearest cells vote, a cell of the fit itself among them. A small cluster
/// cannot fill 15 places, so what counts is the share it takes of those it could:
///
/// `p_ik ~ sum_v (1 / min(15, n_k)) sum_{j in N_v(i)} [j in k]`, rows summing to 1.
#[derive(Debug, Clone)]
pub(crate) struct Votes {
    views: Vec<Matrix>,
    labels: Vec<usize>,
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
}

impl Votes {
    /// Takes the views of the cells, their neighbours there, and their clusters below
    /// `n_clusters`; with the probabilities of these cells.
    pub fn fit(
        views: Vec<Matrix>,
        found: &[Neighbors],
        labels: Vec<usize>,
        n_clusters: usize,
    ) -> (Self, Matrix) {
        let votes = Self::new(views, labels, n_clusters);
        let proba = votes.count(votes.labels.len(), found, true);
        (votes, proba)
    }

    fn new(views: Vec<Matrix>, labels: Vec<usize>, n_clusters: usize) -> Self {
        let mut sizes = vec![0; n_clusters];
        labels.iter().for_each(|&k| sizes[k] += 1);
        Self { views, labels, sizes }
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
        for (i, row) in proba.chunks_mut(k.max(1)).enumerate() {
            let near = found.iter().flat_map(|v| &v.indices[i * v.k..(i + 1) * v.k]);
            near.for_each(|&j| row[self.labels[j as usize]] += weight[self.labels[j as usize]]);
            if own {
                row[self.labels[i]] += found.len() as f32 * weight[self.labels[i]];
            }
            let total: f32 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= total.max(f32::MIN_POSITIVE));
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
            sizes.n_cells as f64 * (1.0 + sizes.dims.iter().map(|&d| d as f64).sum::<f64>());
        // Four bytes a number, and a header: refused before memory is asked for.
        if numbers * 4.0 > bytes || sizes.n_clusters > sizes.n_cells {
            return refuse(format!("it has {bytes} bytes, which does not fit {sizes:?}"));
        }
        let n = sizes.n_cells;
        let empty = |&d: &usize| Param::from_tensor(Tensor::zeros([n, d], device));
        let mut stored = Stored {
            views: sizes.dims.iter().map(empty).collect(),
            labels: Param::initialized(ParamId::new(), Tensor::<1, Int>::zeros([n], device)),
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
        let label = |k: i64| usize::try_from(k).ok().filter(|&k| k < sizes.n_clusters);
        match labels.into_iter().map(label).collect::<Option<Vec<_>>>() {
            Some(labels) => Ok(Self::new(views, labels, sizes.n_clusters)),
            None => refuse("a cell is in a cluster that there is not".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::neighborhoods;

    /// 20 cells at 0 to 19 and 2 cells far away, in two views.
    fn cells() -> (Votes, Matrix) {
        let x: Vec<f32> = (0..20).map(|i| i as f32).chain([200.0, 201.0]).collect();
        let view = Matrix::new(x, 1);
        let views = vec![view.clone(), view];
        let found = neighborhoods(&views).unwrap();
        let labels = [vec![0; 20], vec![1; 2]].concat();
        Votes::fit(views, &found, labels, 2)
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
        assert_eq!((&again.views, &again.labels), (&votes.views, &votes.labels));
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
