//! Correlations of the expression profiles of clusters of two samples.

use std::collections::HashMap;

use morula_data::{Categorical, CsrMatrix};

use crate::groups::Groups;
use crate::{MarkersError, Result};

/// Genes that the profiles have: those that differ most between the clusters of both samples.
const GENES: usize = 2000;

/// One sample: log-normalised counts, the names of its genes, and its clusters.
#[derive(Debug, Clone, Copy)]
pub struct Profiled<'a> {
    /// Log-normalised counts, cells x genes.
    pub x: &'a CsrMatrix,
    /// A name per column.
    pub genes: &'a [String],
    /// A label per cell.
    pub clusters: &'a Categorical,
}

/// Correlations of the profiles of two samples' clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileCorrelations {
    /// Clusters with cells of each sample: positions of their categories.
    pub clusters: [Vec<usize>; 2],
    /// Correlation of every cluster of the second sample with every one of the first.
    pub correlations: Vec<Vec<f64>>,
    /// Number of genes compared.
    pub n_genes: usize,
}

/// Correlates the profiles of clusters of two samples.
///
/// The profile of cluster `k` is the mean `m_kj` of each gene, less the mean over the clusters of
/// its sample. That takes out what a sample or a condition changes in all clusters. Of the genes
/// that both samples have, those 2000 count whose deviation between clusters is largest in the
/// sample where it is smaller. The correlation is Pearson's.
///
/// ```text
/// d_kj = m_kj - 1 / K sum over l of m_lj
/// c_kl = sum_j d_kj e_lj / sqrt(sum_j d_kj^2 sum_j e_lj^2)
/// ```
///
/// A sample with a single cluster has no differences; its correlations are 0.
///
/// # Errors
/// [`MarkersError::Shape`]; [`MarkersError::NoGroups`]; [`MarkersError::NoCommonGenes`].
pub fn correlate_profiles(a: Profiled<'_>, b: Profiled<'_>) -> Result<ProfileCorrelations> {
    let mut position: HashMap<&str, usize> = HashMap::new();
    for (j, gene) in a.genes.iter().enumerate() {
        position.entry(gene).or_insert(j);
    }
    let mut seen = vec![false; a.genes.len()];
    let common: Vec<[usize; 2]> = (b.genes.iter().enumerate())
        .filter_map(|(j, gene)| {
            let i = *position.get(gene.as_str())?;
            (!std::mem::replace(seen.get_mut(i)?, true)).then_some([i, j])
        })
        .collect();
    if common.len() < 2 {
        let first = |genes: &[String]| genes.first().cloned().unwrap_or_default();
        let (a, b) = (first(a.genes), first(b.genes));
        return Err(MarkersError::NoCommonGenes { a, b });
    }
    let (one, other) = (differences(a)?, differences(b)?);
    let spread = |of: &[Vec<f64>], j: usize| of.iter().map(|row| row[j] * row[j]).sum::<f64>();
    let mut genes: Vec<([usize; 2], f64)> = (common.iter())
        .map(|&[i, j]| {
            let mean = |sum: f64, k: usize| sum / k as f64;
            let first = mean(spread(&one.means, i), one.means.len());
            ([i, j], first.min(mean(spread(&other.means, j), other.means.len())))
        })
        .collect();
    genes.sort_by(|x, y| y.1.total_cmp(&x.1));
    genes.truncate(GENES);
    let pick = |of: &[Vec<f64>], side: usize| -> Vec<Vec<f64>> {
        of.iter().map(|row| genes.iter().map(|(at, _)| row[at[side]]).collect()).collect()
    };
    let (first, second) = (pick(&one.means, 0), pick(&other.means, 1));
    let correlations =
        second.iter().map(|row| first.iter().map(|col| pearson(row, col)).collect()).collect();
    let n_genes = genes.len();
    Ok(ProfileCorrelations { clusters: [one.clusters, other.clusters], correlations, n_genes })
}

struct Differences {
    clusters: Vec<usize>,
    /// Clusters x genes, less the mean over the clusters.
    means: Vec<Vec<f64>>,
}

fn differences(sample: Profiled<'_>) -> Result<Differences> {
    let Profiled { x, genes, clusters } = sample;
    let (expected, found) = (x.n_cols(), genes.len());
    if found != expected {
        return Err(MarkersError::Shape { what: "names of the genes", expected, found });
    }
    let groups = Groups::new(clusters, x.n_rows())?;
    let mut means = vec![vec![0.0; x.n_cols()]; groups.len()];
    for ((columns, values), &group) in x.rows().zip(&groups.of_cell) {
        let Some(mean) = means.get_mut(group as usize) else { continue };
        for (&j, &v) in columns.iter().zip(values) {
            mean[j as usize] += f64::from(v);
        }
    }
    for (mean, &size) in means.iter_mut().zip(&groups.sizes) {
        mean.iter_mut().for_each(|v| *v /= size as f64);
    }
    for j in 0..x.n_cols() {
        let centre = means.iter().map(|mean| mean[j]).sum::<f64>() / means.len() as f64;
        means.iter_mut().for_each(|mean| mean[j] -= centre);
    }
    let known = |name: &String| clusters.categories().iter().position(|c| c == name);
    Ok(Differences { clusters: groups.names.iter().filter_map(known).collect(), means })
}

fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - ma, y - mb);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    let r = ab / (aa * bb).sqrt();
    if r.is_finite() { r } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_of_a_whole_sample_changes_nothing() {
        let genes: Vec<String> = (0..4).map(|j| format!("g{j}")).collect();
        let labels =
            |text: &str| Categorical::from_labels(text.chars().map(|c| Some(c.to_string())));
        let one = CsrMatrix::from_dense(3, 4, &[3., 0., 1., 0., 0., 3., 1., 0., 0., 0., 1., 2.]);
        // The same types in another order, with gene 2 up in all cells; its genes are reversed.
        let two = CsrMatrix::from_dense(3, 4, &[2., 9., 0., 0., 0., 9., 0., 3., 0., 9., 3., 0.]);
        let (one, two) = (one.unwrap(), two.unwrap());
        let back: Vec<String> = genes.iter().rev().cloned().collect();
        let (a, b) = (labels("abc"), labels("xyz"));
        let found = correlate_profiles(
            Profiled { x: &one, genes: &genes, clusters: &a },
            Profiled { x: &two, genes: &back, clusters: &b },
        );
        let found = found.unwrap();
        assert_eq!((found.n_genes, found.clusters[1].len()), (4, 3));
        let best = |row: &Vec<f64>| (0..3).max_by(|&i, &j| row[i].total_cmp(&row[j])).unwrap();
        assert_eq!(found.correlations.iter().map(best).collect::<Vec<_>>(), [2, 0, 1]);
        assert!((found.correlations[0][2] - 1.0).abs() < 1e-12);
        let other: Vec<String> = (0..4).map(|j| format!("h{j}")).collect();
        let none = correlate_profiles(
            Profiled { x: &one, genes: &genes, clusters: &a },
            Profiled { x: &two, genes: &other, clusters: &b },
        );
        assert!(none.unwrap_err().to_string().contains("h0"));
    }
}
