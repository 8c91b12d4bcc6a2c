//! The effect of each part of a method.

use std::fmt::Write;

use super::selection::{ARI, Selection, distinct};
use super::stat::Stat;
use super::table::{Table, or_dash};
use crate::plan::ORIGINAL;
use crate::variant::{DEFAULT, batch_column};

/// Per method: ARI of a variant minus ARI of the defaults, at the same seed.
pub fn section(rows: &Selection<'_>) -> String {
    let rows = rows.filter(|row| row.counts == ORIGINAL);
    let changed = rows.filter(|row| is_ablation(&row.variant));
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

fn is_ablation(variant: &str) -> bool {
    variant != DEFAULT && batch_column(variant).is_none()
}

/// ARI of a variant minus ARI of the defaults, over the seeds that both have.
fn difference(rows: &Selection<'_>, variant: &str) -> Option<Stat> {
    let ari = |name: &str, seed: u64| {
        let own = rows.filter(|row| row.variant == name && row.seed == seed);
        own.values(ARI).first().copied()
    };
    let seeds = distinct(rows.rows().iter().map(|row| row.seed));
    let pairs = seeds.iter().filter_map(|&seed| Some(ari(variant, seed)? - ari(DEFAULT, seed)?));
    Stat::of(&pairs.collect::<Vec<_>>())
}
