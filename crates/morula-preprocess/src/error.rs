//! Errors of this crate. Each message says what is wrong and how to fix it.

use morula_data::DataError;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, PreprocessError>;

/// Errors of preprocessing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreprocessError {
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
    /// A filter or selection kept nothing.
    #[error(
        "{stage} kept none of {of} {what}; {advice} \
         (is this the right matrix, with cells in rows?)"
    )]
    NothingLeft {
        /// The step.
        stage: &'static str,
        /// `cells` or `genes`.
        what: &'static str,
        /// Their number before the step.
        of: usize,
        /// What to change.
        advice: &'static str,
    },
    /// New cells lack too many of the recipe's genes.
    #[error(
        "{missing} of the recipe's {of} genes are missing (at most {allowed:.0}% may be), \
         for example {example}; the data has {there}; check the species and the kind of gene \
         names (symbols or Ensembl ids)"
    )]
    GenesMissing {
        /// Genes not found by name.
        missing: usize,
        /// Genes the recipe needs.
        of: usize,
        /// Largest allowed share, in percent.
        allowed: f32,
        /// The first missing genes.
        example: String,
        /// The first genes of the data.
        there: String,
    },
    /// New cells have no batches, although the model was fitted with batches.
    #[error(
        "the model was fitted with batches ({known}); say which batch every new cell is from, one \
         of these or another (a column of obs: --batch COLUMN)"
    )]
    BatchesMissing {
        /// The batches of the fit.
        known: String,
    },
    /// A cell that is in no sample.
    #[error(
        "cell {cell} (counted from 0) has no sample; give a column with a sample for every cell"
    )]
    SampleMissing {
        /// Position of the cell.
        cell: usize,
    },
    /// A value that is NaN or infinite.
    #[error("row {row}, column {col} holds {value}, which is not finite")]
    NotFinite {
        /// Row of the value.
        row: usize,
        /// Column of the value.
        col: usize,
        /// The value.
        value: f32,
    },
    /// A dense factorisation did not converge.
    #[error("the {what} did not converge; the input may hold extreme values")]
    NoConvergence {
        /// The factorisation.
        what: &'static str,
    },
    /// An error of the data containers.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl PreprocessError {
    pub(crate) fn param(name: &'static str, value: impl ToString, want: &'static str) -> Self {
        Self::Param { name, value: value.to_string(), want }
    }
}
