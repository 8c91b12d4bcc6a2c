//! The text of `results.md`.

use std::fmt::Write;

use super::plots::Plot;
use super::robustness::curves;
use super::selection::{ARI, CLUSTERS, COSTS, Measure, SCORES, Selection, distinct};
use super::stat::Stat;
use super::table::{Table, or_dash};
use crate::commands::benchmark::method::{KMode, Method};
use crate::commands::benchmark::plan::ORIGINAL;
use crate::commands::benchmark::score::{BINS, Reliability};
use crate::commands::benchmark::settings::Settings;
use crate::commands::benchmark::store::Row;
use crate::commands::benchmark::variant::DEFAULT;

const MODES: [(KMode, &str); 2] =
    [(KMode::Given, "number of clusters given"), (KMode::Auto, "number of clusters found")];

/// Everything, from the rows alone.
pub fn text(rows: &[Row], settings: &Settings, plots: &[Plot]) -> String {
    let scored = Selection::scored(rows);
    let main = scored.main();
    let mut text = head(&main, settings);
    let show = |text: &mut String, prefix: &str| {
        for plot in plots.iter().filter(|plot| plot.name.starts_with(prefix)) {
            let _ = writeln!(text, "![{}]({}.png)\n", plot.title, plot.name);
        }
    };
    for (k, words) in MODES {
        let rows = main.mode(k);
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(text, "## ARI, {words}\n\n{}", by_dataset(&rows, ARI));
        show(&mut text, &format!("ari_{k}"));
    }
    for (k, words) in MODES {
        let rows = main.mode(k);
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(text, "## All scores, {words}\n\n{}", overall(&rows));
        for measure in SCORES {
            let _ = writeln!(text, "{}:\n\n{}", measure.name, by_dataset(&rows, measure));
        }
    }
    let auto = main.mode(KMode::Auto);
    if !auto.is_empty() {
        let _ = writeln!(text, "## Clusters found\n\n{}", clusters_found(&auto));
    }
    if !main.is_empty() {
        let _ = writeln!(
            text,
            "## Cost\n\nOf the whole process: reading, preprocessing, fitting, scoring.\n"
        );
        for measure in COSTS {
            let _ = writeln!(text, "{}:\n\n{}", measure.name, costs(&main, measure));
        }
    }
    text += &ablations(&scored);
    text += &robustness(&scored);
    show(&mut text, "robustness");
    text += &reliability(&main);
    show(&mut text, "reliability");
    text += &failures(rows);
    text.trim_end().to_string() + "\n"
}

fn head(main: &Selection<'_>, settings: &Settings) -> String {
    let mut table = Table::new(["data set", "cells", "genes", "types"]);
    for name in main.datasets() {
        if let Some(row) = main.dataset(name).rows().first() {
            let numbers = [row.n_cells, row.n_genes, row.n_types].map(|n| n.to_string());
            table.row([name.to_string()].into_iter().chain(numbers));
        }
    }
    let seeds = distinct(main.rows().iter().map(|row| row.seed)).len();
    format!(
        "# Results\n\nWritten by `morula benchmark` from `runs.csv`; nothing here is typed by \
         hand. No label reaches a fit, apart from the number of types where that is said; every \
         run is the last epoch of its seed, and none is chosen. Numbers are means ± standard \
         deviations over the seeds, of which there are up to {seeds}; the last row is the mean over the \
         data sets, with the mean of their standard deviations. Cells without a label are not \
         scored.\n\n{}\n\n{}\n",
        settings.text(),
        table.markdown()
    )
}

/// Data sets x methods, and the mean over data sets.
fn by_dataset(rows: &Selection<'_>, measure: Measure) -> String {
    let methods = rows.methods();
    let mut table = Table::new(header("data set", &methods));
    for name in rows.datasets() {
        let own = rows.dataset(name);
        let cell = |&method: &Method| stat_text(own.method(method).stat(measure), measure);
        table.row([name.to_string()].into_iter().chain(methods.iter().map(cell)));
    }
    let all = rows.datasets().len();
    let cell = |&method: &Method| {
        let stat = rows.method(method).over_datasets(measure);
        let part = match stat {
            Some(stat) if stat.n < all => format!(" ({} of {all} sets)", stat.n),
            _ => String::new(),
        };
        format!("**{}**{part}", stat_text(stat, measure))
    };
    table.row(["**mean**".to_string()].into_iter().chain(methods.iter().map(cell)));
    table.markdown()
}

/// Methods x scores, means over data sets.
fn overall(rows: &Selection<'_>) -> String {
    let measures: Vec<Measure> = [ARI].into_iter().chain(SCORES).collect();
    let names = measures.iter().map(|m| m.name);
    let mut table = Table::new(["method"].into_iter().chain(names).chain(["data sets"]));
    for method in rows.methods() {
        let own = rows.method(method);
        let cells = measures.iter().map(|&m| stat_text(own.over_datasets(m), m));
        let sets = own.datasets().len().to_string();
        table.row([method.to_string()].into_iter().chain(cells).chain([sets]));
    }
    table.markdown()
}

