//! A [`KnnClassifier`] in a safetensors file.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use morula_data::DenseMatrix;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::leaves::Leaves;
use super::{Ballot, KnnClassifier};
use crate::{ClusterError, Result};

/// Shapes of the tensors in the file of a [`KnnClassifier`]. [`KnnClassifier::load`] needs them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnnSizes {
    n_cells: usize,
    dims: Vec<usize>,
    n_clusters: usize,
    /// Leaves of the tree; 0 without one.
    #[serde(default)]
    n_leaves: usize,
}

impl std::fmt::Display for KnnSizes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { n_cells, dims, n_clusters, .. } = self;
        let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
        let views = dims.join(", ");
        write!(f, "{n_cells} cells in {n_clusters} clusters, with views of {views} numbers")
    }
}

impl KnnSizes {
    /// Dimensions of the views.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn integers(values: &[usize]) -> Vec<u8> {
    values.iter().flat_map(|&v| (v as i32).to_le_bytes()).collect()
}

impl KnnClassifier {
    /// Shapes of the tensors in its file.
    pub fn sizes(&self) -> KnnSizes {
        let (n_cells, n_clusters) = (self.ballot.labels.len(), self.n_clusters());
        let n_leaves = self.leaves.as_ref().map_or(0, |leaves| leaves.clusters.len());
        KnnSizes { n_cells, dims: self.dims(), n_clusters, n_leaves }
    }

    /// Writes the tensors `views.0`, `views.1`, ... `[n, d]`, `labels` `[n]` (i32), `stability`
    /// `[n]` and `weights` `[K]` (f32); with a tree of L leaves, `leaves` `[n]` and `leaf_clusters`
    /// `[L]` (i32).
    ///
    /// # Errors
    /// [`ClusterError::Io`] when the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let n = self.ballot.labels.len();
        let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = vec![
            ("labels".into(), Dtype::I32, vec![n], integers(&self.ballot.labels)),
            ("stability".into(), Dtype::F32, vec![n], bytes(&self.ballot.stability)),
            ("weights".into(), Dtype::F32, vec![self.n_clusters()], bytes(&self.ballot.weights)),
        ];
        for (i, view) in self.views.iter().enumerate() {
            let shape = vec![view.n_rows(), view.n_cols()];
            tensors.push((format!("views.{i}"), Dtype::F32, shape, bytes(view.values())));
        }
        if let Some(Leaves { of_cell, clusters }) = &self.leaves {
            tensors.push(("leaves".into(), Dtype::I32, vec![n], integers(of_cell)));
            let shape = vec![clusters.len()];
            tensors.push(("leaf_clusters".into(), Dtype::I32, shape, integers(clusters)));
        }
        let refused = |e: safetensors::SafeTensorError| damaged(path, e);
        let views = tensors.iter().map(|(name, dtype, shape, data)| {
            Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), data).map_err(refused)?))
        });
        let file = serialize(views.collect::<Result<Vec<_>>>()?, None).map_err(refused)?;
        fs::write(path, file).map_err(|source| ClusterError::Io { path: path.into(), source })
    }

    /// Reads a classifier whose tensors have the shapes `sizes`.
    ///
    /// # Errors
    /// [`ClusterError::Io`] when the file cannot be read; [`ClusterError::Saved`] when the name,
    /// type, shape or values of a tensor are wrong.
    pub fn load(path: &Path, sizes: &KnnSizes) -> Result<Self> {
        let io = |source| ClusterError::Io { path: path.into(), source };
        // The size is checked first: a file that is too short is refused before memory is
        // allocated.
        let file = fs::metadata(path).map_err(io)?;
        if !file.is_file() {
            return Err(damaged(path, "it is no regular file"));
        }
        let stored = file.len() as f64;
        let values =
            sizes.n_cells as f64 * (2.0 + sizes.dims.iter().map(|&d| d as f64).sum::<f64>());
        if values * 4.0 > stored || sizes.n_clusters.max(sizes.n_leaves) > sizes.n_cells {
            return Err(damaged(path, format!("it has {stored} bytes, too few for {sizes}")));
        }
        let bytes = fs::read(path).map_err(io)?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(path, e))?;
        let tensors: HashMap<&str, TensorView<'_>> = file.iter().collect();
        let n = sizes.n_cells;
        let read = Tensors { path, tensors: &tensors };
        let view = |(i, &d): (usize, &usize)| {
            let values = read.floats(&format!("views.{i}"), &[n, d])?;
            read.all(&values, |v| v.is_finite(), "a view of a cell is not finite")?;
            Ok(DenseMatrix::from_rows(values, d))
        };
        let views = sizes.dims.iter().enumerate().map(view).collect::<Result<_>>()?;
        let stability = read.floats("stability", &[n])?;
        let unit = |s: f32| (0.0..=1.0).contains(&s);
        read.all(&stability, unit, "the stability of a cluster is not between 0 and 1")?;
        let weights = read.floats("weights", &[sizes.n_clusters])?;
        let positive = |w: f32| w.is_finite() && w > 0.0;
        read.all(&weights, positive, "the weight of a vote is not a positive number")?;
        let labels = read.integers("labels", n, sizes.n_clusters)?;
        let leaves = match sizes.n_leaves {
            0 => None,
            n_leaves => Some(Leaves {
                of_cell: read.integers("leaves", n, n_leaves)?,
                clusters: read.integers("leaf_clusters", n_leaves, sizes.n_clusters)?,
            }),
        };
        Ok(Self { views, ballot: Ballot { labels, stability, weights }, leaves })
    }
}

