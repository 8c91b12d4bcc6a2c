//! Scores of embeddings.

use super::batches;
use super::selection::{BATCHES, EMBEDDING, Measure, Selection};
use super::table::{Table, or_dash};
use crate::method::KMode;

/// Methods x scores of their embeddings, without and with batches.
pub fn section(rows: &Selection<'_>) -> String {
    let Some(tables) = batches::without_and_with(rows, tables) else { return String::new() };
    format!(
        "## Embeddings\n\nScores of what a method clusters, whatever its clusters: the embedding of \
         a model, the components of a baseline. kNN: accuracy and macro F1 of the votes of the 15 \
         nearest cells. cLISI: 1 where neighbourhoods have one type. Connectivity: mean share of a \
         type's cells that are connected. Then ARI: of k-means with as many clusters as types; of \
         Leiden, the best of 14 resolutions (chosen by the labels) and their mean; and of the models' \
         clustering method on the embedding alone, K given and found. Embeddings do not depend on \
         K: the rows are those of K given, or else of K found. On data sets with batches a second \
         table has the votes of the 15 nearest cells of other batches, iLISI (1 where neighbourhoods \
         mix the batches) and batch ASW (1 where types do).\n\n{tables}\n"
    )
}

fn tables(rows: &Selection<'_>) -> Option<String> {
    let types = table(rows, &EMBEDDING)?;
    match table(rows, &BATCHES) {
        Some(batches) => Some(format!("{types}\n{batches}")),
        None => Some(types),
    }
}

/// Means over data sets; none where no method has a score.
fn table(rows: &Selection<'_>, measures: &[Measure]) -> Option<String> {
    let names = measures.iter().map(|measure| measure.name);
    let mut table = Table::new(["method"].into_iter().chain(names).chain(["data sets"]));
    let mut any = false;
    for method in rows.methods() {
        let own = rows.method(method);
        let given = own.mode(KMode::Given);
        let own = if given.is_empty() { own } else { given };
        let stats: Vec<_> = measures.iter().map(|&measure| own.over_datasets(measure)).collect();
        let Some(n) = stats.iter().flatten().map(|stat| stat.n).max() else { continue };
        any = true;
        let cells = stats.iter().zip(measures);
        let cells = cells.map(|(stat, measure)| or_dash(stat.map(|s| s.text(measure.digits))));
        table.row([method.to_string()].into_iter().chain(cells).chain([n.to_string()]));
    }
    any.then(|| table.markdown())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::{KMEANS, LEIDEN, model};
    use crate::row::Row;
    use crate::row::tests::row;
    use crate::variant::batches_of;

    #[test]
    fn rows_with_k_given_count_or_else_those_with_k_found() {
        let found = |mut row: Row| {
            row.k = KMode::Auto;
            row
        };
        let mut sparse = row("b", KMEANS, 0, 0.5);
        sparse.clisi = None;
        let rows = [
            row("a", model(), 0, 0.25),
            found(row("a", model(), 0, 0.75)),
            found(row("a", LEIDEN, 0, 0.5)),
            row("a", KMEANS, 0, 0.25),
            sparse,
        ];
        let text = section(&Selection::scored(&rows));
        let line = |method: &str, scores: &[&str]| {
            let line = format!("| {method} | {} |", scores.join(" | "));
            assert!(text.contains(&line), "no {line}\n{text}");
        };
        line("jojoscl", &[&["0.250"; 9][..], &["1"]].concat());
        line("leiden", &[&["0.500"; 9][..], &["1"]].concat());
        line("pca-kmeans", &[&["0.375"; 2][..], &["0.250"], &["0.375"; 6], &["2"]].concat());
        assert!(!text.contains("| iLISI |") && !text.contains("With the batches"), "{text}");
        assert_eq!(section(&Selection::scored(&[])), "");
    }

    #[test]
    fn mixing_stands_beside_the_scores_of_types_without_and_with_batches() {
        let mixed = |variant: &str, ilisi: f64| {
            let mut row = row("a", KMEANS, 0, 0.5);
            (row.variant, row.ilisi, row.across_acc) = (variant.into(), Some(ilisi), Some(0.5));
            row
        };
        let rows = [mixed("default", 0.25), mixed(&batches_of("plate"), 0.75)];
        let text = section(&Selection::scored(&rows));
        let [without, with] = ["| 0.500 | - | 0.250 | - | 1 |", "| 0.500 | - | 0.750 | - | 1 |"];
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part}\n{text}"));
        assert!(at(without) < at("With the batches in `plate`") && at("`plate`") < at(with));
    }
}
