//! Whether the confidence is the accuracy.

use super::batches;
use super::selection::{Selection, distinct};
use super::table::{Table, or_dash};
use crate::method::{KMode, Method};
use crate::score::{BINS, Reliability};

/// Accuracy by confidence over all data sets and seeds, without and with batches.
pub fn section(rows: &Selection<'_>) -> String {
    let Some(tables) = batches::without_and_with(rows, table) else { return String::new() };
    format!(
        "## Reliability\n\nCells of all data sets and seeds, by confidence. Accuracy: the share of \
         cells in the cluster that the best one-to-one matching assigns to their type. Off by: the \
         mean over cells of the distance between the confidence and the accuracy of their \
         bin.\n\n{tables}\n"
    )
}

/// A row per bin of the confidence; none where no method has a confidence.
fn table(rows: &Selection<'_>) -> Option<String> {
    let all = pooled(rows);
    if all.is_empty() {
        return None;
    }
    let names = all.iter().flat_map(|(method, k, _)| {
        let method = format!("{method}, K {k}");
        [format!("{method}: cells"), "confidence".into(), "accuracy".into()]
    });
    let mut table = Table::new(["bin".to_string()].into_iter().chain(names));
    for bin in 0..BINS {
        let cells = all.iter().flat_map(|(_, _, bins)| {
            let n = bins.cells[bin];
            let share = |sum: f64| or_dash((n > 0).then(|| format!("{:.3}", sum / n as f64)));
            [n.to_string(), share(bins.confidence[bin]), share(bins.correct[bin] as f64)]
        });
        table.row([range(bin)].into_iter().chain(cells));
    }
    let error = all.iter().flat_map(|(_, _, bins)| {
        ["-".into(), "off by".into(), format!("**{:.3}**", calibration_error(bins))]
    });
    table.row(["mean".to_string()].into_iter().chain(error));
    Some(table.markdown())
}

/// The range of a bin.
pub fn range(bin: usize) -> String {
    let [low, high] = [bin, bin + 1].map(|edge| edge as f64 / BINS as f64);
    format!("{low:.1} to {high:.1}")
}

/// The bins of every method with a confidence, over data sets and seeds.
pub fn pooled(rows: &Selection<'_>) -> Vec<(Method, KMode, Reliability)> {
    let mut all = Vec::new();
    for (method, k) in distinct(rows.rows().iter().map(|row| (row.method, row.k))) {
        all.extend(bins(&rows.method(method).mode(k)).map(|bins| (method, k, bins)));
    }
    all
}

/// The sums of the bins over runs; none where no run has a confidence.
pub fn bins(rows: &Selection<'_>) -> Option<Reliability> {
    let all = rows.rows().iter().filter_map(|row| row.reliability());
    all.reduce(|mut sum, bins| {
        for bin in 0..BINS {
            sum.cells[bin] += bins.cells[bin];
            sum.correct[bin] += bins.correct[bin];
            sum.confidence[bin] += bins.confidence[bin];
        }
        sum
    })
}

/// Expected calibration error (Naeini et al. 2015): `sum_b |correct_b - confidence_b| / n`.
fn calibration_error(bins: &Reliability) -> f64 {
    let off = bins.correct.iter().zip(&bins.confidence).map(|(&c, p)| (c as f64 - p).abs());
    off.sum::<f64>() / bins.cells.iter().sum::<usize>().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::model;
    use crate::row::tests::row;

    #[test]
    fn reliability_pools_cells() {
        let mut rows = [row("a", model(), 0, 0.7), row("b", model(), 0, 0.7)];
        for row in &mut rows {
            row.bin_cells = "0;".repeat(8) + "10;30";
            row.bin_correct = "0;".repeat(8) + "5;27";
            row.bin_confidence = "0;".repeat(8) + "8.5;29";
        }
        let pooled = pooled(&Selection::scored(&rows));
        assert_eq!((pooled[0].2.cells[9], pooled[0].2.correct[8]), (60, 10));
        // |10 - 17| + |54 - 58| over 80 cells.
        assert!((calibration_error(&pooled[0].2) - 11.0 / 80.0).abs() < 1e-12);
        let text = section(&Selection::scored(&rows));
        assert!(text.contains("| 0.8 to 0.9 | 20 | 0.850 | 0.500 |"), "{text}");
        assert!(text.contains("| 0.0 to 0.1 | 0 | - | - |"), "{text}");
        assert!(!text.contains("With the batches"), "{text}");

        // With batches, data set b does better; a has no batches.
        let mut with = rows[1].clone();
        with.variant = "batches of plate".into();
        with.bin_correct = "0;".repeat(8) + "9;27";
        let rows = [rows[0].clone(), rows[1].clone(), with];
        let text = section(&Selection::scored(&rows));
        for bin in ["| 0.8 to 0.9 | 20 | 0.850 | 0.500 |", "| 0.8 to 0.9 | 20 | 0.850 | 0.700 |"] {
            assert!(text.contains(bin), "{text}");
        }
    }
}
