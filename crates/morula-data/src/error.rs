//! Errors of this crate. Each message says what is wrong and how to fix it.

use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T, E = DataError> = std::result::Result<T, E>;

/// Errors of data containers and file formats.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The parts of a sparse matrix contradict each other.
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
    /// A value that is not a raw count.
    #[error(
        "layer {layer}: cell {cell}, gene {gene} holds {value}, which is not a raw count; \
         this looks like {looks_like}. {advice}"
    )]
    NotCounts {
        /// Layer of the value.
        layer: String,
        /// Name of the cell.
        cell: String,
        /// Name of the gene.
        gene: String,
        /// The value.
        value: f64,
        /// What the matrix seems to hold.
        looks_like: &'static str,
        /// Where to find counts.
        advice: String,
    },
    /// A value that single precision does not hold.
    #[error(
        "layer {layer}: cell {cell}, gene {gene} holds {value}, which single precision cannot hold \
         exactly; whole numbers up to 16777216 are counts. Give raw counts (smaller ones that are \
         fractional can be rounded with `--round`)"
    )]
    Inexact {
        /// Layer of the value.
        layer: String,
        /// Name of the cell.
        cell: String,
        /// Name of the gene.
        gene: String,
        /// The value in the file.
        value: f64,
    },
    /// A cell without a batch, although other cells have one.
    #[error("cell {cell} has no batch; give every cell one, for example \"unknown\"")]
    NoBatch {
        /// Name of the cell.
        cell: String,
    },
    /// The requested matrix does not exist.
    #[error("no layer {layer}; this data holds: {}", available.join(", "))]
    MissingLayer {
        /// Requested name.
        layer: String,
        /// Names of the matrices there are.
        available: Vec<String>,
    },
    /// The requested column does not exist.
    #[error("no column {column}; there are: {}", available.join(", "))]
    MissingColumn {
        /// Requested name.
        column: String,
        /// Names of the columns there are.
        available: Vec<String>,
    },
    /// The size of a part does not fit the container.
    #[error("{what} has {found}, but the data has {expected}")]
    Shape {
        /// The part.
        what: String,
        /// Its size, as text.
        found: String,
        /// The required size, as text.
        expected: String,
    },
    /// A name that cannot be written.
    #[error("{what} cannot be called {name:?}: {why}")]
    BadName {
        /// Kind of part.
        what: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The content of a file is damaged or inconsistent.
    #[error("{what}. The file is damaged or incomplete; copy or download it again")]
    Damaged {
        /// What is wrong, and where.
        what: String,
    },
    /// The content of a file is valid but not supported.
    #[error("{what}")]
    Unsupported {
        /// What was found, and what to do.
        what: String,
    },
    /// A file in none of the supported formats.
    #[error(
        "not a format known here{detail}. Known are .h5ad, AnnData in .zarr, 10x .h5 (v2 and v3), 10x \
         matrix folders, .h5 with X and Y, and CSV/TSV tables (cells x genes, names in the header \
         row and first column), the text formats also gzipped"
    )]
    UnknownFormat {
        /// What was found instead, in brackets or after a comma; may be empty.
        detail: String,
    },
    /// A line of a text format that cannot be read.
    #[error("line {line}: {what}")]
    Line {
        /// One-based line number.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The operating system returned an error.
    #[error("cannot {action}: {source}")]
    Io {
        /// The attempted action, as a verb.
        action: &'static str,
        /// The reason.
        source: std::io::Error,
    },
    /// An error together with the file it belongs to.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<DataError>,
    },
}

impl DataError {
    /// Adds the path of the file. An error that already has a path stays as it is.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::File { .. } => self,
            other => Self::File { path: path.into(), source: Box::new(other) },
        }
    }

    /// The same error once more, of an object that is read several times.
    #[cfg(feature = "zarr")]
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Unsupported { what } => Self::unsupported(what),
            Self::Damaged { what } => Self::damaged(what),
            other => Self::damaged(other.to_string()),
        }
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }

    pub(crate) fn io(action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { action, source }
    }

    /// The error without the path of the file, to match on.
    pub fn cause(&self) -> &Self {
        match self {
            Self::File { source, .. } => source.cause(),
            other => other,
        }
    }
}
