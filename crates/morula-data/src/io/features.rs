//! The features of 10x matrices, for HDF5 files and for folders.

use crate::{AnnData, Column, CsrMatrix, DataError, DataFrame, Result, names};

/// The feature type that 10x uses for genes.
const GENES: &str = "Gene Expression";

/// Columns of `var` in which files of others keep the feature types of 10x.
const TYPE_COLUMNS: [&str; 2] = ["feature_types", "feature_type"];

/// Identifiers, names and types of the columns of a matrix, and whatever else is known of them.
pub(super) struct Features {
    pub ids: Vec<String>,
    pub names: Vec<String>,
    pub types: Option<Vec<String>>,
    pub more: Vec<(String, Vec<String>)>,
}

impl Features {
    /// Names the rows and columns of a cells x features matrix. Only genes are kept: counts of
    /// antibodies or guides have another meaning. `not_loaded` lists what was dropped.
    pub fn annotate(mut self, x: CsrMatrix, barcodes: Vec<String>) -> Result<AnnData> {
        let n = x.n_cols();
        let types = self.types.as_ref().map_or(n, Vec::len);
        if [self.ids.len(), self.names.len(), types] != [n; 3] {
            return Err(DataError::damaged(format!(
                "{n} features have {} identifiers, {} names and {types} types",
                self.ids.len(),
                self.names.len()
            )));
        }
        // Some files give a symbol to a part of the genes only.
        for (name, id) in self.names.iter_mut().zip(&mut self.ids) {
            match (name.is_empty(), id.is_empty()) {
                (true, _) => name.clone_from(id),
                (_, true) => id.clone_from(name),
                _ => {}
            }
        }
        let genes = self.types.as_ref().and_then(|types| genes(types.iter().map(Some)));
        let genes = genes.unwrap_or_else(|| (0..n).collect());
        let pick = |all: &[String]| genes.iter().map(|&j| all[j].clone()).collect::<Vec<_>>();
        let column = |all: &[String]| Column::Text(pick(all).into_iter().map(Some).collect());
        let mut var = DataFrame::new(names::filled(pick(&self.names)));
        var.set("gene_ids", column(&self.ids))?;
        if let Some(types) = &self.types {
            var.set("feature_types", Column::categorical(pick(types).iter().map(Some)))?;
        }
        for (name, values) in self.more.iter().filter(|(_, values)| values.len() == n) {
            var.set(name.as_str(), Column::categorical(pick(values).iter().map(Some)))?;
        }
        let mut data = AnnData::default();
        if genes.len() < n {
            data.not_loaded.push(left_out(n - genes.len(), n));
        }
        data.x = Some(if genes.len() < n { x.select_cols(&genes) } else { x });
        data.obs = DataFrame::new(barcodes);
        data.var = var;
        data.check().map_err(|e| DataError::damaged(e.to_string()))?;
        Ok(data)
    }
}

/// Positions of the genes, if other features are among them. Features of one kind only are kept as
/// they are.
fn genes<S: AsRef<str>>(types: impl ExactSizeIterator<Item = Option<S>>) -> Option<Vec<usize>> {
    let n = types.len();
    let is_gene = |(i, of): (usize, Option<S>)| {
        of.is_some_and(|of| of.as_ref().trim().eq_ignore_ascii_case(GENES)).then_some(i)
    };
    let genes: Vec<usize> = types.enumerate().filter_map(is_gene).collect();
    (!genes.is_empty() && genes.len() < n).then_some(genes)
}

/// Positions of the genes in a table of features that has the feature types of 10x; `None` where
/// all are of one kind, or no types are known.
pub(crate) fn genes_of(var: &DataFrame) -> Option<Vec<usize>> {
    let column = TYPE_COLUMNS.iter().find_map(|name| var.column(name).ok())?;
    match column {
        Column::Categorical(types) => genes(types.labels()),
        Column::Text(types) => genes(types.iter().map(Option::as_deref)),
        _ => None,
    }
}

/// Says how many of the features were left out.
pub(crate) fn left_out(n: usize, of: usize) -> String {
    format!("{n} features that are no genes (of {of})")
}

/// The columns of [`genes_of`] alone.
pub(super) fn type_columns() -> &'static [&'static str] {
    &TYPE_COLUMNS
}
