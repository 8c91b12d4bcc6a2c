//! Number of cells in every cluster.

use super::{Figure, percent};
use crate::draw::{Anchor, Axis, Canvas, GREY, category, compact, fit};
use crate::{Result, Run};

const ROW: f64 = 22.0;
const WIDTH: f64 = 500.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 100.0;

/// Draws a bar per cluster.
pub(super) fn sizes(run: &Run) -> Result<Figure> {
    let sizes = run.sizes();
    let most = sizes.iter().copied().max().unwrap_or(0) as f64;
    let bottom = 10.0 + ROW * sizes.len() as f64;
    let mut canvas = Canvas::new(WIDTH, bottom + 44.0);
    let x = Axis::new((0.0, most), (LEFT, WIDTH - RIGHT));
    for tick in x.ticks(5) {
        canvas.line([x.at(tick), 10.0, x.at(tick), bottom], GREY, 1.0, None);
        canvas.text(x.at(tick), bottom + 12.0, 12, Anchor::Middle, &compact(tick));
    }
    canvas.text((LEFT + WIDTH - RIGHT) / 2.0, bottom + 32.0, 13, Anchor::Middle, "cells");
    for (k, &size) in sizes.iter().enumerate() {
        let y = 10.0 + ROW * (k as f64 + 0.5);
        let end = x.at(size as f64);
        canvas.rect([LEFT, y - 8.0, end - LEFT, 16.0], category(k));
        let share = size as f64 / run.n_cells() as f64;
        let text = format!("{size} ({})", percent(share));
        canvas.text(end + 6.0, y, 12, Anchor::Start, &text);
        let name = fit(&run.clusters[k], 13.0, LEFT - 16.0);
        canvas.text(LEFT - 8.0, y, 13, Anchor::End, &name);
    }
    let caption = "Cells in every cluster, with their share of all cells.";
    Figure::new("cluster_sizes", "Cluster sizes", caption, &canvas)
}
