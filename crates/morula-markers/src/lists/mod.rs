//! Marker lists: the genes that identify a cell type.

mod filter;
mod gmt;
mod table;

pub use filter::ListFilter;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use morula_data::read_small;

use crate::{MarkersError, Result};

/// Genes per cell type, in order of the file. No gene repeats within a type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MarkerLists {
    types: Vec<(String, Vec<String>)>,
    /// Genes that each type lacks.
    negative: Vec<Vec<String>>,
}

impl MarkerLists {
    /// Builds the lists from pairs of a type and one of its genes. Repeated pairs count once. A
    /// gene after a hyphen, such as `-CD8A`, is one that the type lacks.
    ///
    /// # Errors
    /// [`MarkersError::NoMarkers`] without pairs.
    pub fn new<T: Into<String>, G: Into<String>>(
        pairs: impl IntoIterator<Item = (T, G)>,
    ) -> Result<Self> {
        let mut lists = Self::default();
        let mut position: HashMap<String, usize> = HashMap::new();
        let mut seen: HashSet<(usize, String)> = HashSet::new();
        for (cell_type, gene) in pairs {
            let (cell_type, gene) = (cell_type.into(), gene.into());
            let at = *position.entry(cell_type).or_insert_with_key(|name| {
                lists.types.push((name.clone(), Vec::new()));
                lists.negative.push(Vec::new());
                lists.types.len() - 1
            });
            if seen.insert((at, gene.clone())) {
                match gene.strip_prefix('-').map(str::trim).filter(|gene| !gene.is_empty()) {
                    Some(gene) => lists.negative[at].push(gene.into()),
                    None => lists.types[at].1.push(gene),
                }
            }
        }
        match lists.types.is_empty() {
            true => Err(MarkersError::NoMarkers),
            false => Ok(lists),
        }
    }

    /// Reads a file: a table if the first line that is not blank names the columns `type` and
    /// `gene`; or else GMT if that line contains a tab.
    ///
    /// Table: a header with these columns (others are ignored), and a row per pair, separated by
    /// commas, semicolons or tabs. A column `sign` with `-` marks genes that the type lacks, as does
    /// a hyphen before the gene. The tables of CellMarker (1 and 2.0) and PanglaoDB are known by
    /// their columns.
    /// Lines that begin with `#` are comments in both.
    /// GMT: a line per type, with its name, a description and its genes, separated by tabs. UTF-8.
    ///
    /// # Errors
    /// An error with the path of the file: [`MarkersError::Line`] for a line that cannot be read,
    /// [`MarkersError::NoMarkers`], [`MarkersError::Io`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_with(path, &ListFilter::default())
    }

    /// [`read`](Self::read) with only some rows of a table; other files have no such rows.
    ///
    /// # Errors
    /// Those of [`read`](Self::read); [`MarkersError::NoRows`] when the filter keeps no row.
    pub fn read_with(path: impl AsRef<Path>, filter: &ListFilter) -> Result<Self> {
        let path = path.as_ref();
        let read = || Self::parse_with(&read_small(path)?, filter);
        read().map_err(|e| MarkersError::File { path: path.into(), source: Box::new(e) })
    }

    /// Reads the content of a file; see [`read`](Self::read).
    ///
    /// # Errors
    /// [`MarkersError::Line`] and [`MarkersError::NoMarkers`].
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Self::parse_with(bytes, &ListFilter::default())
    }

    fn parse_with(bytes: &[u8], filter: &ListFilter) -> Result<Self> {
        let text = str::from_utf8(bytes).map_err(|e| {
            let line = 1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count() as u64;
            MarkersError::line(line, "this is not UTF-8 text; save the list as plain text in UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = text.lines().find(|line| !is_skipped(line));
        let first = first.ok_or(MarkersError::NoMarkers)?;
        match table::separator(first) {
            Some(separator) => table::parse(text, separator, filter),
            None if first.contains('\t') => {
                filter.check_used()?;
                gmt::parse(text)
            }
            // Says which columns are missing.
            None => table::parse(text, ',', filter),
        }
    }

    /// The genes that each type lacks, in order of the types.
    pub fn negative(&self) -> impl ExactSizeIterator<Item = &[String]> {
        self.negative.iter().map(Vec::as_slice)
    }

    /// The types with their genes.
    pub fn types(&self) -> impl ExactSizeIterator<Item = (&str, &[String])> {
        self.types.iter().map(|(name, genes)| (name.as_str(), genes.as_slice()))
    }
}

/// Whether a line is empty or a comment.
fn is_skipped(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// A name without surrounding blanks, or an error with the line.
fn name<'a>(text: &'a str, what: &str, line: impl Fn() -> u64) -> Result<&'a str> {
    let bad = |why: &str| Err(MarkersError::line(line(), format!("the {what} {why}")));
    match text.trim() {
        "" => bad("is empty"),
        text if text.contains('\0') => bad("holds a NUL: this is not a text file"),
        text => Ok(text),
    }
}
