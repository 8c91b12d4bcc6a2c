//! Histograms of quality metrics with their bounds, and of doublet scores.

use morula_data::Column;
use morula_preprocess::{Bounds, Quality, SampleQuality};

use super::Figure;
use crate::Result;
use crate::draw::{Anchor, Axis, Canvas, GREY, INK, category, compact, fit};

const BINS: usize = 60;
/// Shares of neighbours have few levels, which narrow bins would hold unevenly.
const SHARE_BINS: usize = 30;
const WIDTH: f64 = 560.0;
const PANEL: f64 = 150.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 24.0;
/// More samples than this make a picture that nobody reads.
const MOST_PANELS: usize = 12;

/// The metrics that are judged: column of obs, name of the figure, title.
const METRICS: [(&str, &str, &str); 4] = [
    ("log1p_total_counts", "qc_counts", "Counts of the cells"),
    ("log1p_n_genes_by_counts", "qc_genes", "Genes of the cells"),
    ("pct_counts_in_top_20_genes", "qc_top_genes", "Share of the 20 top genes"),
    ("pct_counts_mt", "qc_mt", "Mitochondrial counts"),
];

/// One histogram.
struct Panel<'a> {
    name: Option<&'a str>,
    values: Vec<f64>,
    /// Values of a second histogram, drawn as a line; scaled to the height of the first.
    others: &'a [f64],
    /// Dashed lines.
    bounds: Vec<f64>,
    median: Option<f64>,
    bins: usize,
}

/// A figure per metric, and one of the doublet scores.
pub(crate) fn all(quality: &Quality) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let columns = quality.metrics.obs();
    for (column, name, title) in METRICS {
        let Some((_, Column::Float(values))) = columns.iter().find(|(of, _)| of == column) else {
            continue;
        };
        let panel = |sample: &SampleQuality| -> Option<(Bounds, Vec<f64>)> {
            let (_, bounds) = sample.bounds.iter().find(|(of, _)| of == column)?;
            Some((*bounds, sample.cells.iter().map(|&i| values[i]).collect()))
        };
        let found = quality.samples.iter().take(MOST_PANELS);
        let found: Vec<Panel<'_>> = found
            .filter_map(|sample| {
                let (bounds, values) = panel(sample)?;
                Some(Panel {
                    name: sample.name.as_deref(),
                    values,
                    others: &[],
                    bounds: vec![bounds.lower, bounds.upper],
                    median: Some(bounds.median),
                    bins: BINS,
                })
            })
            .collect();
        if !found.is_empty() {
            let caption = format!(
                "Cells by {column}{}. Dashed lines: the bounds; cells beyond them are flagged. Full \
                 line: the median.{}",
                if found[0].name.is_some() { ", one sample a row" } else { "" },
                more(quality)
            );
            figures.push(Figure::new(name, title, caption, &draw(&found, column))?);
        }
    }
    let scored = quality.samples.iter().take(MOST_PANELS).filter_map(|sample| {
        let found = sample.doublets.as_ref()?;
        Some(Panel {
            name: sample.name.as_deref(),
            values: found.shares.clone(),
            others: &found.simulated_shares,
            bounds: found.threshold_share.into_iter().collect(),
            median: None,
            bins: SHARE_BINS,
        })
    });
    let scored: Vec<Panel<'_>> = scored.collect();
    if !scored.is_empty() {
        let caption = format!(
            "Bars: cells by the share of simulated doublets among their nearest cells, from which \
             the doublet score is computed. Curve: the simulated doublets, scaled to the same \
             height; those of two types of cells are at the right. Dashed line: the threshold; \
             cells above it are called doublets. Where it is missing, the simulated doublets have \
             no two modes, and no cell is called.{}",
            more(quality)
        );
        let canvas = draw(&scored, "simulated doublets among the nearest cells");
        figures.push(Figure::new("qc_doublets", "Doublet scores", caption, &canvas)?);
    }
    Ok(figures)
}

