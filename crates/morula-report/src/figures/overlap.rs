//! Overlap of clusters and known labels.

use morula_metrics::{Contingency, encode_labels};

use super::legend::{BAR, color_bar};
use super::{Figure, of_role};
use crate::draw::{Anchor, Canvas, GREY, compact, fit, ink_on, viridis, width};
use crate::{Annotation, Result, Role, Run};

const MOST: f64 = 180.0;

/// Number of cells of every label in every cluster.
struct Table {
    rows: Vec<String>,
    columns: Vec<usize>,
    counts: Vec<Vec<usize>>,
}

impl Table {
    /// Labels in rows, ordered by the cluster with most of their cells: agreement is a diagonal.
    fn new(run: &Run, annotation: &Annotation) -> Result<Self> {
        let (codes, names) = annotation.codes();
        let pairs = codes.iter().zip(&run.labels).filter_map(|(c, &k)| Some(((*c)?, k)));
        let (types, clusters): (Vec<usize>, Vec<usize>) = pairs.unzip();
        let table = Contingency::new(&types, &clusters)?;
        let (type_of, cluster_of) = (encode_labels(&types).1, encode_labels(&clusters).1);
        let mut counts = vec![vec![0; run.k()]; names.len()];
        for overlap in table.overlaps() {
            counts[*type_of[overlap.class]][*cluster_of[overlap.cluster]] = overlap.count;
        }
        let main = |row: &[usize]| (0..row.len()).max_by_key(|&k| (row[k], row.len() - k));
        let mut order: Vec<usize> = (0..names.len()).collect();
        if annotation.role == Role::Truth {
            order
                .sort_by_key(|&t| (main(&counts[t]), usize::MAX - counts[t].iter().sum::<usize>()));
        }
        Ok(Self {
            rows: order.iter().map(|&t| names[t].clone()).collect(),
            columns: super::dotplot::marked(run),
            counts: order.iter().map(|&t| counts[t].clone()).collect(),
        })
    }
}

/// Draws a tile per label and cluster: the number of cells, and their share.
pub(super) fn overlap(run: &Run, annotation: &Annotation) -> Result<Figure> {
    let table = Table::new(run, annotation)?;
    let truth = annotation.role == Role::Truth;
    let largest = table.counts.iter().flatten().copied().max().unwrap_or(0);
    let step = (width(&largest.to_string(), 11.0) + 8.0).clamp(28.0, 60.0).round();
    let high = 24.0;
    let rows: Vec<String> = table.rows.iter().map(|name| fit(name, 13.0, MOST)).collect();
    let left = rows.iter().map(|name| width(name, 13.0)).fold(60.0, f64::max).round() + 16.0;
    let (n, k) = (rows.len() as f64, table.columns.len() as f64);
    let (top, right) = (50.0, left + step * k);
    let mut canvas = Canvas::new(right + 20.0 + BAR, (top + high * n + 12.0).max(190.0));
    canvas.text((left + right) / 2.0, 12.0, 13, Anchor::Middle, "cluster");
    for (j, &cluster) in table.columns.iter().enumerate() {
        let name = fit(&run.clusters[cluster], 13.0, step);
        canvas.text(left + step * (j as f64 + 0.5), 34.0, 13, Anchor::Middle, &name);
    }
    let sizes: Vec<usize> =
        (0..run.k()).map(|k| table.counts.iter().map(|row| row[k]).sum()).collect();
    for (i, (name, counts)) in rows.iter().zip(&table.counts).enumerate() {
        let y = top + high * i as f64;
        canvas.text(left - 8.0, y + high / 2.0, 13, Anchor::End, name);
        let total: usize = counts.iter().sum();
        for (j, &cluster) in table.columns.iter().enumerate() {
            let (x, count) = (left + step * j as f64, counts[cluster]);
            let of = if truth { total } else { sizes[cluster] };
            let share = count as f64 / of.max(1) as f64;
            canvas.rect([x, y, step, high], viridis(share));
            if count > 0 {
                let (middle, ink) = ((x + step / 2.0, y + high / 2.0), ink_on(viridis(share)));
                canvas.colored(middle, 11, Anchor::Middle, &count.to_string(), ink);
            }
        }
    }
    canvas.frame([left, top, step * k, high * n], GREY);
    let marks = [0.0, 0.5, 1.0].map(|at| (at, compact(at)));
    let of = if truth { "of the type" } else { "of the cluster" };
    color_bar(&mut canvas, [right + 20.0, top, 110.0], of, &marks);
    let name = &annotation.name;
    let caption = match annotation.role {
        Role::Truth => format!(
            "Cells of every type in {name:?} (rows) in every cluster (columns). Number: cells. \
             Colour: share of the type's cells. A type with one light tile is in one cluster; a \
             column with several light tiles joins types."
        ),
        Role::Batch => format!(
            "Cells of every batch in {name:?} (rows) in every cluster (columns). Number: cells. \
             Colour: share of the cluster's cells. If columns are alike, the batches are mixed; a \
             cluster from one batch alone may be a batch effect."
        ),
    };
    let title = format!("Clusters and {name}");
    Figure::new(of_role(annotation.role, "overlap_truth", "overlap_batch"), title, caption, &canvas)
}
