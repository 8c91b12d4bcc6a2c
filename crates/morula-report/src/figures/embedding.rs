//! UMAP of the cells, coloured by cluster, confidence or known labels.

use super::legend::{BAR, Legend, color_bar};
use super::scatter::{LEFT, SIDE, Scatter, TOP};
use super::{Figure, of_role};
use crate::draw::{Axis, Canvas, Rgb, category, compact, missing, viridis};
use crate::{Annotation, Result, Role, Run};

const HOW: &str = "Each dot is a cell; cells near each other have similar embeddings. Distances \
                   between far groups and the sizes of groups mean little.";

fn canvas(beside: f64) -> Canvas {
    Canvas::new(LEFT + SIDE + 20.0 + beside, TOP + SIDE + 30.0)
}

fn right() -> f64 {
    LEFT + SIDE + 18.0
}

/// Cells of every category.
fn groups(
    names: &[String],
    code: impl Iterator<Item = Option<usize>>,
) -> Vec<(String, Vec<usize>)> {
    let mut groups: Vec<(String, Vec<usize>)> =
        names.iter().map(|name| (name.clone(), Vec::new())).collect();
    for (cell, code) in code.enumerate() {
        if let Some(code) = code {
            groups[code].1.push(cell);
        }
    }
    groups
}

/// Colours cells by cluster, with the names of the clusters in their middles.
pub(super) fn clusters(run: &Run, scatter: &Scatter) -> Result<Figure> {
    let sizes = run.sizes();
    let entry =
        |(k, name): (usize, &String)| (category(k), name.clone(), format!("  ({})", sizes[k]));
    let legend = Legend::new(run.clusters.iter().enumerate().map(entry).collect(), SIDE);
    let mut canvas = canvas(legend.width());
    scatter.draw(&mut canvas, |cell| category(run.labels[cell]));
    scatter.names(&mut canvas, &groups(&run.clusters, run.labels.iter().map(|&k| Some(k))));
    legend.draw(&mut canvas, right(), TOP);
    let caption = format!(
        "UMAP of the embedding, coloured by cluster. The name of a cluster is in its middle; the \
         legend gives its number of cells in brackets. {HOW}"
    );
    Figure::new("umap_clusters", "UMAP by cluster", caption, &canvas)
}

/// Colours cells by confidence.
pub(super) fn confidence(run: &Run, scatter: &Scatter) -> Result<Figure> {
    let chance = 1.0 / run.k().max(1) as f64;
    // With a single cluster every confidence is 1.
    let low = if chance < 1.0 { chance } else { 0.0 };
    let place = |c: f64| (c - low) / (1.0 - low);
    let mut canvas = canvas(BAR);
    scatter.draw(&mut canvas, |cell| shade(place(run.confidence[cell])));
    let ticks = Axis::new((low, 1.0), (0.0, 1.0)).ticks(5);
    let marks: Vec<_> = ticks.into_iter().map(|c| (place(c), compact(c))).collect();
    color_bar(&mut canvas, [right(), TOP + 8.0, 220.0], "confidence", &marks);
    let caption = "The same cells, coloured by the probability of their cluster, from one divided \
                   by the number of clusters (dark: a guess) to 1 (light). Dark cells lie between \
                   clusters, or belong to none.";
    Figure::new("umap_confidence", "UMAP by confidence", caption, &canvas)
}

/// Rounds to 32 colours, so that dots of one colour are drawn together.
fn shade(value: f64) -> Rgb {
    viridis((value * 31.0).round() / 31.0)
}

/// Colours cells by known labels.
pub(super) fn annotation(annotation: &Annotation, scatter: &Scatter) -> Result<Figure> {
    let (codes, names) = annotation.codes();
    let truth = annotation.role == Role::Truth;
    let groups = groups(&names, codes.iter().copied());
    // Letters identify types with similar colours. A batch is everywhere, so it has no middle.
    let keys: Vec<String> = (0..names.len()).map(letter).collect();
    let entry = |i: usize| {
        let count = groups[i].1.len();
        let key = if truth { format!("{}  ", keys[i]) } else { String::new() };
        (category(i), format!("{key}{}", names[i]), format!("  ({count})"))
    };
    let mut entries: Vec<(Rgb, String, String)> = (0..names.len()).map(entry).collect();
    let unknown = codes.iter().filter(|code| code.is_none()).count();
    if unknown > 0 {
        entries.push((missing(), "no label".into(), format!("  ({unknown})")));
    }
    let legend = Legend::new(entries, SIDE);
    let mut canvas = canvas(legend.width());
    scatter.draw(&mut canvas, |cell| codes[cell].map_or(missing(), category));
    if truth {
        let lettered: Vec<_> = keys.into_iter().zip(groups).map(|(key, g)| (key, g.1)).collect();
        scatter.names(&mut canvas, &lettered);
    }
    legend.draw(&mut canvas, right(), TOP);
    let name = &annotation.name;
    let caption = match annotation.role {
        Role::Truth => format!(
            "The same cells, coloured by the labels in {name:?}; a letter marks the middle of each \
             type. The run did not use these labels."
        ),
        Role::Batch => format!(
            "The same cells, coloured by {name:?}. If batches of the same types are separate, the \
             embedding has a batch effect."
        ),
    };
    let title = format!("UMAP by {name}");
    Figure::new(of_role(annotation.role, "umap_truth", "umap_batch"), title, caption, &canvas)
}

/// a, b, ..., z, aa, ab, ...
fn letter(i: usize) -> String {
    let last = char::from(b'a' + (i % 26) as u8);
    match i / 26 {
        0 => last.to_string(),
        before => letter(before - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([0, 25, 26, 52].map(letter), ["a", "z", "aa", "ba"]);
    }
}