fn damaged(path: &Path, why: impl std::fmt::Display) -> ClusterError {
    ClusterError::Saved { path: path.into(), why: why.to_string() }
}

/// The tensors of a file.
struct Tensors<'a> {
    path: &'a Path,
    tensors: &'a HashMap<&'a str, TensorView<'a>>,
}

impl Tensors<'_> {
    /// Bytes of a tensor of this shape and of one of these types, and its type.
    fn of(&self, name: &str, shape: &[usize], types: &[Dtype]) -> Result<(Dtype, &[u8])> {
        let Some(tensor) = self.tensors.get(name) else {
            return Err(damaged(self.path, format!("the tensor {name} is missing")));
        };
        match tensor.shape() == shape && types.contains(&tensor.dtype()) {
            true => Ok((tensor.dtype(), tensor.data())),
            false => {
                let (found, of) = (tensor.shape(), tensor.dtype());
                let why = format!("the tensor {name} is {found:?} of {of:?}, not {shape:?}");
                Err(damaged(self.path, why))
            }
        }
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let (_, data) = self.of(name, shape, &[Dtype::F32])?;
        Ok(data.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    fn all(&self, values: &[f32], ok: impl Fn(f32) -> bool, why: &str) -> Result<()> {
        match values.iter().all(|&v| ok(v)) {
            true => Ok(()),
            false => Err(damaged(self.path, why)),
        }
    }

    /// Numbers from 0 to below `end`. Devices differ in the width of their integers.
    fn integers(&self, name: &str, n: usize, end: usize) -> Result<Vec<usize>> {
        let values: Vec<i64> = match self.of(name, &[n], &[Dtype::I32, Dtype::I64])? {
            (Dtype::I32, data) => {
                data.as_chunks::<4>().0.iter().map(|&b| i32::from_le_bytes(b).into()).collect()
            }
            (_, data) => data.as_chunks::<8>().0.iter().map(|&b| i64::from_le_bytes(b)).collect(),
        };
        let known = |v: i64| usize::try_from(v).ok().filter(|&v| v < end);
        let values = values.into_iter().map(known).collect::<Option<Vec<_>>>();
        values.ok_or_else(|| damaged(self.path, format!("{name}: a number is not below {end}")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::cells_with_leaves;
    use super::*;

    #[test]
    fn saved_classifiers_are_read_back_and_damaged_files_are_refused() {
        let classifier = cells_with_leaves();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("voters.safetensors");
        classifier.save(&path).unwrap();
        let sizes = classifier.sizes();
        let again = KnnClassifier::load(&path, &sizes).unwrap();
        assert_eq!(
            (again.views, again.ballot),
            (classifier.views.clone(), classifier.ballot.clone())
        );
        assert_eq!(again.leaves, classifier.leaves);
        for wrong in [
            KnnSizes { n_cells: 21, ..sizes.clone() },
            KnnSizes { n_cells: usize::MAX, ..sizes.clone() },
            KnnSizes { dims: vec![1, 2], ..sizes.clone() },
            KnnSizes { n_clusters: 1, ..sizes.clone() },
            KnnSizes { n_leaves: 2, ..sizes.clone() },
            KnnSizes { n_leaves: 1 << 40, ..sizes.clone() },
        ] {
            assert!(KnnClassifier::load(&path, &wrong).is_err(), "{wrong:?}");
        }
        let mut bytes = fs::read(&path).unwrap();
        for cut in [0, 7, 100, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            assert!(KnnClassifier::load(&path, &sizes).is_err(), "{cut} bytes");
        }
        // The last numbers of the file belong to a view.
        bytes.iter_mut().rev().take(4).for_each(|byte| *byte = 0xff);
        fs::write(&path, &bytes).unwrap();
        assert!(KnnClassifier::load(&path, &sizes).is_err());
    }
}
