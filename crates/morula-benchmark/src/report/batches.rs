//! Scores of methods that get the batch of every cell.

use std::fmt::Write;

use super::selection::{ARI, Selection, distinct};
use super::table::{Table, or_dash};
use crate::plan::ORIGINAL;
use crate::row::Row;
use crate::variant::{DEFAULT, batch_column};

/// Columns of batches that runs used.
fn columns<'a>(rows: &Selection<'a>) -> Vec<&'a str> {
    distinct(rows.rows().iter().filter_map(|row| batch_column(&row.variant)))
}

/// Runs with the batches in a column; where a method has none on a data set, its runs without.
fn with_batches<'a>(rows: &Selection<'a>, column: &str) -> Selection<'a> {
    let rows = rows.filter(|row| row.counts == ORIGINAL);
    let uses = |row: &Row| batch_column(&row.variant) == Some(column);
    let of = |row: &Row| (row.dataset.clone(), row.method, row.k);
    let using = rows.filter(uses).rows().iter().map(|row| of(row)).collect::<Vec<_>>();
    rows.filter(|row| match using.contains(&of(row)) {
        true => uses(row),
        false => row.variant == DEFAULT,
    })
}

/// A text on the runs without batches, then the same text on the runs with batches; none where
/// there is none without.
pub fn without_and_with(
    rows: &Selection<'_>,
    text: impl Fn(&Selection<'_>) -> Option<String>,
) -> Option<String> {
    let mut all = text(&rows.main())?;
    for column in columns(rows) {
        if let Some(text) = text(&with_batches(rows, column)) {
            let _ = write!(
                all,
                "\nWith the batches in `{column}`, on data sets that have them:\n\n{text}"
            );
        }
    }
    Some(all)
}

/// ARI with batches, and in brackets without: of every data set that has batches, and the mean over
/// all data sets.
pub fn section(rows: &Selection<'_>) -> String {
    let without = rows.main();
    let mut text = String::new();
    for column in columns(rows) {
        let with = with_batches(rows, column);
        let names = with.filter(|row| row.variant != DEFAULT).datasets();
        for k in distinct(with.rows().iter().map(|row| row.k)) {
            let [with, without] = [with.mode(k), without.mode(k)];
            let methods = with.filter(|row| row.variant != DEFAULT).methods();
            let header = methods.iter().map(ToString::to_string);
            let mut table = Table::new(["data set".to_string()].into_iter().chain(header));
            let both = |with: &Selection<'_>, without: &Selection<'_>| {
                let stat = |rows: &Selection<'_>| rows.over_datasets(ARI).map(|stat| stat.text(3));
                format!("{} ({})", or_dash(stat(with)), or_dash(stat(without)))
            };
            for name in &names {
                let [with, without] = [with.dataset(name), without.dataset(name)];
                let cells = methods.iter().map(|&m| both(&with.method(m), &without.method(m)));
                table.row([name.to_string()].into_iter().chain(cells));
            }
            let means = methods.iter().map(|&m| both(&with.method(m), &without.method(m)));
            let n = with.datasets().len();
            table.row([format!("**mean of all {n}**")].into_iter().chain(means));
            let _ = writeln!(text, "Batches of `{column}`, K {k}:\n\n{}", table.markdown());
        }
    }
    match text.is_empty() {
        true => text,
        false => format!(
            "## With batches\n\nARI of methods that get the batch of every cell; in brackets, ARI \
             without batches, as elsewhere on this page. The mean includes the data sets that have \
             no batches. Baselines cluster components that Harmony has corrected.\n\n{text}"
        ),
    }
}
