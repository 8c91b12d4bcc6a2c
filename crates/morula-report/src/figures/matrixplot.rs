//! Matrix plot of the markers in single cells.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::Figure;
use super::legend::color_bar;
use crate::draw::{Anchor, Canvas, GREY, Rgb, category, fit, viridis, width};
use crate::{Expression, Markers, Result, Run};

/// Most columns, and the fewest columns of a cluster that has as many cells.
const CELLS: usize = 600;
const LEAST: usize = 12;
/// Largest width of the cells.
const WIDTH: f64 = 640.0;
const ROW: f64 = 15.0;
const TOP: f64 = 40.0;
/// Largest width of the name of a gene.
const MOST: f64 = 110.0;

/// Draws genes in rows and cells in columns.
pub(super) fn matrixplot(run: &Run, markers: &Markers, expression: &Expression) -> Result<Figure> {
    let columns = sample(run);
    let genes: Vec<usize> = markers.shown.iter().map(|s| s.0).collect();
    let names: Vec<String> =
        genes.iter().map(|&g| fit(&expression.genes()[g], 12.0, MOST)).collect();
    let left = names.iter().map(|name| width(name, 12.0)).fold(20.0, f64::max) + 20.0;
    let height = ROW * genes.len() as f64;
    // Whole pixels, two per unit of length: blurred edges would show as bands.
    let wide = (2.0 * WIDTH / columns.len() as f64).floor().max(2.0) / 2.0;
    let area = [left, TOP, wide * columns.len() as f64, height];
    let right = left + area[2].max(120.0);
    let mut canvas = Canvas::new(right + 110.0, (TOP + height + 12.0).max(240.0));
    canvas.area(area);
    let values = expression.dense(&columns, &genes);
    let mut tiles = Vec::new();
    for row in 0..genes.len() {
        let high = ceiling(values.iter().skip(row).step_by(genes.len()).copied());
        for column in 0..columns.len() {
            let value = f64::from(values[column * genes.len() + row]) / high;
            let place = [column as f64 * wide, row as f64 * ROW, wide, ROW];
            tiles.push((place, viridis(value)));
        }
    }
    canvas.tiles(tiles);
    for (row, (name, &(_, cluster))) in names.iter().zip(&markers.shown).enumerate() {
        let y = TOP + ROW * (row as f64 + 0.5);
        canvas.rect([left - 7.0, y - ROW / 2.0, 5.0, ROW], category(cluster));
        canvas.text(left - 12.0, y, 12, Anchor::End, name);
    }
    clusters(&mut canvas, run, &columns, area);
    let marks = [(0.0, "none".to_string()), (1.0, "high".into())];
    color_bar(&mut canvas, [right + 20.0, TOP + 8.0, 130.0], "level", &marks);
    let caption = format!(
        "The same genes (rows) in {} single cells (columns), sampled at random from every cluster; \
         small clusters have more than their share. Colour: log-normalised expression, from none to \
         the gene's 99th percentile. A cluster whose cells differ may be several clusters.",
        columns.len()
    );
    Figure::new("markers_heatmap", "Markers in single cells", caption, &canvas)
}

/// Draws a bar per cluster above its cells, and the name of the cluster if there is room.
fn clusters(canvas: &mut Canvas, run: &Run, columns: &[usize], area: [f64; 4]) {
    let [left, _, width_of_all, height] = area;
    let wide = width_of_all / columns.len() as f64;
    let (mut start, mut free) = (left, f64::NEG_INFINITY);
    for cells in columns.chunk_by(|&a, &b| run.labels[a] == run.labels[b]) {
        let cluster = run.labels[cells[0]];
        let end = start + wide * cells.len() as f64;
        canvas.rect([start, TOP - 10.0, end - start, 8.0], category(cluster));
        if start > left {
            canvas.line([start, TOP, start, TOP + height], Rgb(255, 255, 255), 1.0, None);
        }
        let name = fit(&run.clusters[cluster], 12.0, 60.0);
        let (middle, half) = ((start + end) / 2.0, width(&name, 12.0) / 2.0);
        if middle - half > free {
            canvas.text(middle, TOP - 20.0, 12, Anchor::Middle, &name);
            free = middle + half + 3.0;
        }
        start = end;
    }
    canvas.frame(area, GREY);
}

/// Samples the cells to draw, by cluster: all cells, or a number that grows with the root of the
/// size.
fn sample(run: &Run) -> Vec<usize> {
    let mut cells: Vec<Vec<usize>> = vec![Vec::new(); run.k()];
    run.labels.iter().enumerate().for_each(|(i, &k)| cells[k].push(i));
    let roots: f64 = cells.iter().map(|c| (c.len() as f64).sqrt()).sum();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for own in &mut cells {
        own.shuffle(&mut rng);
        if run.n_cells() > CELLS {
            let share = (CELLS as f64 * (own.len() as f64).sqrt() / roots).round() as usize;
            own.truncate(share.max(LEAST));
        }
    }
    cells.concat()
}

/// The 99th percentile of the values, or a positive value if it is 0.
fn ceiling(values: impl Iterator<Item = f32>) -> f64 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    let high = values.get((values.len() * 99 / 100).min(values.len().saturating_sub(1)));
    let most = values.last().copied().unwrap_or(1.0);
    match high {
        Some(&high) if high > 0.0 => high.into(),
        _ => f64::from(most).max(1e-3),
    }
}
