//! Tables of text: cells x genes, gene names in the header row, cell names in the first column.
//!
//! - The separator is the tab, comma or semicolon that is most frequent in the header, or else the
//!   blank. Lines that begin with `#`, above the header, are comments.
//! - The header may lack the field above the cell names, as R writes it.
//! - The first column holds values where all its fields are numbers, its header is the name of a
//!   gene, and they do not count the rows. The cells are then numbered.
//! - The orientation is never guessed; see [`ReadOptions::transpose`](crate::ReadOptions). A remark
//!   says when names look as if genes were in the rows.

use super::budget::Budget;
use super::text::{self, Limited, MAX_SKIPPED, MAX_SKIPPED_BYTES};
use crate::{AnnData, CsrMatrix, DataError, Result, names, orientation};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Headers of a first column that holds the names of genes, in small letters.
const GENE_HEADERS: [&str; 22] = [
    "gene",
    "genes",
    "gene_id",
    "gene_ids",
    "gene id",
    "geneid",
    "gene_name",
    "gene name",
    "gene_names",
    "gene_symbol",
    "gene symbol",
    "symbol",
    "symbols",
    "hgnc_symbol",
    "entrez",
    "entrez_id",
    "entrezid",
    "entrez_gene_id",
    "ncbi_gene_id",
    "ensembl",
    "ensembl_id",
    "ensembl_gene_id",
];

/// Headers of a first column that holds names, in small letters.
const INDEX_HEADERS: [&str; 22] = [
    "",
    "cell",
    "cells",
    "cell_id",
    "cellid",
    "cell id",
    "cell_name",
    "cellname",
    "id",
    "ids",
    "index",
    "barcode",
    "barcodes",
    "name",
    "names",
    "obs",
    "obs_names",
    "sample",
    "sample_id",
    "unnamed: 0",
    "rownames",
    "row_names",
];

/// Reads a table, and transposes it if asked to.
pub(super) fn read(path: &Path, transpose: bool) -> Result<AnnData> {
    let (separator, mut stream) = open(path)?;
    let budget = Budget::of_file(path)?;
    let blanks = separator == b' ';
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(Limited::new(&mut stream.0, separator));
    let skipped = stream.1;
    let mut record = csv::ByteRecord::new();
    let mut next = |record: &mut csv::ByteRecord| -> Result<Option<u64>> {
        if !reader.read_byte_record(record).map_err(|e| DataError::damaged(e.to_string()))? {
            return Ok(None);
        }
        if blanks {
            *record = squeezed(record);
        }
        Ok(Some(skipped + record.position().map_or(0, csv::Position::line)))
    };
    next(&mut record)?;
    let mut header: Vec<String> = record.iter().map(text).collect();
    budget.take_texts(&header)?;
    let (mut table, mut width) = (Values::new(budget), None);
    while let Some(line) = next(&mut record)? {
        // Words with blanks between them are a table only where the lines fit together.
        if blanks && width.is_none() && ![0, 1].contains(&record.len().wrapping_sub(header.len())) {
            break;
        }
        let bad = |what: String| DataError::Line { line, what };
        // The first row shows whether the header has a field above the names of the cells.
        let width = *width.get_or_insert_with(|| {
            // Blanks before the first gene leave no field.
            if header.len() == record.len() { header.len() - 1 } else { header.len() }
        });
        if record.len() != width + 1 {
            let what = format!("{} fields, but {} were expected", record.len(), width + 1);
            return Err(bad(format!("{what} (a cell name and {width} values)")));
        }
        let gene = |j: usize| &header[header.len() - width + j];
        table.row(&record, |j, field| {
            bad(format!("{:?} in column {} ({}) is no number", text(field), j + 2, gene(j)))
        })?;
    }
    if blanks && width.is_none() {
        return Err(unknown());
    }
    let width = width.unwrap_or(header.len().saturating_sub(1));
    let first = (header.len() > width).then(|| header.remove(0));
    table.finish(first, header, transpose)
}

