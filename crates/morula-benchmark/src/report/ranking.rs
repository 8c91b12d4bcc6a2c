//! Whether the confidence ranks cells; every data set has the same weight.

use super::batches;
use super::reliability::{bins, range};
use super::selection::{Selection, distinct};
use super::stat::Stat;
use super::table::{Table, or_dash};
use crate::method::{KMode, Method};
use crate::score::{BINS, Reliability};

/// Accuracy by confidence and area under the curve, without and with batches.
pub fn section(rows: &Selection<'_>) -> String {
    let Some(tables) = batches::without_and_with(rows, tables) else { return String::new() };
    format!(
        "## Reliability, data sets weighted equally\n\nAbove, a data set weighs as much as it has \
         cells and runs. Here every data set has the same weight. The first table has the accuracy \
         of a bin: the sum over data sets of their share of cells that are in the bin and correct, \
         divided by the sum of their share of cells in the bin. The second has the area under the \
         ROC curve, by bins: the probability that a correct cell has a higher confidence than a \
         wrong cell of the same data set (.5 is chance, 1 a perfect ranking).\n\n{tables}\n"
    )
}

/// A method with K given or found.
struct Column<'a> {
    name: String,
    /// The bins of every data set, over seeds.
    sets: Vec<(&'a str, Reliability)>,
}

impl<'a> Column<'a> {
    /// None for a method without confidence.
    fn of(rows: &Selection<'a>, method: Method, k: KMode) -> Option<Self> {
        let rows = rows.method(method).mode(k);
        let names = rows.datasets().into_iter();
        let sets: Vec<_> =
            names.filter_map(|name| Some((name, bins(&rows.dataset(name))?))).collect();
        (!sets.is_empty()).then(|| Self { name: format!("{method}, K {k}"), sets })
    }
}

fn tables(rows: &Selection<'_>) -> Option<String> {
    let pairs = distinct(rows.rows().iter().map(|row| (row.method, row.k))).into_iter();
    let columns: Vec<Column<'_>> =
        pairs.filter_map(|(method, k)| Column::of(rows, method, k)).collect();
    if columns.is_empty() {
        return None;
    }
    let header = |first: &str| {
        let names = columns.iter().map(|column| column.name.clone());
        Table::new([first.to_string()].into_iter().chain(names))
    };
    let number = |value: Option<f64>| or_dash(value.map(|value| format!("{value:.3}")));

    let mut accuracies = header("bin");
    for bin in 0..BINS {
        let cells = columns.iter().map(|column| number(accuracy(&column.sets, bin)));
        accuracies.row([range(bin)].into_iter().chain(cells));
    }

    let mut areas = header("area under the curve");
    for name in rows.datasets() {
        let set = |column: &Column<'_>| {
            let set = column.sets.iter().find(|set| set.0 == name)?;
            area(&set.1)
        };
        let cells = columns.iter().map(|column| number(set(column)));
        areas.row([name.to_string()].into_iter().chain(cells));
    }
    let means = columns.iter().map(|column| {
        let areas: Vec<f64> = column.sets.iter().filter_map(|set| area(&set.1)).collect();
        number(Stat::of(&areas).map(|stat| stat.mean))
    });
    areas.row(["**mean**".to_string()].into_iter().chain(means));
    Some(format!("{}\n{}", accuracies.markdown(), areas.markdown()))
}

/// `(sum_d correct_db / n_d) / (sum_d cells_db / n_d)`; none for a bin without cells.
fn accuracy(sets: &[(&str, Reliability)], bin: usize) -> Option<f64> {
    let share = |of: fn(&Reliability) -> &[usize; BINS]| -> f64 {
        let shares = sets
            .iter()
            .map(|(_, set)| of(set)[bin] as f64 / set.cells.iter().sum::<usize>().max(1) as f64);
        shares.sum()
    };
    let cells = share(|set| &set.cells);
    (cells > 0.0).then(|| share(|set| &set.correct) / cells)
}

/// `P(confidence of a correct cell > confidence of a wrong cell)`, where a tie (both in one bin)
/// counts half; none where all cells are correct or all are wrong.
fn area(set: &Reliability) -> Option<f64> {
    let [mut wrong_below, mut above] = [0.0; 2];
    let mut right = 0.0;
    for bin in 0..BINS {
        let r = set.correct[bin] as f64;
        let w = (set.cells[bin] - set.correct[bin]) as f64;
        above += r * (wrong_below + w / 2.0);
        wrong_below += w;
        right += r;
    }
    (right * wrong_below > 0.0).then(|| above / (right * wrong_below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::{LEIDEN, model};
    use crate::row::Row;
    use crate::row::tests::row;

    fn with_bins(mut row: Row, cells: &str, correct: &str) -> Row {
        row.bin_cells = "0;".repeat(8) + cells;
        row.bin_correct = "0;".repeat(8) + correct;
        row.bin_confidence = "0;".repeat(8) + "1;1";
        row
    }

    #[test]
    fn a_large_data_set_weighs_as_a_small_one() {
        // a: 2 of 4 right below, 6 of 6 above; b, a hundred times as many cells: 100 of 200, 200 of 800.
        let rows = [
            with_bins(row("a", model(), 0, 0.7), "4;6", "2;6"),
            with_bins(row("b", model(), 0, 0.7), "200;800", "100;200"),
        ];
        let rows = Selection::scored(&rows);
        let sets = Column::of(&rows, model(), KMode::Given).unwrap().sets;
        // (.2 + .1) / (.4 + .2) and (.6 + .2) / (.6 + .8).
        assert!((accuracy(&sets, 8).unwrap() - 0.5).abs() < 1e-12);
        assert!((accuracy(&sets, 9).unwrap() - 0.8 / 1.4).abs() < 1e-12);
        assert_eq!(accuracy(&sets, 0), None);
        // a: 8 right, 2 wrong: 2 x (1/2) x 2 + 6 x 2 = 14 of 16.
        // b: 300 right, 700 wrong: 100 x 50 + 200 x (100 + 300) = 85 000 of 210 000.
        assert!((area(&sets[0].1).unwrap() - 14.0 / 16.0).abs() < 1e-12);
        assert!((area(&sets[1].1).unwrap() - 85.0 / 210.0).abs() < 1e-12);
        let text = section(&rows);
        assert!(text.contains("| 0.9 to 1.0 | 0.571 |"), "{text}");
        assert!(text.contains("| a | 0.875 |"), "{text}");
        assert!(text.contains("| **mean** | 0.640 |"), "{text}");
    }

    #[test]
    fn no_area_where_all_are_right() {
        let rows = [with_bins(row("a", model(), 0, 1.0), "0;5", "0;5")];
        let text = section(&Selection::scored(&rows));
        assert!(text.contains("| a | - |") && text.contains("| **mean** | - |"), "{text}");
        assert_eq!(section(&Selection::scored(&[row("a", LEIDEN, 0, 1.0)])), "");
    }
}
