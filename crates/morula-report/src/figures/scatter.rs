//! Scatter plot of all cells.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Run;
use crate::draw::{Anchor, Canvas, GREY, Rgb};

/// Side of the square of the cells, and its left and upper margins.
pub(super) const SIDE: f64 = 520.0;
pub(super) const LEFT: f64 = 28.0;
pub(super) const TOP: f64 = 12.0;
/// Space between the outermost cells and the frame.
const ROOM: f64 = 14.0;
/// Width of the rim, in radii.
const RIM: f64 = 0.3;
/// Number of layers. Colours alternate in them, so that no colour covers the others.
const LAYERS: usize = 50;

/// Positions of the cells, from the corner of the square, and the order in which they are drawn.
pub(super) struct Scatter {
    pub(super) places: Vec<(f64, f64)>,
    order: Vec<usize>,
    radius: f64,
}

impl Scatter {
    /// Both axes have the same unit, so distances in the picture are those of the layout.
    pub(super) fn new(run: &Run) -> Self {
        let ends = |c: usize| {
            let values = run.layout.chunks_exact(2).map(|p| f64::from(p[c]));
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)))
        };
        let (x, y) = (ends(0), ends(1));
        let extent = (x.1 - x.0).max(y.1 - y.0);
        let scale = if extent.is_normal() { (SIDE - 2.0 * ROOM) / extent } else { 0.0 };
        let (cx, cy) = ((x.0 + x.1) / 2.0, (y.0 + y.1) / 2.0);
        let place = |p: &[f32]| {
            let (dx, dy) = (f64::from(p[0]) - cx, f64::from(p[1]) - cy);
            (SIDE / 2.0 + scale * dx, SIDE / 2.0 - scale * dy)
        };
        let mut order: Vec<usize> = (0..run.n_cells()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
        // Together the dots would cover about a tenth of the square.
        let radius = (90.0 / (run.n_cells() as f64).sqrt()).clamp(0.75, 4.5);
        Self { places: run.layout.chunks_exact(2).map(place).collect(), order, radius }
    }

    /// Draws the square, and every cell in its colour.
    pub(super) fn draw(&self, canvas: &mut Canvas, color: impl Fn(usize) -> Rgb) {
        canvas.area([LEFT, TOP, SIDE, SIDE]);
        // A rim around every group makes light colours visible on the page.
        let (x, y) = self.places.iter().copied().unzip();
        canvas.dots(x, y, (1.0 + RIM) * self.radius, Rgb(120, 120, 120), 1.0);
        for layer in self.order.chunks(self.order.len().div_ceil(LAYERS).max(1)) {
            let mut batches: Vec<(Rgb, Vec<f64>, Vec<f64>)> = Vec::new();
            for &cell in layer {
                let (color, (x, y)) = (color(cell), self.places[cell]);
                let at = batches.iter().position(|batch| batch.0 == color).unwrap_or_else(|| {
                    batches.push((color, Vec::new(), Vec::new()));
                    batches.len() - 1
                });
                batches[at].1.push(x);
                batches[at].2.push(y);
            }
            for (color, x, y) in batches {
                canvas.dots(x, y, self.radius, color, 0.9);
            }
        }
        canvas.frame([LEFT, TOP, SIDE, SIDE], GREY);
        canvas.text(LEFT, TOP + SIDE + 14.0, 12, Anchor::Start, "UMAP 1");
        canvas.upwards(LEFT - 14.0, TOP + SIDE, 12, Anchor::Start, "UMAP 2");
    }

    /// Writes a name into the middle of each group of cells. Names do not overlap.
    pub(super) fn names(&self, canvas: &mut Canvas, groups: &[(String, Vec<usize>)]) {
        let mut names: Vec<(&str, f64, f64)> = Vec::new();
        for (name, cells) in groups {
            let Some((x, y)) = self.middle(cells) else { continue };
            // A name that would cover its group is written beside it.
            let far = |&i: &usize| (self.places[i].0 - x).hypot(self.places[i].1 - y) > SMALL;
            let aside = if cells.iter().any(far) { 0.0 } else { half(name).0 + 3.0 };
            names.push((name, x + aside, y));
        }
        spread(&mut names);
        for (name, x, y) in names {
            canvas.haloed(LEFT + x, TOP + y, SIZE, name);
        }
    }

    /// The cell with the most cells of its group around it. The mean of a group in several parts
    /// may lie outside of the group.
    fn middle(&self, cells: &[usize]) -> Option<(f64, f64)> {
        let sample = cells.iter().step_by(cells.len().div_ceil(SAMPLE).max(1));
        let sample: Vec<(f64, f64)> = sample.map(|&i| self.places[i]).collect();
        let density = |(x, y): (f64, f64)| -> f64 {
            let square = |p: &(f64, f64)| (p.0 - x).powi(2) + (p.1 - y).powi(2);
            sample.iter().map(|p| (-square(p) / (2.0 * AROUND * AROUND)).exp()).sum()
        };
        let dense = sample.iter().map(|&p| (density(p), p));
        dense.max_by(|a, b| a.0.total_cmp(&b.0)).map(|best| best.1)
    }
}