/// The separator, the content from the header on, and the number of lines before it.
#[expect(clippy::type_complexity)]
fn open(path: &Path) -> Result<(u8, (Box<dyn Read>, u64))> {
    let damaged = |e: std::io::Error| DataError::damaged(e.to_string());
    let mut stream = BufReader::with_capacity(1 << 16, Limited::new(text::open(path)?, b'\n'));
    let (mut header, mut skipped, mut passed) = (Vec::new(), 0, 0);
    while stream.read_until(b'\n', &mut header).map_err(damaged)? > 0 {
        let blank = header.iter().all(|b| matches!(b, b'\r' | b'\n'));
        // A comment, and not a header whose first field is called "#".
        let comment = header.starts_with(b"#")
            && best(&header).is_none_or(|_| {
                header.starts_with(b"##")
                    || header.get(1) == Some(&b' ')
                    || is_comment(&mut stream, &header)
            });
        if !(blank || comment) {
            break;
        }
        passed += header.len();
        header.clear();
        skipped += 1;
        if skipped > MAX_SKIPPED || passed > MAX_SKIPPED_BYTES {
            return Err(DataError::Line { line: skipped, what: text::only_skipped() });
        }
    }
    let separator = best(&header).ok_or_else(unknown)?;
    Ok((separator, (Box::new(std::io::Cursor::new(header).chain(stream)), skipped)))
}

fn unknown() -> DataError {
    DataError::UnknownFormat { detail: " (text, but not a table)".into() }
}

/// Whether a line that begins with `#` has fewer fields than the line after it.
fn is_comment(stream: &mut impl BufRead, line: &[u8]) -> bool {
    let next = stream.fill_buf().unwrap_or_default();
    let next = next.split(|&b| b == b'\n').next().unwrap_or_default();
    match best(next) {
        Some(separator) => {
            let count = |line: &[u8]| line.iter().filter(|&&b| b == separator).count();
            count(line) + 1 < count(next)
        }
        None => false,
    }
}

/// The separator that is most frequent in the header.
fn best(header: &[u8]) -> Option<u8> {
    let header = header.trim_ascii_end();
    let count = |separator: u8| header.iter().filter(|&&b| b == separator).count();
    let best = [b'\t', b',', b';'].into_iter().max_by_key(|&s| count(s)).filter(|&s| count(s) > 0);
    best.or_else(|| (count(b' ') > 0).then_some(b' '))
}

/// A record of a table with blanks as separators: several in a row are one.
fn squeezed(record: &csv::ByteRecord) -> csv::ByteRecord {
    let mut fields = csv::ByteRecord::new();
    record.iter().filter(|field| !field.trim_ascii().is_empty()).for_each(|f| fields.push_field(f));
    fields.set_position(record.position().cloned());
    fields
}

/// The rows read so far.
struct Values {
    budget: Budget,
    cells: Vec<String>,
    /// The first column, while all its fields are numbers.
    numbers: Option<Vec<f64>>,
    indptr: Vec<usize>,
    indices: Vec<u32>,
    data: Vec<f32>,
    inexact: Option<(usize, u32, f64)>,
    n_hidden: usize,
}

impl Values {
    fn new(budget: Budget) -> Self {
        Self {
            budget,
            cells: Vec::new(),
            numbers: Some(Vec::new()),
            indptr: vec![0],
            indices: Vec::new(),
            data: Vec::new(),
            inexact: None,
            n_hidden: 0,
        }
    }

    fn row(
        &mut self,
        record: &csv::ByteRecord,
        bad: impl Fn(usize, &[u8]) -> DataError,
    ) -> Result<()> {
        let name = text(&record[0]);
        self.budget.take_texts(std::slice::from_ref(&name))?;
        let start = self.data.len();
        match number(&record[0]).filter(|v| !v.is_nan()) {
            Some(value) => self.numbers.iter_mut().for_each(|all| all.push(value)),
            None => self.numbers = None,
        }
        self.cells.push(name);
        for (j, field) in record.iter().skip(1).enumerate() {
            let value = number(field).ok_or_else(|| bad(j, field))?;
            if value != 0.0 {
                self.indices.push(j as u32);
                self.data.push(value as f32);
                self.n_hidden += usize::from(CsrMatrix::is_hidden(value));
                if self.inexact.is_none() && CsrMatrix::is_inexact(value) {
                    self.inexact = Some((self.cells.len() - 1, j as u32, value));
                }
            }
        }
        self.indptr.push(self.data.len());
        self.budget.take((self.data.len() - start) as u64 + 2, 8)
    }

