//! Silhouette of the batches within each label.

use crate::{LabelledPoints, MetricsError, Result, internal::check_matrix, labels::encode_labels};

/// Batch ASW, how well batches are mixed within each label: from 0 (separate) to 1 (mixed).
///
/// `ASW = 1/L sum_l 1/n_l sum_{i of label l} (1 - |s_i|)`, where `s_i` is the
/// [silhouette](LabelledPoints::silhouette_samples) of a cell among the cells of its label, with
/// batches as clusters. `x` is row-major, cells x `n_dims`. As in scib and scib-metrics, a label
/// counts only if its cells are of at least two batches and fewer batches than cells. Time
/// O(sum_l n_l^2 d), the price of the exact silhouette; memory O(n d) (Luecken et al. 2022).
///
/// ```
/// use morula_metrics::silhouette_batch;
///
/// let x = [0.0, 0.1, 8.0, 8.1]; // 4 cells x 1
/// let one_type = ["T"; 4];
/// assert!(silhouette_batch(&x, 1, &one_type, &[1, 1, 2, 2])? < 0.1);
/// assert!(silhouette_batch(&x, 1, &one_type, &[1, 2, 1, 2])? > 0.4);
/// # Ok::<(), morula_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Shape`], [`MetricsError::NonFinite`] and [`MetricsError::Empty`] as for
/// [`LabelledPoints::new`]; [`MetricsError::LabelCount`] unless there is one batch per label;
/// [`MetricsError::NoMixedLabel`] when no label counts.
pub fn silhouette_batch<T: Ord, B: Ord>(
    x: &[f32],
    n_dims: usize,
    labels: &[T],
    batches: &[B],
) -> Result<f64> {
    let n_cells = labels.len();
    check_matrix(x, n_dims, n_cells)?;
    if batches.len() != n_cells {
        return Err(MetricsError::LabelCount { labels: batches.len(), n_cells });
    }
    let ((label_of, names), (batch_of, _)) = (encode_labels(labels), encode_labels(batches));
    let mut cells_of = vec![Vec::new(); names.len()];
    label_of.iter().enumerate().for_each(|(cell, &label)| cells_of[label].push(cell));

    let mut means = Vec::new();
    for cells in cells_of {
        let batches: Vec<usize> = cells.iter().map(|&i| batch_of[i]).collect();
        let rows: Vec<f32> =
            cells.iter().flat_map(|&i| &x[i * n_dims..][..n_dims]).copied().collect();
        match LabelledPoints::new(&rows, n_dims, &batches) {
            Ok(points) => {
                let mixed = points.silhouette_samples().iter().map(|s| 1.0 - s.abs()).sum::<f64>();
                means.push(mixed / cells.len() as f64);
            }
            Err(MetricsError::ClusterCount { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if means.is_empty() {
        return Err(MetricsError::NoMixedLabel { n_labels: names.len() });
    }
    Ok(means.iter().sum::<f64>() / means.len() as f64)
}
