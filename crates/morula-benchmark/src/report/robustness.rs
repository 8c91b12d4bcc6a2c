//! Curves of the ARI against the strength of a perturbation.

use super::selection::{ARI, Selection, distinct};
use crate::method::{KMode, Method};
use crate::plan::ORIGINAL;
use crate::variant::DEFAULT;

/// One kind of perturbation.
pub struct Curves {
    /// `dropout`, `noise` or `downsampled`.
    pub kind: String,
    /// Levels from the unchanged counts to the strongest perturbation.
    pub levels: Vec<f64>,
    pub curves: Vec<Curve>,
}

/// One method.
pub struct Curve {
    pub method: Method,
    pub k: KMode,
    /// Data sets with a seed that has a run at every level; the others are left out.
    pub n_datasets: usize,
    /// Mean ARI over data sets, per level.
    pub ari: Vec<f64>,
}

/// One set of curves per kind of perturbation.
pub fn curves(rows: &Selection<'_>) -> Vec<Curves> {
    let rows = rows.filter(|row| row.variant == DEFAULT);
    let perturbed = rows.filter(|row| row.counts != ORIGINAL);
    let kinds = distinct(perturbed.rows().iter().filter_map(|row| row.counts.split(' ').next()));
    kinds.into_iter().map(|kind| of_kind(kind, &rows)).collect()
}

fn of_kind(kind: &str, rows: &Selection<'_>) -> Curves {
    let level = |counts: &str| counts.strip_prefix(kind)?.trim().parse::<f64>().ok();
    // Down-sampling to 1 changes nothing, and neither does dropout or noise of 0.
    let mildest = if kind == "downsampled" { 1.0 } else { 0.0 };
    let mut levels: Vec<f64> = rows.rows().iter().filter_map(|row| level(&row.counts)).collect();
    levels.push(mildest);
    levels.sort_by(|a, b| (a - mildest).abs().total_cmp(&(b - mildest).abs()));
    levels.dedup();

    let mut curves = Vec::new();
    let pairs = distinct(rows.rows().iter().map(|row| (row.method, row.k)));
    for (method, k) in pairs {
        let own = rows.method(method).mode(k);
        let at = |run: &Selection<'_>, wanted: f64| {
            run.filter(|row| match wanted == mildest {
                true => row.counts == ORIGINAL,
                false => level(&row.counts) == Some(wanted),
            })
            .stat(ARI)
        };
        // Only seeds with a run at every level, so that levels differ in nothing else.
        let of_dataset = |name: &&str| {
            let rows = own.dataset(name);
            let seeds = distinct(rows.rows().iter().map(|row| row.seed)).into_iter();
            let runs = seeds.filter_map(|seed| {
                let run = rows.filter(|row| row.seed == seed);
                levels.iter().map(|&l| Some(at(&run, l)?.mean)).collect()
            });
            mean(&runs.collect::<Vec<_>>())
        };
        let complete: Vec<Vec<f64>> = own.datasets().iter().filter_map(of_dataset).collect();
        if let Some(ari) = mean(&complete) {
            curves.push(Curve { method, k, n_datasets: complete.len(), ari });
        }
    }
    Curves { kind: kind.into(), levels, curves }
}

/// The mean of some curves, level by level.
fn mean(curves: &[Vec<f64>]) -> Option<Vec<f64>> {
    let at = |l: usize| curves.iter().map(|curve| curve[l]).sum::<f64>() / curves.len() as f64;
    Some((0..curves.first()?.len()).map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::model;
    use crate::row::Row;
    use crate::row::tests::row;

    fn perturbed(dataset: &str, counts: &str, ari: f64) -> Row {
        let mut row = row(dataset, model(), 0, ari);
        row.counts = counts.into();
        row
    }

    #[test]
    fn only_seeds_with_every_level_count() {
        let mut other = perturbed("a", ORIGINAL, 0.2);
        other.seed = 1;
        let rows = [perturbed("a", ORIGINAL, 0.8), perturbed("a", "noise 1", 0.6), other];
        assert_eq!(curves(&Selection::scored(&rows))[0].curves[0].ari, [0.8, 0.6]);
    }

    #[test]
    fn only_data_sets_with_every_level_count() {
        let rows = [
            perturbed("a", ORIGINAL, 0.8),
            perturbed("a", "dropout 0.1", 0.6),
            perturbed("a", "dropout 0.2", 0.5),
            perturbed("b", ORIGINAL, 0.4),
            perturbed("b", "dropout 0.1", 0.2),
            perturbed("b", "downsampled 0.5", 0.1),
        ];
        let all = curves(&Selection::scored(&rows));
        assert_eq!(all.len(), 2);
        let (down, drop) = (&all[0], &all[1]);
        assert_eq!((down.kind.as_str(), &down.levels[..]), ("downsampled", &[1.0, 0.5][..]));
        assert_eq!((down.curves[0].n_datasets, &down.curves[0].ari[..]), (1, &[0.4, 0.1][..]));
        assert_eq!((drop.kind.as_str(), &drop.levels[..]), ("dropout", &[0.0, 0.1, 0.2][..]));
        assert_eq!((drop.curves[0].n_datasets, &drop.curves[0].ari[..]), (1, &[0.8, 0.6, 0.5][..]));
    }
}
