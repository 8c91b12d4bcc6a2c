//! Plots, as PNG and SVG.

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot as Layer;

use super::reliability::pooled;
use super::robustness::{Curves, curves};
use super::selection::{ARI, Selection};
use crate::baseline::Baseline;
use crate::drawing::Plot;
use crate::method::{KMode, Method};
use crate::representation::Representation;
use crate::row::Row;
use crate::score::BINS;

/// All plots that the rows have data for.
pub fn all(rows: &[Row]) -> Vec<Plot> {
    let scored = Selection::scored(rows);
    let main = scored.main();
    let mut plots = Vec::new();
    for k in [KMode::Given, KMode::Auto] {
        plots.extend(scores(&main.mode(k), k));
    }
    plots.extend(curves(&scored).iter().filter(|c| !c.curves.is_empty()).map(robustness));
    plots.extend(reliability(&main));
    plots
}

/// Axes over these ranges with a margin for the outermost dots, and a legend.
fn axes(layers: &[Layer], x: (f64, f64), y: (f64, f64)) -> Layout {
    let [dx, dy] = [x, y].map(|(low, high)| 0.02 * (high - low));
    Layout::auto_from_plots(layers)
        .with_x_axis_min(x.0 - dx)
        .with_x_axis_max(x.1 + dx)
        .with_y_axis_min(y.0 - dy)
        .with_y_axis_max(y.1 + dy)
}

/// Okabe and Ito, "Color Universal Design" (2008): distinct with any colour vision. Models have the
/// first colours; embeddings without training are grey.
fn color(method: Method) -> &'static str {
    const MODELS: [&str; 4] = ["#d55e00", "#0072b2", "#f0e442", "#000000"];
    match method {
        Method::Model(_) => MODELS[method.position() % MODELS.len()],
        Method::Baseline(Baseline::PcaKmeans) => "#e69f00",
        Method::Baseline(Baseline::PcaWard) => "#009e73",
        Method::Baseline(Baseline::Leiden) => "#cc79a7",
        Method::Baseline(Baseline::LeidenTuned) => "#56b4e9",
        Method::Baseline(Baseline::Embedded(Representation::Components20)) => "#bbbbbb",
        Method::Baseline(Baseline::Embedded(Representation::Joint20)) => "#888888",
        Method::Baseline(Baseline::Embedded(Representation::Smooth64)) => "#555555",
    }
}

/// A row per data set; per method, a dot for every seed and a diamond at the mean.
fn scores(rows: &Selection<'_>, k: KMode) -> Option<Plot> {
    if rows.is_empty() {
        return None;
    }
    // From bottom to top.
    let names: Vec<&str> = rows.datasets().into_iter().rev().collect();
    let methods = rows.methods();
    let lane = 0.8 / methods.len() as f64;
    // The axis of categories has no grid.
    let top = names.len() as f64 + 0.5;
    let steps = [0.2, 0.4, 0.6, 0.8].map(|x| guide([(x, 0.5), (x, top)], "#dddddd"));
    let between = (1..names.len()).map(|d| d as f64 + 0.5);
    let between = between.map(|y| guide([(lowest(rows), y), (1.0, y)], "#aaaaaa"));
    let mut layers: Vec<Layer> = steps.into_iter().chain(between).collect();
    for (m, &method) in methods.iter().enumerate() {
        let offset = (methods.len() as f64 - 1.0) / 2.0 - m as f64;
        let (mut dots, mut means) = (Vec::new(), Vec::new());
        for (d, name) in names.iter().enumerate() {
            let y = (d + 1) as f64 + lane * offset;
            let own = rows.method(method).dataset(name);
            dots.extend(own.values(ARI).into_iter().map(|ari| (ari, y)));
            means.extend(own.stat(ARI).map(|stat| (stat.mean, y)));
        }
        let points = ScatterPlot::new().with_data(dots).with_color(color(method));
        layers.push(points.with_size(2.5).with_marker_opacity(0.6).into());
        let diamonds = ScatterPlot::new().with_data(means).with_color(color(method));
        let diamonds = diamonds.with_size(5.0).with_marker(MarkerShape::Diamond);
        layers.push(diamonds.with_legend(method.to_string()).into());
    }
    let height = 120.0 + names.len() as f64 * (30.0 + 12.0 * methods.len() as f64);
    let layout = axes(&layers, (lowest(rows), 1.0), (0.5, top))
        .with_width(760.0)
        .with_height(height)
        .with_y_categories(names.iter().map(|name| name.to_string()).collect())
        .with_x_label("ARI (dots: seeds, diamonds: means)");
    let title = match k {
        KMode::Given => "ARI, number of clusters given",
        KMode::Auto => "ARI, number of clusters found",
    };
    Some(Plot::new(format!("ari_{k}"), title.into(), layers, layout))
}

