//! The text of `results.md`.

use std::fmt::Write;

use super::robustness::curves;
use super::selection::{ARI, CLUSTERS, COSTS, Measure, SCORES, Selection, distinct};
use super::stat::Stat;
use super::table::{Table, or_dash};
use super::{ablations, batches, embeddings, ranking, reliability};
use crate::drawing::Plot;
use crate::method::{KMode, Method};
use crate::row::Row;
use crate::settings::Settings;

/// How the page begins, which shows that Morula wrote it.
pub const BEGINNING: &str = "# Results\n\n`morula benchmark` writes this page from `runs.csv`";

const MODES: [(KMode, &str); 2] =
    [(KMode::Given, "number of clusters given"), (KMode::Auto, "number of clusters found")];

/// The whole page, from the rows alone.
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
    text += &embeddings::section(&scored);
    let auto = main.mode(KMode::Auto);
    if !auto.is_empty() {
        let _ = writeln!(text, "## Clusters found\n\n{}", clusters_found(&auto));
    }
    if !main.is_empty() {
        let _ = writeln!(
            text,
            "## Cost\n\nCost of reading, preprocessing and fitting. Another process scores.\n"
        );
        for measure in COSTS {
            let _ = writeln!(text, "{}:\n\n{}", measure.name, costs(&main, measure));
        }
    }
    text += &batches::section(&scored);
    text += &ablations::section(&scored);
    text += &robustness(&scored);
    show(&mut text, "robustness");
    text += &reliability::section(&scored);
    show(&mut text, "reliability");
    text += &ranking::section(&scored);
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
        "{BEGINNING}; nothing is typed by hand. \
         No label reaches a fit, except that the number of types is K where K is given. Every run \
         is scored after its last epoch; none is selected. Numbers are means ± standard \
         deviations over the seeds (up to {seeds}). The last row is the mean over the data sets, \
         with the mean of their standard deviations. Cells without a label are not \
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
        let _ = writeln!(text, "{}", table.markdown());
    }
    match text.is_empty() {
        true => text,
        false => format!(
            "## Robustness\n\nMean ARI over the data sets and seeds that have a run at every level. \
             Dropout: every count above 0 is lost with this probability. Noise: every count is \
             multiplied by 1 + level x N(0, 1) and rounded. Downsampled: every molecule is kept \
             with this probability.\n\n{text}"
        ),
    }
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
        false => {
            format!("## Failed runs\n\nThese runs are in no table above.\n\n{}\n", table.markdown())
        }
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
    use crate::method::tests::{KMEANS, WARD, model};
    use crate::row::tests::row;
    use crate::variant::DEFAULT;

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
            let mut row = row("b", model(), seed, ari);
            row.variant = variant.into();
            row
        };
        let mut with_batches = row("a", KMEANS, 0, 0.15);
        with_batches.variant = "batches of plate".into();
        let mut failed = row("a", WARD, 0, 0.0);
        failed.error = "it | broke".into();
        let rows = [
            row("a", model(), 0, 0.7),
            row("a", KMEANS, 0, 0.1),
            with(DEFAULT, 0, 0.5),
            with(DEFAULT, 1, 0.6),
            with("without shrinkage", 0, 0.4),
            with("without shrinkage", 1, 0.3),
            with("without shrinkage", 2, 0.9),
            with("batches of plate", 0, 0.8),
            with_batches,
            failed,
        ];
        let text = text(&rows, &settings(), &[]);
        for part in [
            "| a | 0.700 | 0.100 |",
            "| b | 0.550 ± 0.071 | - |",
            "| **mean** | **0.625** | **0.100** (1 of 2 sets) |",
            // -0.1 and -0.3; seed 2 has no partner.
            "| without shrinkage | -0.200 ± 0.141 | **-0.200** |",
            // JojoSCL has no run with the batches of a.
            "| a | 0.700 (0.700) | 0.150 (0.100) |",
            "| b | 0.800 (0.550 ± 0.071) | - (-) |",
            "| **mean of all 2** | 0.750 (0.625) | 0.150 (0.100) |",
            "it \\| broke",
            "| a | 100 | 2000 | 4 |",
        ] {
            assert!(text.contains(part), "no {part}\n{text}");
        }
        assert!(!text.contains("Robustness") && !text.contains("NaN"), "{text}");
    }

    #[test]
    fn no_rows_make_a_report_too() {
        assert!(text(&[], &settings(), &[]).starts_with("# Results"));
    }
}
