//! Quality metrics and flags of the cells of every cluster.

use super::Figure;
use crate::draw::{Anchor, Axis, Canvas, GREY, INK, category, compact, fit};
use crate::run::MOST_FLAGGED;
use crate::{Result, Run};

const ROW: f64 = 22.0;
const TOP: f64 = 34.0;
const LEFT: f64 = 64.0;
/// Width of a panel, and the space after it.
const PANEL: f64 = 122.0;
const GAP: f64 = 28.0;

/// Draws a panel per metric, with the quartiles of every cluster, and one per flag, with the share of
/// its cells.
pub(super) fn quality(run: &Run) -> Result<Figure> {
    let found = &run.quality;
    let (quartiles, flagged) =
        (found.quartiles(&run.labels, run.k()), found.flagged(&run.labels, run.k()));
    let panels = found.metrics.len() + found.flags.len();
    let bottom = TOP + ROW * run.k() as f64;
    let mut canvas = Canvas::new(LEFT + (PANEL + GAP) * panels as f64, bottom + 26.0);
    for (k, name) in run.clusters.iter().enumerate() {
        let name = fit(name, 13.0, LEFT - 16.0);
        canvas.text(LEFT - 8.0, middle(k), 13, Anchor::End, &name);
    }
    let left = |at: usize| LEFT + (PANEL + GAP) * at as f64;
    for (at, (name, _)) in found.metrics.iter().enumerate() {
        let of: Vec<[f64; 3]> = quartiles.iter().map(|row| row[at]).collect();
        let ends = of.iter().flatten().copied().filter(|v| v.is_finite());
        let (low, high) = ends.fold((0.0f64, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
        let high = if high > low { high } else { low + 1.0 };
        let x = panel(&mut canvas, name, (low, high), left(at), bottom);
        for (k, [low, median, high]) in of.into_iter().enumerate() {
            if [low, median, high].iter().all(|v| v.is_finite()) {
                let width = (x.at(high) - x.at(low)).max(1.0);
                canvas.rect([x.at(low), middle(k) - 6.0, width, 12.0], category(k));
                canvas.circle(x.at(median), middle(k), 4.0, INK, Some(GREY));
            }
        }
    }
    for (at, (name, _)) in found.flags.iter().enumerate() {
        let x = panel(&mut canvas, name, (0.0, 1.0), left(found.metrics.len() + at), bottom);
        for (k, share) in flagged.iter().map(|row| row[at]).enumerate() {
            if share > 0.0 {
                let width = x.at(share) - x.at(0.0);
                canvas.rect([x.at(0.0), middle(k) - 6.0, width, 12.0], category(k));
            }
        }
        let half = x.at(MOST_FLAGGED);
        canvas.line([half, TOP - 4.0, half, bottom], category(3), 2.0, Some("6,4"));
    }
    let caption = "Metrics: a bar from the lower to the upper quartile of the cluster's cells, and a \
                   dot at the median. Flags: the share of cells that have them; a cluster beyond the \
                   dashed line, half of its cells, gets a warning.";
    Figure::new("cluster_quality", "Quality by cluster", caption, &canvas)
}

/// The middle of the row of a cluster.
fn middle(k: usize) -> f64 {
    TOP + ROW * (k as f64 + 0.5)
}

/// Draws the title and the axis of a panel.
fn panel(canvas: &mut Canvas, name: &str, ends: (f64, f64), left: f64, bottom: f64) -> Axis {
    let x = Axis::new(ends, (left, left + PANEL));
    canvas.text(left, 12.0, 13, Anchor::Start, &fit(name, 13.0, PANEL + GAP - 8.0));
    for tick in x.ticks(3) {
        canvas.line([x.at(tick), TOP - 4.0, x.at(tick), bottom], GREY, 1.0, None);
        canvas.text(x.at(tick), bottom + 12.0, 12, Anchor::Middle, &compact(tick));
    }
    x
}
