//! What methods make of it when they are told which batch every cell is from.

use std::fmt::Write;

use super::selection::{ARI, Selection, distinct};
use super::table::{Table, or_dash};
use crate::commands::benchmark::plan::ORIGINAL;
use crate::commands::benchmark::variant::{DEFAULT, batch_column};

/// ARI with batches told, and without in brackets, of data sets that have batches; the mean is over
/// all data sets, those without batches as they are.
pub fn section(rows: &Selection<'_>) -> String {
    let rows = rows.filter(|row| row.counts == ORIGINAL);
    let told = rows.filter(|row| batch_column(&row.variant).is_some());
    let mut text = String::new();
    for (variant, k) in distinct(told.rows().iter().map(|row| (row.variant.as_str(), row.k))) {
        let own = rows.mode(k);
        let told = own.filter(|row| row.variant == variant);
        let untold = own.filter(|row| row.variant == DEFAULT);
        // As they are where there are no batches.
        let names = told.datasets();
        let all = own.filter(|row| match names.contains(&row.dataset.as_str()) {
            true => row.variant == variant,
            false => row.variant == DEFAULT,
        });
        let methods = told.methods();
        let header = methods.iter().map(ToString::to_string);
        let mut table = Table::new(["data set".to_string()].into_iter().chain(header));
        let both = |told: &Selection<'_>, untold: &Selection<'_>| {
            let stat = |rows: &Selection<'_>| rows.over_datasets(ARI).map(|stat| stat.text(3));
            format!("{} ({})", or_dash(stat(told)), or_dash(stat(untold)))
        };
        for name in &names {
            let cells = methods.iter().map(|&method| {
                both(&told.method(method).dataset(name), &untold.method(method).dataset(name))
            });
            table.row([name.to_string()].into_iter().chain(cells));
        }
        let means = methods.iter().map(|&m| both(&all.method(m), &untold.method(m)));
        let n = own.datasets().len();
        table.row([format!("**mean of all {n}**")].into_iter().chain(means));
        let column = batch_column(variant).unwrap_or_default();
        let _ = writeln!(text, "Batches of `{column}`, K {k}:\n\n{}", table.markdown());
    }
    match text.is_empty() {
        true => text,
        false => format!(
            "## Batches told\n\nARI where methods are told which batch every cell is from, and in \
             brackets where they are not, as everywhere else on this page. Data sets without \
             batches enter the mean as they are. Baselines look at components that Harmony has \
             corrected.\n\n{text}"
        ),
    }
}
