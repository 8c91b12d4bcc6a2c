//! Agreement between the marker genes of clusters and of known types.

use std::collections::HashSet;

use morula_data::{Categorical, CsrMatrix};
use serde::{Deserialize, Serialize};

use crate::groups::Groups;
use crate::{Markers, MarkersError, MarkersParams, Result, rank_genes_groups};

/// Parameters of [`marker_agreement`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgreementParams {
    /// Markers to compare, per cluster and per type.
    pub n_top: usize,
    /// The means leave out types with fewer cells.
    pub min_cells: usize,
}

impl Default for AgreementParams {
    fn default() -> Self {
        Self { n_top: 50, min_cells: 50 }
    }
}

/// Shared markers of clusters and types.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Markers compared: the requested number, or all genes if there are fewer.
    pub n_top: usize,
    /// The clusters.
    pub clusters: Vec<ClusterAgreement>,
    /// The types.
    pub types: Vec<TypeAgreement>,
    /// Share of shared markers, clusters x types.
    pub overlap: Vec<Vec<f64>>,
    /// Number of shared cells, clusters x types.
    pub cells: Vec<Vec<usize>>,
    /// Mean of the best overlap, over the types with enough cells; NaN without such a type.
    pub mean: f64,
    /// Mean, over the same types, of the overlap with the cluster that has most of their cells.
    pub mean_by_cells: f64,
    /// Number of types in the means.
    pub n_types: usize,
}

/// A cluster and its most similar types.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterAgreement {
    /// Name of the cluster.
    pub cluster: String,
    /// Number of its cells.
    pub n_cells: usize,
    /// Position of the type with the most shared markers; the first of equals.
    pub best: usize,
    /// Share of markers shared with this type.
    pub overlap: f64,
    /// Position of the type of most of its cells.
    pub majority: usize,
    /// Share of markers shared with that type.
    pub majority_overlap: f64,
}

/// A type and its most similar clusters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TypeAgreement {
    /// Name of the type.
    pub cell_type: String,
    /// Number of its cells.
    pub n_cells: usize,
    /// Position of the cluster with the most shared markers; the first of equals.
    pub best: usize,
    /// Share of markers shared with this cluster.
    pub overlap: f64,
    /// Position of the cluster that has most of the type's cells.
    pub majority: usize,
    /// Share of markers shared with that cluster.
    pub majority_overlap: f64,
    /// Whether it has enough cells to count in the means.
    pub counted: bool,
}

/// Compares the top markers of every cluster with those of every type.
///
/// `A_c` are the [`n_top`](AgreementParams::n_top) genes with the highest scores in cluster `c`
/// ([`rank_genes_groups`]), and `B_t` those of type `t`:
///
/// ```text
/// o_ct = |A_c and B_t| / n_top
/// agreement = mean over types t with at least min_cells cells of max over c of o_ct
/// ```
///
/// A cluster may be the best of several types. `x`: log-normalised counts. Cells without both
/// labels are left out, from the markers too.
///
/// # Errors
/// [`MarkersError::Param`] when `n_top` is 0, and the errors of [`rank_genes_groups`].
pub fn marker_agreement(
    x: &CsrMatrix,
    truth: &Categorical,
    pred: &Categorical,
    params: &AgreementParams,
) -> Result<Agreement> {
    if params.n_top == 0 {
        return Err(MarkersError::param("n_top", 0, "compare at least 1 marker"));
    }
    for labels in [truth, pred] {
        let (expected, found) = (x.n_rows(), labels.codes().len());
        if expected != found {
            return Err(MarkersError::Shape { what: "labels of the cells", expected, found });
        }
    }
    let codes = || truth.codes().iter().zip(pred.codes());
    let both: Vec<usize> =
        codes().enumerate().filter(|(_, (t, p))| **t >= 0 && **p >= 0).map(|(i, _)| i).collect();
    let (truth, pred) = (of_cells(truth, &both)?, of_cells(pred, &both)?);
    let chosen = (both.len() < x.n_rows()).then(|| x.select_rows(&both));
    let x = chosen.as_ref().unwrap_or(x);
    let ranked = |labels| rank_genes_groups(x, labels, &MarkersParams::default());
    let n_top = params.n_top.min(x.n_cols());
    let [types, clusters] = [ranked(&truth)?, ranked(&pred)?].map(|m| tops(&m, n_top));
    let share = |a: &HashSet<usize>, b| a.intersection(b).count() as f64 / n_top as f64;
    let overlap: Vec<Vec<f64>> =
        clusters.iter().map(|a| types.iter().map(|b| share(a, b)).collect()).collect();

    let (types, clusters) = (Groups::new(&truth, x.n_rows())?, Groups::new(&pred, x.n_rows())?);
    let mut cells = vec![vec![0; types.len()]; clusters.len()];
    for (&t, &c) in types.of_cell.iter().zip(&clusters.of_cell) {
        cells[c as usize][t as usize] += 1;
    }
    let clusters: Vec<ClusterAgreement> = (0..clusters.len())
        .map(|c| {
            let (best, majority) = (highest(&overlap[c]), highest(&cells[c]));
            let (overlap, majority_overlap) = (overlap[c][best], overlap[c][majority]);
            let (cluster, n_cells) = (clusters.names[c].clone(), clusters.sizes[c]);
            ClusterAgreement { cluster, n_cells, best, overlap, majority, majority_overlap }
        })
        .collect();
    let types: Vec<TypeAgreement> = (0..types.len())
        .map(|t| {
            let best = highest(&column(&overlap, t));
            let majority = highest(&column(&cells, t));
            TypeAgreement {
                cell_type: types.names[t].clone(),
                n_cells: types.sizes[t],
                best,
                overlap: overlap[best][t],
                majority,
                majority_overlap: overlap[majority][t],
                counted: types.sizes[t] >= params.min_cells,
            }
        })
        .collect();
    let mean = |of: fn(&TypeAgreement) -> f64| {
        let counted: Vec<f64> = types.iter().filter(|t| t.counted).map(of).collect();
        counted.iter().sum::<f64>() / counted.len() as f64
    };
    Ok(Agreement {
        n_top,
        mean: mean(|t| t.overlap),
        mean_by_cells: mean(|t| t.majority_overlap),
        n_types: types.iter().filter(|t| t.counted).count(),
        clusters,
        types,
        overlap,
        cells,
    })
}

fn of_cells(labels: &Categorical, cells: &[usize]) -> Result<Categorical> {
    let codes = cells.iter().map(|&i| labels.codes()[i]).collect();
    Ok(Categorical::new(codes, labels.categories().to_vec(), labels.ordered())?)
}

fn tops(markers: &Markers, n: usize) -> Vec<HashSet<usize>> {
    markers.groups().iter().map(|group| group.top(n).map(|m| m.gene).collect()).collect()
}

fn column<T: Copy>(rows: &[Vec<T>], at: usize) -> Vec<T> {
    rows.iter().map(|row| row[at]).collect()
}

/// Position of the highest value; the first of equals.
fn highest<T: PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for i in 1..values.len() {
        if values[i] > values[best] {
            best = i;
        }
    }
    best
}
