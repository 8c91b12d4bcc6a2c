//! Errors of this crate. Each message says what is wrong and how to fix it.

use std::path::PathBuf;

use morula_data::DataError;
use morula_preprocess::PreprocessError;

/// Result of this crate.
pub type Result<T, E = MarkersError> = std::result::Result<T, E>;

/// Errors of markers, annotation, agreement and label transfer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarkersError {
    /// A parameter outside its range.
    #[error("parameter {name} = {value}: {want}")]
    Param {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        want: &'static str,
    },
    /// Lengths that do not match.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// What has that length.
        what: &'static str,
        /// Length that the other arguments require.
        expected: usize,
        /// Length given.
        found: usize,
    },
    /// A value that is NaN or infinite.
    #[error("row {row}, column {col} holds {value}, which is not finite")]
    NotFinite {
        /// Row of the value: the cell.
        row: usize,
        /// Column of the value: the gene, or the dimension of the embedding.
        col: usize,
        /// The value.
        value: f32,
    },
    /// No cell has a label.
    #[error("no cell has a label; give a column of obs that says what the cells are")]
    NoGroups,
    /// There is only one group, and nothing to compare it with.
    #[error(
        "all {n_cells} cells are in group {group}; markers need at least two groups to compare"
    )]
    NoRest {
        /// The only group.
        group: String,
        /// Number of its cells: all cells.
        n_cells: usize,
    },
    /// The group to compare with does not exist.
    #[error("there is no group {reference} to compare with; there are: {groups}")]
    NoReference {
        /// The group asked for.
        reference: String,
        /// The groups there are.
        groups: String,
    },
    /// No group has enough cells in two batches.
    #[error(
        "no group has three cells, and three others beside it, in two of the {n_batches} batches; \
         conserved markers need two"
    )]
    NoConserved {
        /// Number of batches.
        n_batches: usize,
    },
    /// A filter kept no gene.
    #[error("none of {n_genes} genes is expressed in {min_cells} cells; lower min_cells")]
    NoGenes {
        /// Genes before the filter.
        n_genes: usize,
        /// Required number of cells.
        min_cells: usize,
    },
    /// The marker lists name no gene of the data.
    #[error(
        "none of the {listed} genes of the marker lists is among the {n_genes} genes of the data, \
         for example {example}; check the species and the kind of gene names (symbols or Ensembl \
         ids)"
    )]
    NoGeneFound {
        /// Genes in the lists.
        listed: usize,
        /// Genes of the data.
        n_genes: usize,
        /// The first genes of the lists.
        example: String,
    },
    /// Two samples share fewer than two genes.
    #[error(
        "the two samples share no genes: one has {a}, the other {b}; check the species and the kind \
         of gene names (symbols or Ensembl ids)"
    )]
    NoCommonGenes {
        /// The first gene of one sample.
        a: String,
        /// The first gene of the other.
        b: String,
    },
    /// A line of a marker list that cannot be read.
    #[error("line {line}: {what}")]
    Line {
        /// One-based line number.
        line: u64,
        /// What is wrong with it, and what is required.
        what: String,
    },
    /// A choice that leaves no row of a table.
    #[error("none of {n_rows} rows is of {asked}; tissues there are, for example: {tissues}")]
    NoRows {
        /// What was asked for.
        asked: String,
        /// Rows of the table.
        n_rows: usize,
        /// Some of its tissues.
        tissues: String,
    },
    /// An empty marker list.
    #[error("the marker list is empty; give rows of type,gene below a header, or a GMT file")]
    NoMarkers,
    /// The operating system returned an error.
    #[error("cannot read: {0}")]
    Io(#[from] std::io::Error),
    /// An error with the path of its file.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<MarkersError>,
    },
    /// An error of the data containers.
    #[error(transparent)]
    Data(Box<DataError>),
    /// An error of preprocessing.
    #[error(transparent)]
    Preprocess(Box<PreprocessError>),
}

// Boxed, so that results stay small.
impl From<DataError> for MarkersError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}

impl From<PreprocessError> for MarkersError {
    fn from(error: PreprocessError) -> Self {
        Self::Preprocess(Box::new(error))
    }
}

impl MarkersError {
    pub(crate) fn param(name: &'static str, value: impl ToString, want: &'static str) -> Self {
        Self::Param { name, value: value.to_string(), want }
    }

    pub(crate) fn line(line: u64, what: impl Into<String>) -> Self {
        Self::Line { line, what: what.into() }
    }
}