/// A thin line behind the dots.
fn guide(ends: [(f64, f64); 2], color: &str) -> Layer {
    LinePlot::new().with_data(ends).with_color(color).with_stroke_width(1.0).into()
}

/// The start of the ARI axis: 0, or the lowest ARI if that is below.
fn lowest(rows: &Selection<'_>) -> f64 {
    rows.values(ARI).into_iter().fold(0.0, f64::min)
}

fn robustness(curves: &Curves) -> Plot {
    let mut layers: Vec<Layer> = Vec::new();
    for curve in &curves.curves {
        let points: Vec<(f64, f64)> =
            curves.levels.iter().copied().zip(curve.ari.iter().copied()).collect();
        let dots = ScatterPlot::new().with_data(points.clone()).with_color(color(curve.method));
        layers.push(dots.with_size(4.0).into());
        let line = LinePlot::new().with_data(points).with_color(color(curve.method));
        let line = line.with_stroke_width(2.0);
        layers.push(line.with_legend(format!("{}, K {}", curve.method, curve.k)).into());
    }
    let ari = curves.curves.iter().flat_map(|curve| &curve.ari);
    let low = ari.copied().fold(0.0, f64::min);
    let most = curves.levels.iter().copied().fold(0.0, f64::max);
    let label = match curves.kind.as_str() {
        "dropout" => "share of the counts above 0 that is lost",
        "downsampled" => "share of the molecules that is kept",
        _ => "standard deviation of the factor on every count",
    };
    let layout = axes(&layers, (0.0, most), (low, 1.0))
        .with_width(760.0)
        .with_height(440.0)
        .with_x_label(label)
        .with_y_label("mean ARI over data sets");
    let title = format!("Robustness: {}", curves.kind);
    Plot::new(format!("robustness_{}", curves.kind), title, layers, layout)
}

fn reliability(rows: &Selection<'_>) -> Option<Plot> {
    let all = pooled(rows);
    if all.is_empty() {
        return None;
    }
    let ideal = LinePlot::new().with_data(vec![(0.0, 0.0), (1.0, 1.0)]).with_color("#999999");
    let mut layers: Vec<Layer> = vec![ideal.with_dashed().into()];
    for (method, k, bins) in &all {
        let filled = (0..BINS).filter(|&b| bins.cells[b] > 0);
        let points: Vec<(f64, f64)> = filled
            .map(|b| (bins.confidence[b], bins.correct[b] as f64, bins.cells[b] as f64))
            .map(|(confidence, correct, n)| (confidence / n, correct / n))
            .collect();
        let dots = ScatterPlot::new().with_data(points.clone()).with_color(color(*method));
        layers.push(dots.with_size(4.0).into());
        let line = LinePlot::new().with_data(points).with_color(color(*method));
        layers.push(line.with_stroke_width(2.0).with_legend(format!("{method}, K {k}")).into());
    }
    let layout = axes(&layers, (0.0, 1.0), (0.0, 1.0))
        .with_width(620.0)
        .with_height(480.0)
        .with_x_label("confidence")
        .with_y_label("share of cells in the cluster of their type");
    Some(Plot::new("reliability".into(), "Reliability of the confidence".into(), layers, layout))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::{WARD, model};
    use crate::row::tests::row;

    #[test]
    fn every_kind_of_plot_is_drawn() {
        let mut rows = vec![row("a", model(), 0, 0.7), row("a", WARD, 0, -0.1)];
        rows[0].bin_cells = "0;".repeat(9) + "3";
        rows[0].bin_correct = "0;".repeat(9) + "2";
        rows[0].bin_confidence = "0;".repeat(9) + "2.9";
        let mut perturbed = row("a", model(), 0, 0.6);
        perturbed.counts = "noise 0.5".into();
        rows.push(perturbed);
        let plots = all(&rows);
        let names: Vec<&str> = plots.iter().map(|plot| plot.name.as_str()).collect();
        assert_eq!(names, ["ari_given", "robustness_noise", "reliability"]);
        for plot in &plots {
            let [(_, png), (_, svg)] = plot.render().unwrap();
            assert!(png.starts_with(b"\x89PNG") && png.len() > 5000);
            assert!(String::from_utf8(svg).unwrap().contains(&plot.title));
        }
        assert!(all(&[]).is_empty());
    }
}
