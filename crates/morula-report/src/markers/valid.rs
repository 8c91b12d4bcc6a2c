//! Markers whose p-values hold after clustering, from a file.

use morula_data::{Categorical, Field, Records, UnsValue};

/// Genes to show per cluster.
const SHOWN: usize = 10;
/// False discovery rate.
const FDR: f64 = 0.05;

/// A marker gene that was tested in molecules which played no part in finding the clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidMarker {
    /// Name of the gene.
    pub gene: String,
    /// Binary logarithm of the fold change.
    pub logfoldchange: f64,
    /// p-value, adjusted after Benjamini and Hochberg.
    pub pval_adj: f64,
}

/// The best valid markers of every cluster, from `uns["rank_genes_valid"]`, which
/// `morula markers --valid` writes. Nothing where they are of another column, or of other clusters
/// in it.
pub(crate) fn from_uns(
    value: &UnsValue,
    column: &str,
    clusters: &Categorical,
) -> Option<Vec<Vec<ValidMarker>>> {
    let params = value.get("params")?;
    let of = UnsValue::Text(column.into());
    let labels = UnsValue::Int(clusters.checksum().into());
    if *params.get("groupby")? != of || *params.get("labels_checksum")? != labels {
        return None;
    }
    let field = |name: &str| match value.get(name)? {
        UnsValue::Records(records) => Some(records),
        _ => None,
    };
    let [names, folds, pvals] = ["names", "logfoldchanges", "pvals_adj"].map(field);
    let (names, folds, pvals) = (names?, folds?, pvals?);
    let of_cluster = |cluster: &String| {
        let (Some(Field::Text(names)), Some(folds), Some(pvals)) =
            (names.field(cluster), numbers(folds, cluster), numbers(pvals, cluster))
        else {
            return Vec::new();
        };
        let markers = names.iter().zip(folds).zip(pvals);
        let markers = markers.map(|((gene, logfoldchange), pval_adj)| ValidMarker {
            gene: gene.clone(),
            logfoldchange,
            pval_adj,
        });
        markers.filter(|m| m.logfoldchange > 0.0 && m.pval_adj <= FDR).take(SHOWN).collect()
    };
    Some(clusters.categories().iter().map(of_cluster).collect())
}

fn numbers(records: &Records, name: &str) -> Option<Vec<f64>> {
    match records.field(name)? {
        Field::Double(values) => Some(values.clone()),
        Field::Single(values) => Some(values.iter().map(|&v| v.into()).collect()),
        Field::Text(_) => None,
    }
}
