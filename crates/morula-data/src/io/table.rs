//! Tables in CSV or TSV: cells x genes, gene names in the header row, cell names in the first
//! column.
//!
//! The orientation is never guessed. A table of genes x cells is read as cells with the names of
//! genes, so transpose it first. The separator is the tab, comma or semicolon that is most frequent
//! in the header. The header may lack the field above the cell names, as R writes it.

use super::text::{self, Lines};
use crate::{AnnData, CsrMatrix, DataError, Result};
use std::path::Path;

/// Reads a table.
pub(super) fn read(path: &Path) -> Result<AnnData> {
    let separator = separator(path)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text::open(path)?);
    let mut records = reader.byte_records();
    let line = |record: &csv::ByteRecord| record.position().map_or(0, |p| p.line());
    let header = records.next().transpose().map_err(broken)?.unwrap_or_default();
    let mut genes: Vec<String> = header.iter().map(text).collect();
    let mut width = None;
    let (mut cells, mut indptr, mut indices, mut data) = (vec![], vec![0], vec![], vec![]);
    for record in records {
        let record = record.map_err(broken)?;
        let bad = |what: String| DataError::Line { line: line(&record), what };
        // The first row shows whether the header has a field above the names of the cells.
        let width = *width.get_or_insert_with(|| {
            if genes.len() == record.len() {
                genes.remove(0);
            }
            genes.len()
        });
        if record.len() != width + 1 {
            let what = format!("{} fields, but {} were expected", record.len(), width + 1);
            return Err(bad(format!("{what} (a cell name and {width} values)")));
        }
        cells.push(text(&record[0]));
        for (j, field) in record.iter().skip(1).enumerate() {
            let value = number(field).ok_or_else(|| {
                bad(format!("{:?} in column {} ({}) is no number", text(field), j + 2, genes[j]))
            })?;
            if value != 0.0 {
                indices.push(j as u32);
                data.push(value);
            }
        }
        indptr.push(data.len());
    }
    if cells.is_empty() || genes.is_empty() {
        return Err(DataError::Empty { n_obs: cells.len(), n_vars: genes.len() });
    }
    let x = CsrMatrix::new(cells.len(), genes.len(), indptr, indices, data)?;
    AnnData::new(x, cells, genes)
}

fn separator(path: &Path) -> Result<u8> {
    let mut lines = Lines::open(path)?;
    let header = lines.next()?.unwrap_or_default().as_bytes();
    let count = |separator: u8| header.iter().filter(|&&b| b == separator).count();
    let best = [b'\t', b',', b';'].into_iter().max_by_key(|&s| count(s)).unwrap_or(b',');
    match count(best) {
        0 => Err(DataError::UnknownFormat { detail: " (text, but not a table)".into() }),
        _ => Ok(best),
    }
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim().to_string()
}

/// A number. An empty field or `NA` is a missing value: NaN, which is not a count.
fn number(field: &[u8]) -> Option<f32> {
    let field = field.trim_ascii();
    match field {
        b"0" => Some(0.0),
        b"" | b"NA" | b"NaN" | b"nan" => Some(f32::NAN),
        _ => std::str::from_utf8(field).ok()?.parse().ok(),
    }
}

fn broken(error: csv::Error) -> DataError {
    DataError::damaged(error.to_string())
}
