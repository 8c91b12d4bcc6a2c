//! Marker lists in CSV.

use ::csv::{ReaderBuilder, StringRecord};

use super::{MarkerLists, name};
use crate::{MarkersError, Result};

pub(super) fn parse(text: &str) -> Result<MarkerLists> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| MarkersError::line(1, e.to_string()))?.clone();
    let column = |wanted: &str| {
        let found = header.iter().position(|h| h.trim().eq_ignore_ascii_case(wanted));
        found.ok_or_else(|| {
            let found: Vec<&str> = header.iter().take(5).collect();
            let found = found.join(",").chars().take(60).collect::<String>();
            let want = "a CSV list has a header with the columns type,gene";
            MarkersError::line(1, format!("no column {wanted:?} in {found:?}; {want}"))
        })
    };
    let columns = [column("type")?, column("gene")?];
    let mut pairs = Vec::new();
    let mut record = StringRecord::new();
    loop {
        let start = reader.position().byte() as usize;
        let more = reader.read_record(&mut record);
        if !more.map_err(|e| MarkersError::line(line_at(text, start), e.to_string()))? {
            break;
        }
        let cell = |at: usize, what: &str| {
            let line = || line_at(text, start);
            let text = record.get(at).ok_or_else(|| {
                let found = format!("{} of {} columns", record.len(), header.len());
                MarkersError::line(line(), format!("the {what} is missing: {found}"))
            })?;
            name(text, what, line).map(str::to_string)
        };
        pairs.push((cell(columns[0], "type")?, cell(columns[1], "gene")?));
    }
    MarkerLists::new(pairs)
}

/// Number of the line on which the record at byte `start` begins: blank lines are not records.
fn line_at(text: &str, start: usize) -> u64 {
    let (before, after) = text.as_bytes().split_at(start.min(text.len()));
    let blank = after.iter().take_while(|b| matches!(b, b'\n' | b'\r'));
    1 + before.iter().chain(blank).filter(|&&b| b == b'\n').count() as u64
}