/// Radius of the surroundings of a cell, and the number of cells compared in a group.
const AROUND: f64 = 50.0;
const SAMPLE: usize = 400;

/// Font size of the names in the picture.
const SIZE: u32 = 15;

/// A name would cover a group within this distance of its middle.
const SMALL: f64 = 10.0;

/// Half the width and half the height of a name.
fn half(name: &str) -> (f64, f64) {
    (crate::draw::width(name, f64::from(SIZE)) / 2.0 + 4.0, 10.0)
}

/// Moves overlapping names away from each other, and all names into the square.
fn spread(names: &mut [(&str, f64, f64)]) {
    for _ in 0..200 {
        let mut moved = false;
        for i in 0..names.len() {
            for j in 0..i {
                let (a, b) = (names[i], names[j]);
                let (wide, high) = (half(a.0).0 + half(b.0).0, half(a.0).1 + half(b.0).1);
                let (dx, dy) = (a.1 - b.1, a.2 - b.2);
                let (over_x, over_y) = (wide - dx.abs(), high - dy.abs());
                if over_x <= 0.0 || over_y <= 0.0 {
                    continue;
                }
                moved = true;
                // Along the axis with the smaller overlap.
                let (x, y) = match over_x < over_y {
                    true => (over_x / 2.0 * if dx < 0.0 { -1.0 } else { 1.0 }, 0.0),
                    false => (0.0, over_y / 2.0 * if dy < 0.0 { -1.0 } else { 1.0 }),
                };
                (names[i].1, names[i].2) = (a.1 + x, a.2 + y);
                (names[j].1, names[j].2) = (b.1 - x, b.2 - y);
            }
        }
        for name in names.iter_mut() {
            let (w, h) = half(name.0);
            name.1 = name.1.clamp(w.min(SIDE / 2.0), (SIDE - w).max(SIDE / 2.0));
            name.2 = name.2.clamp(h, SIDE - h);
        }
        if !moved {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_one_place_come_apart() {
        let texts: Vec<String> = (0..30).map(|i| i.to_string()).collect();
        let at = |i: usize| (100.0 + (i % 3) as f64, 5.0 + (i % 5) as f64);
        let mut names: Vec<(&str, f64, f64)> =
            texts.iter().enumerate().map(|(i, t)| (t.as_str(), at(i).0, at(i).1)).collect();
        spread(&mut names);
        for (i, a) in names.iter().enumerate() {
            assert!((0.0..SIDE).contains(&a.1) && (0.0..SIDE).contains(&a.2), "{a:?}");
            for b in &names[..i] {
                assert!((a.1 - b.1).abs() > 10.0 || (a.2 - b.2).abs() > 12.0, "{a:?} {b:?}");
            }
        }
    }
}
