//! Marker lists in tables: CSV, TSV, and CSV with semicolons.

use ::csv::{ReaderBuilder, StringRecord};

use super::filter::{Columns, Kept};
use super::{ListFilter, MarkerLists, name};
use crate::{MarkersError, Result};

/// The separators of columns.
const SEPARATORS: [char; 3] = ['\t', ';', ','];

/// The separator of a header that names both columns.
pub(super) fn separator(header: &str) -> Option<char> {
    let has = |separator: char, wanted: &str| {
        header.split(separator).any(|field| is(field.trim().trim_matches('"'), wanted))
    };
    let any = |s, names: &[&str]| names.iter().any(|name| has(s, name));
    SEPARATORS.into_iter().find(|&s| any(s, &Columns::TYPE) && any(s, &Columns::GENE))
}

pub(super) fn parse(text: &str, separator: char, filter: &ListFilter) -> Result<MarkerLists> {
    let mut builder = ReaderBuilder::new();
    let builder = builder.flexible(true).comment(Some(b'#')).delimiter(separator as u8);
    let mut reader = builder.from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| MarkersError::line(1, e.to_string()))?.clone();
    let position = |wanted: &str| header.iter().position(|h| is(h, wanted));
    let column = |names: &[&str]| {
        names.iter().find_map(|name| position(name)).ok_or_else(|| {
            let found: Vec<&str> = header.iter().take(5).collect();
            let found = found.join(",").chars().take(60).collect::<String>();
            let (wanted, want) = (names[0], "a list has a header with the columns type,gene");
            MarkersError::line(1, format!("no column {wanted:?} in {found:?}; {want}"))
        })
    };
    let columns = [column(&Columns::TYPE)?, column(&Columns::GENE)?];
    let sign = position(Columns::SIGN);
    let mut kept = Kept::new(filter, position)?;
    // Databases list several genes in a field, and have rows without a gene.
    let database = !is(&header[columns[1]], Columns::GENE[0]);
    let mut pairs = Vec::new();
    let mut record = StringRecord::new();
    loop {
        let start = reader.position().byte() as usize;
        let more = reader.read_record(&mut record);
        if !more.map_err(|e| MarkersError::line(line_at(text, start), e.to_string()))? {
            break;
        }
        let line = || line_at(text, start);
        if record.iter().skip(header.len()).any(|field| !field.trim().is_empty()) {
            let (found, expected) = (record.len(), header.len());
            let what = format!(
                "{found} columns, but the header has {expected}; write the list without row names \
                 (in R: row.names = FALSE)"
            );
            return Err(MarkersError::line(line(), what));
        }
        let cell = |at: usize, what: &str| {
            let text = record.get(at).ok_or_else(|| {
                let found = format!("{} of {} columns", record.len(), header.len());
                MarkersError::line(line(), format!("the {what} is missing: {found}"))
            })?;
            name(text, what, line).map(str::to_string)
        };
        if !kept.row(&record) {
            continue;
        }
        if database {
            let Some(cell_type) = record.get(columns[0]).map(str::trim) else { continue };
            let genes = record.get(columns[1]).unwrap_or_default();
            let genes = genes.split([',', '[', ']']).map(str::trim);
            let genes = genes.filter(|gene| !gene.is_empty() && *gene != "NA");
            pairs.extend(genes.map(|gene| (cell_type.to_string(), gene.to_string())));
            continue;
        }
        let (cell_type, gene) = (cell(columns[0], "type")?, cell(columns[1], "gene")?);
        let negative = match sign.and_then(|at| record.get(at)).map(str::trim) {
            None | Some("" | "+") => false,
            Some("-") => true,
            Some(other) => {
                let other: String = other.chars().take(20).collect();
                let what = format!("the sign {other:?} is neither + nor -");
                return Err(MarkersError::line(line(), what));
            }
        };
        pairs.push((cell_type, if negative { format!("-{gene}") } else { gene }));
    }
    match pairs.is_empty() {
        true if kept.left_out > 0 => Err(kept.none()),
        _ => MarkerLists::new(pairs),
    }
}

/// Whether a column has this name.
fn is(field: &str, wanted: &str) -> bool {
    field.trim().eq_ignore_ascii_case(wanted)
}

/// Number of the line on which the record at byte `start` begins: blank lines and comments are not
/// records.
fn line_at(text: &str, start: usize) -> u64 {
    let (before, after) = text.as_bytes().split_at(start.min(text.len()));
    let skipped = |line: &&[u8]| line.trim_ascii().is_empty() || line.starts_with(b"#");
    let after = after.split(|&b| b == b'\n').take_while(skipped).count() as u64;
    1 + before.iter().filter(|&&b| b == b'\n').count() as u64 + after
}
