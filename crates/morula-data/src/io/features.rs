//! The features of 10x matrices, for HDF5 files and for folders.

use crate::{AnnData, Column, CsrMatrix, DataError, DataFrame, Result};

/// The feature type that 10x uses for genes.
const GENES: &str = "Gene Expression";

/// Identifiers, names and types of the columns of a matrix.
pub(super) struct Features {
    pub ids: Vec<String>,
    pub names: Vec<String>,
    pub types: Option<Vec<String>>,
}

impl Features {
    /// Names the rows and columns of a cells x features matrix. Only genes are kept: counts of
    /// antibodies or guides have another meaning. `not_loaded` lists what was dropped.
    pub fn annotate(self, x: CsrMatrix, barcodes: Vec<String>) -> Result<AnnData> {
        let n = x.n_cols();
        let types = self.types.as_ref().map_or(n, Vec::len);
        if [self.ids.len(), self.names.len(), types] != [n; 3] {
            return Err(DataError::damaged(format!(
                "{n} features have {} identifiers, {} names and {types} types",
                self.ids.len(),
                self.names.len()
            )));
        }
        let is_gene = |j: &usize| self.types.as_ref().is_none_or(|t| t[*j] == GENES);
        let (genes, others): (Vec<usize>, Vec<usize>) = (0..n).partition(is_gene);
        // A matrix without genes is kept as it is: it has features of one kind only.
        let genes = if genes.is_empty() { others.clone() } else { genes };
        let pick = |all: &[String]| genes.iter().map(|&j| all[j].clone()).collect::<Vec<_>>();
        let column = |all: &[String]| Column::Text(pick(all).into_iter().map(Some).collect());
        let mut var = DataFrame::new(pick(&self.names));
        var.set("gene_ids", column(&self.ids))?;
        if let Some(types) = &self.types {
            var.set("feature_types", Column::categorical(pick(types).iter().map(Some)))?;
        }
        let mut data = AnnData::default();
        if genes.len() < n {
            let left = format!("{} features that are no genes (of {n})", others.len());
            data.not_loaded.push(left);
        }
        data.x = Some(if genes.len() < n { x.select_cols(&genes) } else { x });
        data.obs = DataFrame::new(barcodes);
        data.var = var;
        data.check().map_err(|e| DataError::damaged(e.to_string()))?;
        Ok(data)
    }
}
