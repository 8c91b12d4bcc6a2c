//! Histogram of the confidence.

use super::Figure;
use crate::draw::{Anchor, Axis, Canvas, GREY, INK, category, compact};
use crate::{Result, Run};

const BINS: usize = 25;
const WIDTH: f64 = 500.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = HEIGHT - 46.0;

/// Draws the number of cells by confidence.
pub(super) fn confidence(run: &Run) -> Result<Figure> {
    let mut known: Vec<f64> = run.confidence.iter().copied().filter(|c| c.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let mut counts = [0usize; BINS];
    for c in &known {
        counts[((c * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0) as f64;
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let x = Axis::new((0.0, 1.0), (LEFT, WIDTH - 24.0));
    let y = Axis::new((0.0, most), (BOTTOM, TOP));
    for tick in y.ticks(4) {
        canvas.line([x.at(0.0), y.at(tick), x.at(1.0), y.at(tick)], GREY, 1.0, None);
        canvas.text(LEFT - 8.0, y.at(tick), 12, Anchor::End, &compact(tick));
    }
    for tick in x.ticks(5) {
        canvas.text(x.at(tick), BOTTOM + 12.0, 12, Anchor::Middle, &compact(tick));
    }
    for (bin, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let [left, right] = [bin, bin + 1].map(|edge| x.at(edge as f64 / BINS as f64));
        let top = y.at(count as f64);
        canvas.rect([left + 0.5, top, right - left - 1.0, BOTTOM - top], category(0));
    }
    canvas.line([LEFT, BOTTOM, WIDTH - 24.0, BOTTOM], INK, 1.0, None);
    if let Some(&median) = known.get(known.len() / 2) {
        let at = x.at(median.clamp(0.0, 1.0));
        canvas.line([at, TOP - 6.0, at, BOTTOM], category(3), 2.0, Some("6,4"));
        let text = format!("median {median:.2}");
        let (anchor, gap) = if median > 0.5 { (Anchor::End, -6.0) } else { (Anchor::Start, 6.0) };
        canvas.text(at + gap, TOP - 12.0, 12, anchor, &text);
    }
    canvas.text((x.at(0.0) + x.at(1.0)) / 2.0, HEIGHT - 12.0, 13, Anchor::Middle, "confidence");
    canvas.upwards(14.0, (TOP + BOTTOM) / 2.0, 13, Anchor::Middle, "cells");
    let caption = "Cells by the probability of their cluster; the dashed line is the median. A long \
                   tail to the left means cells between clusters, or too many or too few clusters.";
    Figure::new("confidence", "Confidence of the cells", caption, &canvas)
}
