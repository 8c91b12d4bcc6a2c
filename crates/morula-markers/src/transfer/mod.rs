//! Label transfer from known cells to new cells on a shared embedding.

mod lbfgs;
mod logistic;
mod novelty;
mod params;

pub use params::TransferParams;

use logistic::Logistic;
use morula_data::{Categorical, DenseMatrix};
use novelty::Novelty;
use rayon::prelude::*;

use crate::groups::Groups;
use crate::{MarkersError, Result};

/// A classifier of cells. [`TransferParams::fit`] trains it on labelled cells.
///
/// It is a multinomial logistic regression with an L2 penalty on the embedding `z`, which is scaled
/// to mean 0 and mean variance 1:
///
/// ```text
/// p(k | z) = exp(w_k . z + b_k) / sum over l of exp(w_l . z + b_l)
/// W, b minimise  - sum_i ln p(y_i | z_i) + l2 / 2 sum_k |w_k|^2
/// ```
///
/// A classifier must choose one of the known types, and its probability is often high for a type it
/// has never seen. So every cell also has a novelty. Labelled cells and new cells are compared by
/// their mean distance to their nearest labelled cells; the novelty is the share of the labelled
/// cells for which this distance is smaller than for the new cell.
#[derive(Debug, Clone)]
pub struct LabelTransfer {
    types: Vec<String>,
    dims: usize,
    mean: Vec<f64>,
    scale: f64,
    classifier: Logistic,
    novelty: Novelty,
    params: TransferParams,
}

/// Predictions for new cells. A cell with a missing embedding (NaN) has no label, and its other
/// values are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Transferred {
    /// The known types.
    pub types: Vec<String>,
    /// Per cell: `None` if its embedding is missing, `Some(None)` if its type is unknown, or else
    /// the position of its type.
    pub labels: Vec<Option<Option<usize>>>,
    /// Probability of the most probable type, also for a cell of unknown type.
    pub confidence: Vec<f64>,
    /// Novelty, 0 to 1.
    pub novelty: Vec<f64>,
    /// Probability of every type, cells x types.
    pub proba: DenseMatrix,
}

impl LabelTransfer {
    pub(crate) fn fit(
        embedding: &DenseMatrix,
        labels: &Categorical,
        params: &TransferParams,
    ) -> Result<Self> {
        params.check()?;
        let (expected, found) = (embedding.n_rows(), labels.codes().len());
        if expected != found {
            return Err(MarkersError::Shape { what: "labels of the cells", expected, found });
        }
        let present = present(embedding)?;
        let labelled: Vec<usize> =
            present.into_iter().filter(|&i| labels.codes()[i] >= 0).collect();
        let codes = labelled.iter().map(|&i| labels.codes()[i]).collect();
        let known = Categorical::new(codes, labels.categories().to_vec(), false)?;
        let groups = Groups::new(&known, labelled.len())?;
        let dims = embedding.n_cols();
        let known: Vec<f32> = labelled.iter().flat_map(|&i| embedding.row(i)).copied().collect();
        let (mean, scale) = moments(&known, dims);
        let x: Vec<f64> =
            known.chunks(dims.max(1)).flat_map(|z| centred(z, &mean, scale)).collect();
        let y: Vec<usize> = groups.of_cell.iter().map(|&g| g as usize).collect();
        let classifier = Logistic::fit(&x, dims, &y, groups.len(), params.l2);
        let novelty = Novelty::new(known, dims, params.n_neighbors)?;
        let (types, params) = (groups.names, params.clone());
        Ok(Self { types, dims, mean, scale, classifier, novelty, params })
    }

    /// The known types, in order of their categories.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Predicts the labels of new cells.
    ///
    /// # Errors
    /// [`MarkersError::Shape`] when the dimensions of the embedding differ from those of the fit;
    /// [`MarkersError::NotFinite`] for infinite values.
    pub fn predict(&self, embedding: &DenseMatrix) -> Result<Transferred> {
        let (expected, found) = (self.dims, embedding.n_cols());
        if expected != found {
            return Err(MarkersError::Shape {
                what: "dimensions of the embedding",
                expected,
                found,
            });
        }
        let present = present(embedding)?;
        let points: Vec<f32> = present.iter().flat_map(|&i| embedding.row(i)).copied().collect();
        let distances = self.novelty.of(&points)?;
        let probabilities: Vec<Vec<f64>> = present
            .par_iter()
            .map(|&i| {
                let z: Vec<f64> = centred(embedding.row(i), &self.mean, self.scale).collect();
                self.classifier.probabilities(&z)
            })
            .collect();
        let (n, n_types) = (embedding.n_rows(), self.classifier.n_classes());
        let mut labels = vec![None; n];
        let [mut confidence, mut novelty] = [vec![f64::NAN; n], vec![f64::NAN; n]];
        let mut proba = vec![f32::NAN; n * n_types];
        for ((&i, p), far) in present.iter().zip(probabilities).zip(distances) {
            let best = (1..n_types).fold(0, |best, k| if p[k] > p[best] { k } else { best });
            let sure = p[best] >= self.params.min_probability && far <= self.params.max_novelty;
            labels[i] = Some(sure.then_some(best));
            (confidence[i], novelty[i]) = (p[best], far);
            let row = &mut proba[i * n_types..(i + 1) * n_types];
            row.iter_mut().zip(p).for_each(|(to, p)| *to = p as f32);
        }
        let proba = DenseMatrix::new(n, n_types, proba)?;
        Ok(Transferred { types: self.types.clone(), labels, confidence, novelty, proba })
    }
}

/// Rows without NaN.
fn present(embedding: &DenseMatrix) -> Result<Vec<usize>> {
    if embedding.n_cols() == 0 {
        return Err(MarkersError::Shape {
            what: "dimensions of the embedding",
            expected: 1,
            found: 0,
        });
    }
    let rows = || embedding.values().chunks(embedding.n_cols());
    let infinite = rows()
        .enumerate()
        .find_map(|(row, z)| Some((row, z.iter().position(|v| v.is_infinite())?)));
    if let Some((row, col)) = infinite {
        return Err(MarkersError::NotFinite { row, col, value: embedding.row(row)[col] });
    }
    Ok(rows().enumerate().filter(|(_, z)| z.iter().all(|v| !v.is_nan())).map(|(i, _)| i).collect())
}

/// Mean of every dimension, and the root of the mean variance; 1 if nothing varies.
fn moments(x: &[f32], dims: usize) -> (Vec<f64>, f64) {
    let n = (x.len() / dims.max(1)).max(1) as f64;
    let mut mean = vec![0.0; dims];
    for z in x.chunks(dims.max(1)) {
        mean.iter_mut().zip(z).for_each(|(m, &z)| *m += f64::from(z) / n);
    }
    let square = |z: &[f32]| centred(z, &mean, 1.0).map(|v| v * v).sum::<f64>();
    let variance = x.chunks(dims.max(1)).map(square).sum::<f64>() / (n * dims.max(1) as f64);
    (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
}

fn centred<'a>(z: &'a [f32], mean: &'a [f64], scale: f64) -> impl Iterator<Item = f64> + 'a {
    z.iter().zip(mean).map(move |(&z, m)| (f64::from(z) - m) / scale)
}