    /// `first` is the header of the first column, `None` where the header lacks it.
    fn finish(self, first: Option<String>, genes: Vec<String>, transpose: bool) -> Result<AnnData> {
        let mut remarks = Vec::new();
        if self.cells.is_empty() || genes.is_empty() {
            return Err(DataError::Empty { n_obs: self.cells.len(), n_vars: genes.len() });
        }
        if !transpose {
            numbered_header(&genes)?;
        }
        let (n, mut width) = (self.cells.len(), genes.len());
        let mut parts = (self.indptr, self.indices, self.data);
        let (mut cells, mut genes, mut inexact) = (self.cells, genes, self.inexact);
        let mut n_hidden = self.n_hidden;
        let header = first.as_ref().map(|h| h.to_ascii_lowercase()).unwrap_or_default();
        let of_genes = GENE_HEADERS.contains(&header.as_str());
        if let (true, Some(first)) =
            (of_genes && !transpose && !orientation::are_cells(&cells), &first)
        {
            remarks.push(format!(
                "the header of the first column is {:?}, so genes seem to be in the rows, but rows \
                 are taken for cells; if genes are in the rows, transpose (`--transpose`)",
                names::shown(first)
            ));
        }
        let values = self.numbers.filter(|numbers| {
            let index = of_genes || INDEX_HEADERS.contains(&header.as_str());
            !index && !counts_rows(numbers)
        });
        if let (Some(values), Some(first)) = (values, first) {
            parts = with_first_column(parts, &values);
            inexact = inexact.map(|(i, j, v)| (i, j + 1, v));
            n_hidden += values.iter().filter(|v| CsrMatrix::is_hidden(**v)).count();
            if let Some(i) = values.iter().position(|&v| CsrMatrix::is_inexact(v)) {
                inexact = Some((i, 0, values[i]));
            }
            remarks.push(format!(
                "the first column holds numbers, so it is read as the values of {first}, and the \
                 cells are numbered; if it holds the names of the cells, leave its header empty"
            ));
            genes.insert(0, first);
            cells = names::numbered(n);
            width += 1;
        }
        let mut x = CsrMatrix::new(n, width, parts.0, parts.1, parts.2)?;
        x.set_inexact(inexact);
        x.set_hidden(n_hidden);
        if transpose {
            x = x.transpose();
            std::mem::swap(&mut cells, &mut genes);
        }
        let mut data = AnnData::new(x, cells, names::filled(genes))?;
        data.remarks = remarks;
        Ok(data)
    }
}

/// Whether the numbers count the rows, from 0 or 1.
fn counts_rows(numbers: &[f64]) -> bool {
    let from = |start: usize| (start..).zip(numbers).all(|(i, &v)| v == i as f64);
    from(0) || from(1)
}

/// Refuses a header of numbers, which is the first cell of a table without a header. Columns that
/// are numbered in order are fine.
fn numbered_header(genes: &[String]) -> Result<()> {
    let numbers: Option<Vec<f64>> = genes.iter().map(|g| g.parse().ok()).collect();
    match numbers {
        Some(numbers) if !counts_rows(&numbers) => Err(DataError::Line {
            line: 1,
            what: "this line holds numbers only; the names of the genes are expected there".into(),
        }),
        _ => Ok(()),
    }
}

type Parts = (Vec<usize>, Vec<u32>, Vec<f32>);

/// Compressed rows with a column of `values` before all others.
fn with_first_column((indptr, indices, data): Parts, values: &[f64]) -> Parts {
    let (mut out, mut columns, mut all) = (vec![0], Vec::new(), Vec::new());
    for (row, &value) in indptr.windows(2).zip(values) {
        if value != 0.0 {
            columns.push(0);
            all.push(value as f32);
        }
        columns.extend(indices[row[0]..row[1]].iter().map(|j| j + 1));
        all.extend_from_slice(&data[row[0]..row[1]]);
        out.push(all.len());
    }
    (out, columns, all)
}

fn text(field: &[u8]) -> String {
    text::decode(field).trim().to_string()
}

/// A number. An empty field or `NA` is a missing value: NaN, which is not a count.
fn number(field: &[u8]) -> Option<f64> {
    let field = field.trim_ascii();
    match field {
        b"0" => Some(0.0),
        b"" | b"NA" | b"NaN" | b"nan" => Some(f64::NAN),
        _ => std::str::from_utf8(field).ok()?.parse().ok(),
    }
}
