//! What can go wrong with data, told so that the user can mend it.

/// Result of this crate.
pub type Result<T> = std::result::Result<T, DataError>;

/// Errors of data containers and file formats.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The parts of a sparse matrix contradict one another.
    #[error("invalid sparse matrix: {what}")]
    Csr {
        /// Which part, with its figures.
        what: String,
    },
    /// A matrix without cells or genes.
    #[error("the matrix is empty ({n_obs} cells x {n_vars} genes); give a file that holds counts")]
    Empty {
        /// Cells found.
        n_obs: usize,
        /// Genes found.
        n_vars: usize,
    },
    /// Names do not fit the matrix.
    #[error("{obs_names} cell names and {var_names} gene names for {n_obs} cells x {n_vars} genes")]
    Names {
        /// Cells in the matrix.
        n_obs: usize,
        /// Genes in the matrix.
        n_vars: usize,
        /// Cell names given.
        obs_names: usize,
        /// Gene names given.
        var_names: usize,
    },
    /// A value that is no raw count.
    #[error(
        "layer {layer}: cell {cell}, gene {gene} holds {value}, which is not a raw count; \
         this looks like {looks_like}. Give raw counts (whole numbers >= 0), \
         for example another layer or the unprocessed file"
    )]
    NotCounts {
        /// Layer the value stands in.
        layer: String,
        /// Name of the cell.
        cell: String,
        /// Name of the gene.
        gene: String,
        /// The value.
        value: f32,
        /// What the matrix seems to hold.
        looks_like: &'static str,
    },
}