fn clusters_found(rows: &Selection<'_>) -> String {
    let methods = rows.methods();
    let mut table = Table::new(
        ["data set".to_string(), "types".into()]
            .into_iter()
            .chain(methods.iter().map(ToString::to_string)),
    );
    for name in rows.datasets() {
        let own = rows.dataset(name);
        let types = own.rows().first().map(|row| row.n_types.to_string());
        let cells = methods.iter().map(|&m| stat_text(own.method(m).stat(CLUSTERS), CLUSTERS));
        table.row([name.to_string(), or_dash(types)].into_iter().chain(cells));
    }
    table.markdown()
}

fn costs(rows: &Selection<'_>, measure: Measure) -> String {
    let methods = rows.methods();
    let mut table = Table::new(header("data set", &methods));
    for name in rows.datasets() {
        let own = rows.dataset(name);
        let cell = |&method: &Method| stat_text(own.method(method).stat(measure), measure);
        table.row([name.to_string()].into_iter().chain(methods.iter().map(cell)));
    }
    table.markdown()
}

/// Per method: what a variant changes about the ARI, seed by seed.
fn ablations(rows: &Selection<'_>) -> String {
    let rows = rows.filter(|row| row.counts == ORIGINAL);
    let changed = rows.filter(|row| row.variant != DEFAULT);
    let mut text = String::new();
    for (method, k) in distinct(changed.rows().iter().map(|row| (row.method, row.k))) {
        let own = rows.method(method).mode(k);
        let variants = changed.method(method).mode(k);
        let names = variants.datasets();
        let header = ["variant"].into_iter().chain(names.iter().copied()).chain(["mean"]);
        let mut table = Table::new(header);
        for variant in distinct(variants.rows().iter().map(|row| row.variant.as_str())) {
            let stats: Vec<Option<Stat>> =
                names.iter().map(|name| difference(&own.dataset(name), variant)).collect();
            let means: Vec<f64> = stats.iter().flatten().map(|stat| stat.mean).collect();
            let cells = stats.iter().map(|stat| or_dash(stat.map(|stat| stat.signed(3))));
            let mean =
                Stat::of(&means).map(|s| format!("**{}**", Stat { sd: None, ..s }.signed(3)));
            table.row([variant.to_string()].into_iter().chain(cells).chain([or_dash(mean)]));
        }
        let _ = writeln!(text, "{method}, K {k}:\n\n{}", table.markdown());
    }
    match text.is_empty() {
        true => text,
        false => format!(
            "## Ablations\n\nARI with one thing changed minus ARI of the defaults at the same \
             seed, mean ± standard deviation over seeds.\n\n{text}"
        ),
    }
}

/// ARI of a variant minus that of the default, over the seeds that both have.
fn difference(rows: &Selection<'_>, variant: &str) -> Option<Stat> {
    let ari = |name: &str, seed: u64| {
        let own = rows.filter(|row| row.variant == name && row.seed == seed);
        own.values(ARI).first().copied()
    };
    let seeds = distinct(rows.rows().iter().map(|row| row.seed));
    let pairs = seeds.iter().filter_map(|&seed| Some(ari(variant, seed)? - ari(DEFAULT, seed)?));
    Stat::of(&pairs.collect::<Vec<_>>())
}

fn robustness(rows: &Selection<'_>) -> String {
    let mut text = String::new();
    for curves in curves(rows) {
        let levels = curves.levels.iter().map(f64::to_string);
        let header = [curves.kind.clone(), "data sets".into()].into_iter().chain(levels);
        let mut table = Table::new(header);
        for curve in &curves.curves {
            let name = [format!("{}, K {}", curve.method, curve.k), curve.n_datasets.to_string()];
            table.row(name.into_iter().chain(curve.ari.iter().map(|ari| format!("{ari:.3}"))));
        }
        text += &table.markdown();
    }
    match text.is_empty() {
        true => text,
        false => format!(
            "## Robustness\n\nMean ARI over the data sets that have every level. Dropout: every \
             count above 0 is lost with this probability. Noise: every count is multiplied by 1 + \
             level x N(0, 1) and rounded. Downsampled: every molecule is kept with this \
             probability.\n\n{text}"
        ),
    }
}

/// Over all data sets and seeds, how often a cell of some confidence is right.
fn reliability(rows: &Selection<'_>) -> String {
    let all = pooled(rows);
    if all.is_empty() {
        return String::new();
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
        let [low, high] = [bin, bin + 1].map(|edge| edge as f64 / BINS as f64);
        table.row([format!("{low:.1} to {high:.1}")].into_iter().chain(cells));
    }
    let error = all.iter().flat_map(|(_, _, bins)| {
        ["-".into(), "off by".into(), format!("**{:.3}**", calibration_error(bins))]
    });
    table.row(["mean".to_string()].into_iter().chain(error));
    format!(
        "## Reliability\n\nCells of all data sets and seeds by their confidence: how many of them \
         are in the cluster that the best one-to-one matching gives to their type. Off by: the \
         mean over cells of the distance between a bin's confidence and its accuracy.\n\n{}",
        table.markdown()
    )
}

