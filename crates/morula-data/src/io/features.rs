//! The features of 10x matrices, for HDF5 files and for folders.

use crate::{AnnData, Column, CsrMatrix, DataError, DataFrame, Result, names};

/// Feature type of genes in 10x files (`Gene Expression`), in small letters and without anything
/// else. Beside it every other type is no gene.
const TENX_GENE: &str = "geneexpression";

/// Prefixes of types that are not genes, written in the same way.
const NO_GENES: [&str; 10] = [
    "antibod",
    "adt",
    "hto",
    "proteinexp",
    "crispr",
    "guide",
    "hashtag",
    "multiplexing",
    "peak",
    "atac",
];

/// Whole names of such types; `protein coding` is a gene.
const NO_GENE: [&str; 4] = ["protein", "proteins", "prot", "custom"];

/// Columns of `var` that may hold the feature types of 10x; the first that is there counts.
pub const FEATURE_TYPES: [&str; 3] = ["feature_types", "feature_type", "modality"];

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
        let genes = match &self.types {
            Some(types) => genes(types.iter().map(Some))?,
            None => None,
        };
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

/// Positions of the genes, if other features are among them. Features of one kind that is not known
/// are kept as they are.
///
/// # Errors
/// [`DataError::Unsupported`] where every feature is of a kind that is no gene.
fn genes<S: AsRef<str>>(
    types: impl ExactSizeIterator<Item = Option<S>>,
) -> Result<Option<Vec<usize>>> {
    let n = types.len();
    let (mut tenx, mut others, mut first) = (Vec::new(), Vec::new(), None);
    for (i, of) in types.enumerate() {
        let Some(of) = of else {
            others.push(i);
            continue;
        };
        let letters = of.as_ref().chars().filter(|c| c.is_alphanumeric());
        let plain: String = letters.flat_map(char::to_lowercase).collect();
        if plain == TENX_GENE {
            tenx.push(i);
        }
        let no_gene = NO_GENES.iter().any(|start| plain.starts_with(start))
            || NO_GENE.contains(&plain.as_str());
        match no_gene {
            true => drop(first.get_or_insert_with(|| of.as_ref().to_string())),
            false => others.push(i),
        }
    }
    let genes = if tenx.is_empty() { others } else { tenx };
    if let (true, Some(first)) = (n > 0 && genes.is_empty(), first) {
        return Err(DataError::unsupported(format!(
            "there are no genes: the types of all {n} features are others, such as {first:?}; give \
             the counts of gene expression"
        )));
    }
    Ok((genes.len() < n).then_some(genes))
}

/// Positions of the genes in a table of features that has the feature types of 10x; `None` where
/// all are of one kind, or no types are known.
///
/// # Errors
/// [`DataError::Unsupported`] where no feature is a gene.
pub(crate) fn genes_of(var: &DataFrame) -> Result<Option<Vec<usize>>> {
    let Some(column) = FEATURE_TYPES.iter().find_map(|name| var.column(name).ok()) else {
        return Ok(None);
    };
    match column {
        Column::Categorical(types) => genes(types.labels()),
        Column::Text(types) => genes(types.iter().map(Option::as_deref)),
        _ => Ok(None),
    }
}

/// Says how many of the features were left out.
pub(crate) fn left_out(n: usize, of: usize) -> String {
    format!("{n} features that are no genes (of {of})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genes_are_known_by_any_spelling_of_their_type() {
        let of = |types: &[&'static str]| genes(types.iter().copied().map(Some));
        for (gene, other) in [
            ("Gene Expression", "Antibody Capture"),
            ("Gene_Expression", "Antibody_Capture"),
            ("gene-expression", "antibody-capture"),
            ("Gene", "Antibody Capture"),
            ("GEX", "ADT"),
            ("rna", "prot"),
            ("RNA", "ATAC"),
            ("Gene Expression", "anything"),
        ] {
            assert_eq!(of(&[other, gene, gene]).unwrap(), Some(vec![1, 2]), "{gene}");
            assert_eq!(of(&[gene, gene]).unwrap(), None, "{gene}");
        }
        // Types that are not known are kept, unless 10x's own say what is a gene.
        assert_eq!(of(&["gene", "pseudogene", "Antibody Capture"]).unwrap(), Some(vec![0, 1]));
        assert_eq!(of(&["gene", "ncRNA_gene", "pseudogene"]).unwrap(), None);
        // Of one kind that is not known, such as the biotype of every gene.
        assert_eq!(of(&["protein_coding", "lncRNA"]).unwrap(), None);
        assert_eq!(genes([None::<&str>, None].into_iter()).unwrap(), None);
        for other in ["Antibody Capture", "ADT", "prot", "Peaks", "CRISPR Guide Capture"] {
            let error = of(&[other, other]).unwrap_err().to_string();
            assert!(error.contains("no genes") && error.contains(other), "{error}");
        }
    }

    #[test]
    fn a_column_of_modalities_is_a_column_of_types() {
        let mut var = DataFrame::new(["CD3E", "CD3", "CD4"].map(String::from).to_vec());
        let modality = [Some("rna"), Some("prot"), Some("rna")];
        var.set("modality", Column::categorical(modality)).unwrap();
        assert_eq!(genes_of(&var).unwrap(), Some(vec![0, 2]));
    }
}
