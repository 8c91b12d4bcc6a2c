//! What methods make of it when they are told which batch every cell is from.

use std::fmt::Write;

use super::selection::{ARI, Selection, distinct};
use super::table::{Table, or_dash};
use crate::plan::ORIGINAL;
use crate::row::Row;
use crate::variant::{DEFAULT, batch_column};

/// Columns of batches that runs were told.
fn columns<'a>(rows: &Selection<'a>) -> Vec<&'a str> {
    distinct(rows.rows().iter().filter_map(|row| batch_column(&row.variant)))
}

/// Runs told the batches in a column, and where a method has none for a data set, those as it is.
fn told<'a>(rows: &Selection<'a>, column: &str) -> Selection<'a> {
    let rows = rows.filter(|row| row.counts == ORIGINAL);
    let is_told = |row: &Row| batch_column(&row.variant) == Some(column);
    let of = |row: &Row| (row.dataset.clone(), row.method, row.k);
    let with_batches = rows.filter(is_told).rows().iter().map(|row| of(row)).collect::<Vec<_>>();
    rows.filter(|row| match with_batches.contains(&of(row)) {
        true => is_told(row),
        false => row.variant == DEFAULT,
    })
}

/// A text on methods as they are, and after it the same where they are told batches; none where
/// there is nothing to say of methods as they are.
pub fn and_told(
    rows: &Selection<'_>,
    text: impl Fn(&Selection<'_>) -> Option<String>,
) -> Option<String> {
    let mut all = text(&rows.main())?;
    for column in columns(rows) {
        if let Some(text) = text(&told(rows, column)) {
            let _ = write!(
                all,
                "\nWith batches of `{column}` told, on data sets that have them:\n\n{text}"
            );
        }
    }
    Some(all)
}

/// ARI with batches told, and without in brackets, of data sets that have batches, and the mean
/// over all data sets.
pub fn section(rows: &Selection<'_>) -> String {
    let untold = rows.main();
    let mut text = String::new();
    for column in columns(rows) {
        let told = told(rows, column);
        let names = told.filter(|row| row.variant != DEFAULT).datasets();
        for k in distinct(told.rows().iter().map(|row| row.k)) {
            let [told, untold] = [told.mode(k), untold.mode(k)];
            let methods = told.filter(|row| row.variant != DEFAULT).methods();
            let header = methods.iter().map(ToString::to_string);
            let mut table = Table::new(["data set".to_string()].into_iter().chain(header));
            let both = |told: &Selection<'_>, untold: &Selection<'_>| {
                let stat = |rows: &Selection<'_>| rows.over_datasets(ARI).map(|stat| stat.text(3));
                format!("{} ({})", or_dash(stat(told)), or_dash(stat(untold)))
            };
            for name in &names {
                let [told, untold] = [told.dataset(name), untold.dataset(name)];
                let cells = methods.iter().map(|&m| both(&told.method(m), &untold.method(m)));
                table.row([name.to_string()].into_iter().chain(cells));
            }
            let means = methods.iter().map(|&m| both(&told.method(m), &untold.method(m)));
            let n = told.datasets().len();
            table.row([format!("**mean of all {n}**")].into_iter().chain(means));
            let _ = writeln!(text, "Batches of `{column}`, K {k}:\n\n{}", table.markdown());
        }
    }
    match text.is_empty() {
        true => text,
        false => format!(
            "## Batches told\n\nARI where methods are told which batch every cell is from, and in \
             brackets where they are not, as elsewhere on this page. Data sets without batches \
             enter the mean as they are. Baselines look at components that Harmony has \
             corrected.\n\n{text}"
        ),
    }
}
