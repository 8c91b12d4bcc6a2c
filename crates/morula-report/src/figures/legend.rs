//! Legends: the meaning of the colours.

use crate::draw::{Anchor, Canvas, INK, Rgb, fit, viridis, width};

const SIZE: u32 = 13;
const ROW: f64 = 19.0;
/// Largest width of a name.
const MOST: f64 = 210.0;

/// Coloured dots with names, in columns.
pub(super) struct Legend {
    entries: Vec<(Rgb, String)>,
    rows: usize,
    column: f64,
}

impl Legend {
    /// Entries: colour, name, and the text after the name.
    pub(super) fn new(entries: Vec<(Rgb, String, String)>, height: f64) -> Self {
        let size = f64::from(SIZE);
        let text =
            |(color, name, more): (Rgb, String, String)| (color, fit(&name, size, MOST) + &more);
        let entries: Vec<(Rgb, String)> = entries.into_iter().map(text).collect();
        let rows = ((height / ROW) as usize).max(1);
        let widest = entries.iter().map(|e| width(&e.1, size)).fold(0.0, f64::max);
        Self { entries, rows, column: widest + 32.0 }
    }

    /// Width of the legend.
    pub(super) fn width(&self) -> f64 {
        self.entries.len().div_ceil(self.rows) as f64 * self.column
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, left: f64, top: f64) {
        for (i, (color, name)) in self.entries.iter().enumerate() {
            let x = left + (i / self.rows) as f64 * self.column;
            let y = top + ((i % self.rows) as f64 + 0.5) * ROW;
            canvas.circle(x + 7.0, y, 6.0, *color, None);
            canvas.text(x + 19.0, y, SIZE, Anchor::Start, name);
        }
    }
}

/// Width of a colour bar including its numbers.
pub(super) const BAR: f64 = 96.0;

/// Draws a bar of the colours from `low` to `high`.
pub(super) fn color_bar(
    canvas: &mut Canvas,
    [left, top, height]: [f64; 3],
    title: &str,
    marks: &[(f64, String)],
) {
    canvas.text(left, top, SIZE, Anchor::Start, title);
    let (top, steps) = (top + 18.0, 64);
    let step = height / f64::from(steps);
    for i in 0..steps {
        let value = 1.0 - (f64::from(i) + 0.5) / f64::from(steps);
        // Half a unit more closes the gaps between the rectangles.
        canvas.rect([left, top + f64::from(i) * step, 16.0, step + 0.5], viridis(value));
    }
    for (value, text) in marks {
        let y = top + (1.0 - value) * height;
        canvas.line([left + 16.0, y, left + 21.0, y], INK, 1.0, None);
        canvas.text(left + 25.0, y, 12, Anchor::Start, text);
    }
}
