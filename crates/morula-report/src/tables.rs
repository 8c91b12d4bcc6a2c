//! The tables beside the page, as CSV.

use std::borrow::Cow;

use morula_cluster::evidence;
use morula_data::DataFrame;
use morula_data::text::cell;

use crate::{Result, Run};

/// All tables for which the run has data.
pub(crate) fn all(run: &Run) -> Result<Vec<(&'static str, String)>> {
    let Some(tree) = run.tree.as_ref().filter(|_| !run.splits.is_empty()) else {
        return Ok(Vec::new());
    };
    let splits = evidence::table(tree, &run.splits, &run.clusters)?;
    Ok(vec![("evidence", csv("split", &splits))])
}

/// A table as CSV; `index` is the name of its first column. A missing value is an empty cell.
fn csv(index: &str, table: &DataFrame) -> String {
    let columns: Vec<(&str, Vec<Option<String>>)> =
        table.columns().map(|(name, column)| (name, column.labels())).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = [index].into_iter().chain(columns.iter().map(|column| column.0));
    // Writing to memory does not fail.
    let _ = writer.write_record(header);
    for (row, name) in table.index().iter().enumerate() {
        let values = columns.iter().map(|(_, values)| values[row].as_deref().unwrap_or_default());
        let record = [name.as_str()].into_iter().chain(values).map(cell);
        let _ = writer.write_record(record.map(Cow::into_owned));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
