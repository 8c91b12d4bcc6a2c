//! How a file is read.

use super::Format;
use crate::{DataError, Result};

/// Choices of a reader. The default reads `X` as it is.
///
/// ```
/// use morula_data::{ReadOptions, read_counts_with};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("genes_in_rows.csv");
/// std::fs::write(&path, ",cell1,cell2\nCD3E,1,0\nCD4,2.75,4\n")?;
/// let options = ReadOptions::new().transpose(true).round(true);
/// let counts = read_counts_with(&path, &options)?;
/// assert_eq!(counts.x().to_dense(), [1.0, 3.0, 0.0, 4.0]);
/// assert_eq!(counts.n_rounded(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadOptions {
    pub(crate) layer: Option<String>,
    pub(crate) transpose: bool,
    pub(crate) round: bool,
}

impl ReadOptions {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// The matrix of counts: `None` or `"X"`, `"raw"`, or the name of a layer.
    pub fn layer(mut self, layer: Option<&str>) -> Self {
        self.layer = layer.map(str::to_string);
        self
    }

    /// Reads a table that has genes in its rows and cells in its columns.
    pub fn transpose(mut self, transpose: bool) -> Self {
        self.transpose = transpose;
        self
    }

    /// Rounds fractional counts; see [`CountMatrix::round`](crate::CountMatrix::round).
    pub fn round(mut self, round: bool) -> Self {
        self.round = round;
        self
    }

    pub(super) fn check(&self, format: Format) -> Result<()> {
        if !self.transpose || format == Format::Table {
            return Ok(());
        }
        let what = match format {
            Format::TenxMtx | Format::TenxH5 => {
                "only tables can be transposed; a 10x matrix names its cells and genes, so its \
                 orientation is known"
            }
            _ => "only tables can be transposed; in Python: adata.T.write_h5ad(path)",
        };
        Err(DataError::unsupported(what))
    }
}
