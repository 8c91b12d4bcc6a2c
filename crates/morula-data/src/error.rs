//! What can go wrong with data, told so that the user can mend it.

use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T, E = DataError> = std::result::Result<T, E>;

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
         this looks like {looks_like}. {advice}"
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
        /// Where counts are to be had.
        advice: String,
    },
    /// A cell without a batch, where the others have one.
    #[error("cell {cell} has no batch; give every cell one, for example \"unknown\"")]
    NoBatch {
        /// Name of the cell.
        cell: String,
    },
    /// The matrix asked for is not there.
    #[error("no layer {layer}; this data holds: {}", available.join(", "))]
    MissingLayer {
        /// Name asked for.
        layer: String,
        /// Names one may ask for.
        available: Vec<String>,
    },
    /// The column asked for is not there.
    #[error("no column {column}; there are: {}", available.join(", "))]
    MissingColumn {
        /// Name asked for.
        column: String,
        /// Names one may ask for.
        available: Vec<String>,
    },
    /// A part whose size does not fit the container.
    #[error("{what} has {found}, but the data has {expected}")]
    Shape {
        /// The part.
        what: String,
        /// Its size, in words.
        found: String,
        /// The size it must have, in words.
        expected: String,
    },
    /// A name that cannot be stored.
    #[error("{what} cannot be called {name:?}: {why}")]
    BadName {
        /// Kind of part.
        what: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The content of a file is damaged or contradicts itself.
    #[error("{what}. The file is damaged or incomplete; copy or download it again")]
    Damaged {
        /// What was found where.
        what: String,
    },
    /// The content of a file is sound but not understood.
    #[error("{what}")]
    Unsupported {
        /// What was found, and what to do.
        what: String,
    },
    /// A file that is none of the formats read here.
    #[error(
        "not a format known here{detail}. Known are .h5ad, 10x .h5 (v2 and v3), 10x matrix \
         folders, .h5 with X and Y, and CSV/TSV tables (cells x genes, names in the header \
         row and first column), the text formats also gzipped"
    )]
    UnknownFormat {
        /// What was seen instead, after a comma or in brackets; may be empty.
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
    /// The operating system refused.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The reason given.
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
    /// Names the file an error belongs to; an error that already names one stays as it is.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::File { .. } => self,
            other => Self::File { path: path.into(), source: Box::new(other) },
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

    /// The error without the file's name around it, for telling errors apart.
    pub fn cause(&self) -> &Self {
        match self {
            Self::File { source, .. } => source.cause(),
            other => other,
        }
    }
}