fn more(quality: &Quality) -> String {
    match quality.samples.len() {
        n if n > MOST_PANELS => format!(" The first {MOST_PANELS} of {n} samples are shown."),
        _ => String::new(),
    }
}

/// Panels below each other, on one axis.
fn draw(panels: &[Panel<'_>], label: &str) -> Canvas {
    let finite = || panels.iter().flat_map(|p| p.values.iter().chain(p.others)).copied();
    let finite = || finite().filter(|v| v.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    let height = PANEL * panels.len() as f64 + 44.0;
    let mut canvas = Canvas::new(WIDTH, height);
    let x = Axis::new((low, high), (LEFT, RIGHT));
    for (at, panel) in panels.iter().enumerate() {
        histogram(&mut canvas, panel, &x, (low, high), PANEL * at as f64);
    }
    let bottom = height - 44.0;
    for tick in x.ticks(6) {
        canvas.text(x.at(tick), bottom + 10.0, 12, Anchor::Middle, &compact(tick));
    }
    canvas.text((LEFT + RIGHT) / 2.0, height - 12.0, 13, Anchor::Middle, label);
    canvas
}

fn histogram(canvas: &mut Canvas, panel: &Panel<'_>, x: &Axis, (low, high): (f64, f64), top: f64) {
    let (from, to) = (top + 26.0, top + PANEL);
    let counts = binned(&panel.values, low, high, panel.bins);
    let most = counts.iter().copied().max().unwrap_or(0) as f64;
    let y = Axis::new((0.0, most), (to, from));
    for tick in y.ticks(3) {
        canvas.line([LEFT, y.at(tick), RIGHT, y.at(tick)], GREY, 1.0, None);
        canvas.text(LEFT - 8.0, y.at(tick), 12, Anchor::End, &compact(tick));
    }
    let width = if high > low { (high - low) / panel.bins as f64 } else { 1.0 };
    let edge = |bin: usize| x.at(low + width * bin as f64);
    for (bin, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (left, right) = (edge(bin), edge(bin + 1).min(RIGHT));
        let at = y.at(count as f64);
        canvas.rect([left, at, (right - left).max(1.0), to - at], category(4));
    }
    let others = binned(panel.others, low, high, panel.bins);
    if let Some(tallest) = others.iter().copied().max().filter(|n| *n > 0) {
        let point = |(bin, n): (usize, &usize)| {
            ((edge(bin) + edge(bin + 1)) / 2.0, y.at(most * *n as f64 / tallest as f64))
        };
        canvas.polyline(others.iter().enumerate().map(point).collect(), category(1), 2.0);
    }
    canvas.line([LEFT, to, RIGHT, to], INK, 1.0, None);
    let inside = |v: &f64| v.is_finite() && (low..=high).contains(v);
    if let Some(median) = panel.median.filter(inside) {
        canvas.line([x.at(median), from, x.at(median), to], INK, 1.5, None);
    }
    for bound in panel.bounds.iter().copied().filter(inside) {
        canvas.line([x.at(bound), from - 4.0, x.at(bound), to], category(3), 2.0, Some("6,4"));
        canvas.text(x.at(bound), from - 12.0, 12, Anchor::Middle, &compact(bound));
    }
    if let Some(name) = panel.name {
        // Doublets are at the right, most cells of the other metrics at the left.
        let (at, anchor) = match panel.others.is_empty() {
            true => (RIGHT, Anchor::End),
            false => (LEFT + 8.0, Anchor::Start),
        };
        canvas.text(at, from + 8.0, 13, anchor, &fit(name, 13.0, 220.0));
    }
}

fn binned(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    let width = if high > low { (high - low) / bins as f64 } else { 1.0 };
    for v in values.iter().filter(|v| v.is_finite()) {
        counts[(((v - low) / width) as usize).min(bins - 1)] += 1;
    }
    counts
}
