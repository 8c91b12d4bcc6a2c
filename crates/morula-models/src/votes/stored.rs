//! Voters in the file of a saved model.

use std::path::Path;

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::Votes;
use crate::{Matrix, ModelError, Result, read, weights};

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
    weights: Param<Tensor<1>>,
}

impl Votes {
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
            weights: Param::from_tensor(Tensor::from_floats(self.weights.as_slice(), device)),
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
            weights: Param::from_tensor(Tensor::zeros([sizes.n_clusters], device)),
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
        let weights = read(stored.weights.val(), "the weights of the votes")?;
        if weights.iter().any(|w| !(w.is_finite() && *w > 0.0)) {
            return refuse("the weight of a vote is not a positive number".into());
        }
        let label = |k: i64| usize::try_from(k).ok().filter(|&k| k < sizes.n_clusters);
        match labels.into_iter().map(label).collect::<Option<Vec<_>>>() {
            Some(labels) => Ok(Self { views, labels, stability, weights }),
            None => refuse("a cell is in a cluster that there is not".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::cells;
    use super::*;

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
            (again.views, again.labels, again.stability, again.weights),
            (votes.views, votes.labels, votes.stability, votes.weights)
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