/// The bins of every method that tells its confidence, over data sets and seeds.
pub fn pooled(rows: &Selection<'_>) -> Vec<(Method, KMode, Reliability)> {
    let mut all = Vec::new();
    for (method, k) in distinct(rows.rows().iter().map(|row| (row.method, row.k))) {
        let own = rows.method(method).mode(k);
        let bins = own.rows().iter().filter_map(|row| row.reliability());
        let sum = bins.reduce(|mut sum, bins| {
            for bin in 0..BINS {
                sum.cells[bin] += bins.cells[bin];
                sum.correct[bin] += bins.correct[bin];
                sum.confidence[bin] += bins.confidence[bin];
            }
            sum
        });
        all.extend(sum.map(|bins| (method, k, bins)));
    }
    all
}

/// Expected calibration error (Naeini et al. 2015): `sum_b |correct_b - confidence_b| / n`.
fn calibration_error(bins: &Reliability) -> f64 {
    let off = bins.correct.iter().zip(&bins.confidence).map(|(&c, p)| (c as f64 - p).abs());
    off.sum::<f64>() / bins.cells.iter().sum::<usize>().max(1) as f64
}

fn failures(rows: &[Row]) -> String {
    let mut table = Table::new(["run", "seed", "why"]);
    let failed: Vec<&Row> = rows.iter().filter(|row| !row.error.is_empty()).collect();
    for row in &failed {
        let Row { dataset, method, k, variant, counts, .. } = row;
        let run = format!("{dataset}, {method}, K {k}, {variant}, {counts}");
        table.row([run, row.seed.to_string(), row.error.clone()]);
    }
    match failed.is_empty() {
        true => String::new(),
        false => format!("## Failed runs\n\nIn no table above.\n\n{}", table.markdown()),
    }
}

fn header(first: &str, methods: &[Method]) -> Vec<String> {
    [first.to_string()].into_iter().chain(methods.iter().map(ToString::to_string)).collect()
}

fn stat_text(stat: Option<Stat>, measure: Measure) -> String {
    or_dash(stat.map(|stat| stat.text(measure.digits)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::benchmark::store::tests::row;

    fn settings() -> Settings {
        Settings {
            version: "0".into(),
            device: "cpu".into(),
            threads: 1,
            parameters: Default::default(),
        }
    }

    #[test]
    fn means_and_differences_are_those_of_the_rows() {
        let with = |variant: &str, seed: u64, ari: f64| {
            let mut row = row("b", Method::Jojoscl, seed, ari);
            row.variant = variant.into();
            row
        };
        let mut failed = row("a", Method::PcaWard, 0, 0.0);
        failed.error = "it | broke".into();
        let rows = [
            row("a", Method::Jojoscl, 0, 0.7),
            row("a", Method::PcaKmeans, 0, 0.1),
            with(DEFAULT, 0, 0.5),
            with(DEFAULT, 1, 0.6),
            with("without shrinkage", 0, 0.4),
            with("without shrinkage", 1, 0.3),
            with("without shrinkage", 2, 0.9),
            failed,
        ];
        let text = text(&rows, &settings(), &[]);
        for part in [
            "| a | 0.700 | 0.100 |",
            "| b | 0.550 ± 0.071 | - |",
            "| **mean** | **0.625** | **0.100** (1 of 2 sets) |",
            // -0.1 and -0.3; seed 2 has no partner.
            "| without shrinkage | -0.200 ± 0.141 | **-0.200** |",
            "it \\| broke",
            "| a | 100 | 2000 | 4 |",
        ] {
            assert!(text.contains(part), "no {part}\n{text}");
        }
        assert!(!text.contains("Robustness") && !text.contains("NaN"), "{text}");
    }

    #[test]
    fn reliability_pools_cells() {
        let mut rows = [row("a", Method::Jojoscl, 0, 0.7), row("b", Method::Jojoscl, 0, 0.7)];
        for row in &mut rows {
            row.bin_cells = "0;".repeat(8) + "10;30";
            row.bin_correct = "0;".repeat(8) + "5;27";
            row.bin_confidence = "0;".repeat(8) + "8.5;29";
        }
        let pooled = pooled(&Selection::scored(&rows));
        assert_eq!((pooled[0].2.cells[9], pooled[0].2.correct[8]), (60, 10));
        // |10 - 17| + |54 - 58| over 80 cells.
        assert!((calibration_error(&pooled[0].2) - 11.0 / 80.0).abs() < 1e-12);
        let text = text(&rows, &settings(), &[]);
        assert!(text.contains("| 0.8 to 0.9 | 20 | 0.850 | 0.500 |"), "{text}");
        assert!(text.contains("| 0.0 to 0.1 | 0 | - | - |"), "{text}");
    }

    #[test]
    fn no_rows_make_a_report_too() {
        assert!(text(&[], &settings(), &[]).starts_with("# Results"));
    }
}
