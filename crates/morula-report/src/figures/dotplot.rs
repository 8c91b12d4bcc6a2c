//! Dot plot of the markers of all clusters.

use super::legend::color_bar;
use super::{Figure, percent};
use crate::draw::{Anchor, Canvas, GREY, INK, Rgb, category, fit, viridis, width};
use crate::{Expression, Markers, Result, Run};

const STEP: f64 = 24.0;
const LARGEST: f64 = 10.5;
const LEFT: f64 = 70.0;
/// Largest width of the name of a gene.
const MOST: f64 = 130.0;

/// Draws a dot per gene and cluster. Large: many cells express it. Light: its mean is high.
pub(super) fn dotplot(run: &Run, markers: &Markers, expression: &Expression) -> Result<Figure> {
    let names: Vec<String> =
        markers.shown.iter().map(|s| fit(&expression.genes()[s.0], 12.0, MOST)).collect();
    let clusters = marked(run);
    let (n, k) = (names.len(), clusters.len());
    let below = names.iter().map(|name| width(name, 12.0)).fold(20.0, f64::max);
    let (top, right) = (14.0, LEFT + STEP * n as f64);
    let bottom = top + STEP * k as f64;
    let height = (bottom + 16.0 + below).max(320.0);
    let mut canvas = Canvas::new(right + 130.0, height);
    let scaled = scaled(markers, run.k());
    for (row, &cluster) in clusters.iter().enumerate() {
        let y = top + STEP * (row as f64 + 0.5);
        canvas.text(
            LEFT - 10.0,
            y,
            13,
            Anchor::End,
            &fit(&run.clusters[cluster], 13.0, LEFT - 14.0),
        );
        for column in 0..n {
            let at = cluster * n + column;
            let radius = LARGEST * markers.fraction[at].sqrt();
            if radius > 0.3 {
                let x = LEFT + STEP * (column as f64 + 0.5);
                canvas.circle(x, y, radius, viridis(scaled[at]), Some(Rgb(120, 120, 120)));
            }
        }
    }
    canvas.frame([LEFT, top, right - LEFT, bottom - top], GREY);
    for (column, (name, &(_, cluster))) in names.iter().zip(&markers.shown).enumerate() {
        let x = LEFT + STEP * (column as f64 + 0.5);
        canvas.rect([x - STEP / 2.0, bottom + 2.0, STEP, 5.0], category(cluster));
        canvas.upwards(x, bottom + 12.0, 12, Anchor::End, name);
    }
    legend(&mut canvas, right + 20.0, top);
    let caption = "Marker genes (columns; the colour under a gene is that of the cluster it marks) \
                   in all clusters (rows). Size: the share of the cluster's cells that express the \
                   gene. Colour: the mean log-normalised expression, from the lowest to the highest \
                   cluster. The dot of a good marker is large and light in one row only.";
    Figure::new("markers_dots", "Markers", caption, &canvas)
}

fn legend(canvas: &mut Canvas, left: f64, top: f64) {
    canvas.text(left, top + 8.0, 13, Anchor::Start, "cells");
    for (i, share) in [0.1, 0.25, 0.5, 1.0].into_iter().enumerate() {
        let y = top + 32.0 + 25.0 * i as f64;
        canvas.circle(left + 12.0, y, LARGEST * f64::sqrt(share), GREY, Some(INK));
        canvas.text(left + 30.0, y, 12, Anchor::Start, &percent(share));
    }
    let marks = [(0.0, "lowest".to_string()), (1.0, "highest".into())];
    color_bar(canvas, [left, top + 152.0, 120.0], "mean", &marks);
}

/// Clusters that have cells.
pub(super) fn marked(run: &Run) -> Vec<usize> {
    let sizes = run.sizes();
    (0..run.k()).filter(|&k| sizes[k] > 0).collect()
}

/// Means of every gene, scaled from 0 for its lowest cluster to 1 for its highest.
fn scaled(markers: &Markers, k: usize) -> Vec<f64> {
    let n = markers.shown.len();
    let mut scaled = markers.mean.clone();
    for gene in 0..n {
        let values = (0..k).map(|c| markers.mean[c * n + gene]);
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        for c in 0..k {
            let value = &mut scaled[c * n + gene];
            *value = if high > low { (*value - low) / (high - low) } else { 0.0 };
        }
    }
    scaled
}
