//! Losses over the epochs of training.

use super::Figure;
use crate::draw::{Anchor, Axis, Canvas, GREY, Rgb, category, compact, fit};
use crate::{Losses, Result, Run};

const COLUMNS: usize = 3;
const PANEL: (f64, f64) = (236.0, 168.0);
/// Space in a panel for the axis at the left, the title, and the axis below.
const LEFT: f64 = 56.0;
const TOP: f64 = 26.0;
const BELOW: f64 = 22.0;

/// Draws a panel per term, because the sizes of terms differ.
pub(super) fn curves(run: &Run) -> Result<Figure> {
    let losses = &run.losses;
    let stages = stages(losses);
    let several = stages.len() > 1;
    let columns = losses.terms.len().min(COLUMNS);
    let rows = losses.terms.len().div_ceil(COLUMNS);
    let top = if several { 26.0 } else { 0.0 };
    let width = (columns.max(2) as f64 * PANEL.0).max(480.0) + 12.0;
    let mut canvas = Canvas::new(width, top + rows as f64 * PANEL.1 + 22.0);
    if several {
        let mut x = 14.0;
        for (i, (name, ..)) in stages.iter().enumerate() {
            canvas.circle(x, 14.0, 6.0, category(i), None);
            let name = fit(name, 13.0, 160.0);
            canvas.text(x + 12.0, 14.0, 13, Anchor::Start, &name);
            x += 36.0 + crate::draw::width(&name, 13.0);
        }
    }
    for (i, (name, values)) in losses.terms.iter().enumerate() {
        let (column, row) = ((i % COLUMNS) as f64, (i / COLUMNS) as f64);
        panel(&mut canvas, (column * PANEL.0, top + row * PANEL.1), name, values, &stages);
    }
    let (x, y) = (width / 2.0, top + rows as f64 * PANEL.1 + 10.0);
    canvas.text(x, y, 13, Anchor::Middle, "epoch");
    let stages = match several {
        true => " Colours are the stages of training, one after the other.",
        false => "",
    };
    let caption = format!(
        "The loss and its terms over the epochs, each on its own scale. Curves should level out; \
         if a term still falls steeply, use more epochs.{stages}"
    );
    Figure::new("losses", "Losses", caption, &canvas)
}

/// Consecutive epochs of one stage: name, first epoch, the epoch after the last.
fn stages(losses: &Losses) -> Vec<(&str, usize, usize)> {
    let epochs = losses.terms.first().map_or(0, |term| term.1.len());
    if losses.stages.is_empty() {
        return vec![("", 0, epochs)];
    }
    let mut start = 0;
    let runs = losses.stages.chunk_by(|a, b| a == b);
    runs.map(|run| {
        let first = start;
        start += run.len();
        (run[0].as_str(), first, start)
    })
    .collect()
}

fn panel(
    canvas: &mut Canvas,
    (x0, y0): (f64, f64),
    name: &str,
    values: &[f64],
    stages: &[(&str, usize, usize)],
) {
    let (left, right) = (x0 + LEFT, x0 + PANEL.0 - 6.0);
    let (top, bottom) = (y0 + TOP, y0 + PANEL.1 - BELOW);
    canvas.bold(left, y0 + 13.0, 13, Anchor::Start, &fit(name, 14.0, right - left));
    let finite = values.iter().copied().filter(|v| v.is_finite());
    let ends = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    // A margin keeps the curve away from the frame.
    let air = if ends.1 > ends.0 { 0.05 * (ends.1 - ends.0) } else { 0.0 };
    let ends = (ends.0 - air, ends.1 + air);
    let x = Axis::new((0.0, values.len().max(2) as f64 - 1.0), (left, right));
    let y = Axis::new(ends, (bottom, top));
    for tick in y.ticks(3) {
        canvas.line([left, y.at(tick), right, y.at(tick)], GREY, 0.7, None);
        canvas.text(left - 5.0, y.at(tick), 11, Anchor::End, &compact(tick));
    }
    for tick in x.ticks(3) {
        canvas.line([x.at(tick), bottom, x.at(tick), bottom + 4.0], GREY, 1.0, None);
        canvas.text(x.at(tick), bottom + 12.0, 11, Anchor::Middle, &compact(tick));
    }
    canvas.frame([left, top, right - left, bottom - top], GREY);
    for (i, &(_, first, end)) in stages.iter().enumerate() {
        // The curve has a gap where a term has no value.
        let epochs: Vec<usize> = (first..end).collect();
        let runs = epochs.chunk_by(|&a, &b| values[a].is_finite() == values[b].is_finite());
        for run in runs.filter(|run| values[run[0]].is_finite()) {
            curve(
                canvas,
                run.iter().map(|&e| (x.at(e as f64), y.at(values[e]))).collect(),
                category(i),
            );
        }
    }
}

fn curve(canvas: &mut Canvas, points: Vec<(f64, f64)>, color: Rgb) {
    match points[..] {
        [(x, y)] => canvas.circle(x, y, 2.5, color, None),
        _ => canvas.polyline(points, color, 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_runs_of_epochs() {
        let of = |stages: &[&str], epochs: usize| Losses {
            stages: stages.iter().map(|s| s.to_string()).collect(),
            terms: vec![("total".into(), vec![1.0; epochs])],
        };
        assert_eq!(stages(&of(&["a", "a", "b", "a"], 4)), [("a", 0, 2), ("b", 2, 3), ("a", 3, 4)]);
        assert_eq!(stages(&of(&[], 5)), [("", 0, 5)]);
    }
}
