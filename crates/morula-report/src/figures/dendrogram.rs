//! The tree of the clusters, with the evidence for every split.

use morula_cluster::ClusterTree;
use morula_cluster::evidence::Split;

use super::Figure;
use crate::draw::{Anchor, Canvas, GREY, INK, Rgb, category, compact, fit, p_value, width};
use crate::{Result, Run};

/// Most groups: a larger tree is cut, and its first splits are drawn.
const MOST_GROUPS: usize = 40;
const ROW: f64 = 20.0;
const TOP: f64 = 40.0;
const LEFT: f64 = 20.0;
/// Width of the tree.
const WIDTH: f64 = 200.0;
/// Largest width of a name.
const MOST: f64 = 150.0;
/// Colour of the rows of splits.
const BAND: Rgb = Rgb(243, 245, 247);
/// Colour of a split without support.
const REFUSED: usize = 3;

/// A drawn node: a split, or a group that is not split further.
struct Node {
    node: usize,
    row: usize,
    /// Splits between this node and the groups below it, at most.
    height: usize,
    /// The drawn parts of a split, upper one first.
    parts: Option<[usize; 2]>,
}

/// The drawn nodes, parts before their splits. Every node has a row: a split lies between its parts.
struct Layout<'a> {
    tree: &'a ClusterTree,
    /// The first merge that is drawn as a split.
    first: usize,
    nodes: Vec<Node>,
    rows: usize,
}

impl<'a> Layout<'a> {
    fn new(tree: &'a ClusterTree) -> Self {
        let n_merges = tree.merges().len();
        let first = n_merges - n_merges.min(MOST_GROUPS - 1);
        let mut layout = Self { tree, first, nodes: Vec::new(), rows: 0 };
        layout.add(tree.n_leaves() + n_merges - 1);
        layout
    }

    /// Adds a node with all that is below it, and returns its place.
    fn add(&mut self, node: usize) -> usize {
        let merge = node.checked_sub(self.tree.n_leaves()).filter(|&merge| merge >= self.first);
        let (row, height, parts) = match merge.map(|merge| self.tree.merges()[merge].parts) {
            None => (self.next_row(), 0, None),
            Some([a, b]) => {
                let upper = self.add(a);
                let row = self.next_row();
                let lower = self.add(b);
                let height = 1 + self.nodes[upper].height.max(self.nodes[lower].height);
                (row, height, Some([upper, lower]))
            }
        };
        self.nodes.push(Node { node, row, height, parts });
        self.nodes.len() - 1
    }

    fn next_row(&mut self) -> usize {
        self.rows += 1;
        self.rows - 1
    }

    /// Position of a node. All groups are at the right end.
    fn place(&self, node: &Node) -> (f64, f64) {
        let highest = self.nodes.last().map_or(1, |root| root.height.max(1));
        let x = LEFT + WIDTH * (1.0 - node.height as f64 / highest as f64);
        (x, TOP + ROW * (node.row as f64 + 0.5))
    }
}

/// Draws the tree, if it has a split.
pub(super) fn dendrogram(run: &Run) -> Result<Option<Figure>> {
    let Some(tree) = run.tree.as_ref().filter(|tree| !tree.merges().is_empty()) else {
        return Ok(None);
    };
    let layout = Layout::new(tree);
    let all = tree.node_names(&run.clusters);
    let name = |node: &Node| fit(&all[node.node], 13.0, MOST);
    let groups = || layout.nodes.iter().filter(|node| node.parts.is_none());
    let names = groups().map(|node| width(&name(node), 13.0)).fold(40.0, f64::max);
    let columns = columns(tree, &run.splits);
    let start = LEFT + WIDTH + 12.0 + names;
    let widths = columns.iter().map(Column::width);
    let right = start + widths.sum::<f64>() + 8.0;
    let mut canvas = Canvas::new(right, TOP + ROW * layout.rows as f64 + 10.0);
    let split_of = |node: &Node| node.node.checked_sub(tree.n_leaves());
    for node in layout.nodes.iter().filter(|node| node.parts.is_some()) {
        let (x, y) = layout.place(node);
        canvas.rect([x, y - ROW / 2.0, right - 8.0 - x, ROW], BAND);
    }
    let refused = |node: &Node| {
        let split = node.parts.and(split_of(node)).and_then(|at| run.splits.get(at));
        split.is_some_and(|split| !split.supported)
    };
    let members = tree.members();
    for node in &layout.nodes {
        let Some(parts) = node.parts else { continue };
        branches(&mut canvas, &layout, node, parts, refused(node), |node| {
            let mut clusters = members[node].iter().map(|&leaf| tree.clusters()[leaf]);
            let first = clusters.next().unwrap_or_default();
            clusters.all(|cluster| cluster == first).then(|| category(first))
        });
    }
    for node in &layout.nodes {
        let (x, y) = layout.place(node);
        match (node.parts.is_some(), refused(node)) {
            (false, _) => {}
            (true, false) => canvas.circle(x, y, 4.0, INK, None),
            (true, true) => canvas.circle(x, y, 4.0, Rgb(255, 255, 255), Some(category(REFUSED))),
        }
    }
    for node in groups() {
        let (x, y) = layout.place(node);
        canvas.bold(x + 10.0, y, 13, Anchor::Start, &name(node));
    }
    let mut end = start;
    for column in &columns {
        end += column.width();
        canvas.text(end - 6.0, TOP - 16.0, 13, Anchor::End, column.title);
        for node in &layout.nodes {
            let (_, y) = layout.place(node);
            let color = if refused(node) { category(REFUSED) } else { INK };
            let text = (column.text)(node.node, node.parts.and(split_of(node)));
            canvas.colored((end - 6.0, y), 12, Anchor::End, &text, color);
        }
    }
    canvas.line([start, TOP - 5.0, right - 8.0, TOP - 5.0], GREY, 1.0, None);
    let title = match run.splits.is_empty() {
        true => "Tree of the clusters",
        false => "Tree of the clusters, with the evidence",
    };
    Ok(Some(Figure::new("cluster_tree", title, caption(run, tree, &layout), &canvas)?))
}

/// Draws the lines from a split to its parts, dashed where it is refused. Parts of one cluster have
/// its colour.
fn branches(
    canvas: &mut Canvas,
    layout: &Layout<'_>,
    node: &Node,
    parts: [usize; 2],
    refused: bool,
    color: impl Fn(usize) -> Option<Rgb>,
) {
    let (x, y) = layout.place(node);
    let dash = refused.then_some("4,3");
    for part in parts.map(|at| &layout.nodes[at]) {
        let (to_x, to_y) = layout.place(part);
        let line = color(node.node).unwrap_or(INK);
        canvas.line([x, y, x, to_y], line, 1.6, dash);
        canvas.line([x, to_y, to_x, to_y], color(part.node).unwrap_or(INK), 1.6, dash);
        if part.parts.is_none() {
            canvas.circle(to_x, to_y, 5.0, color(part.node).unwrap_or(INK), None);
        }
    }
}

/// A column of numbers: of a node, and of its split if it has one.
struct Column<'a> {
    title: &'static str,
    width: f64,
    text: Box<dyn Fn(usize, Option<usize>) -> String + 'a>,
}

impl Column<'_> {
    fn width(&self) -> f64 {
        self.width.max(width(self.title, 13.0) + 16.0)
    }
}

fn columns<'a>(tree: &'a ClusterTree, splits: &'a [Split]) -> Vec<Column<'a>> {
    let sizes = tree.node_sizes();
    let merges = tree.merges();
    let widest = sizes.iter().max().map_or(0, |n| n.to_string().len());
    let cells = move |node: usize, split: Option<usize>| match split {
        Some(at) => format!("{} | {}", sizes[merges[at].parts[0]], sizes[merges[at].parts[1]]),
        None => sizes[node].to_string(),
    };
    let contact = |at: usize| compact(merges[at].contact);
    let mut all = vec![
        Column { title: "cells", width: 24.0 + 16.0 * widest as f64, text: Box::new(cells) },
        of_split("contact", contact),
    ];
    if splits.is_empty() {
        return all;
    }
    let tested = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    all.push(of_split("found again", |at| share(splits[at].found_again)));
    all.push(of_split("p", move |at| tested(splits[at].p.map(p_value))));
    all.push(of_split("error", move |at| tested(splits[at].error.map(share))));
    all.push(of_split("markers", move |at| tested(splits[at].n_markers.map(|n| n.to_string()))));
    all.push(of_split("supported", |at| if splits[at].supported { "yes" } else { "no" }.into()));
    all
}

fn of_split<'a>(title: &'static str, text: impl Fn(usize) -> String + 'a) -> Column<'a> {
    Column {
        title,
        width: 70.0,
        text: Box::new(move |_, split| split.map_or_else(String::new, &text)),
    }
}

fn share(value: f64) -> String {
    format!("{value:.2}")
}

fn caption(run: &Run, tree: &ClusterTree, layout: &Layout<'_>) -> String {
    let mut text = String::new();
    if layout.first > 0 {
        text += &format!(
            "The first {} of {} splits. ",
            tree.merges().len() - layout.first,
            tree.merges().len()
        );
    }
    text += "Groups at the right, splits (dots) between them; lengths mean nothing. Cells: those of \
             the group, or of the upper and the lower side of the split. Contact: the weight between \
             the sides, as a share of that by chance.";
    if !run.splits.is_empty() {
        text += " The clusters were found anew in one part of the molecules, and every split was \
                 tested on the other part. Found again: agreement with the most similar split there, \
                 0 to 1; a split that agrees by less than a half has no test. p: corrected for the \
                 number of splits. Error: the share of cells on the wrong side, by the other part. \
                 Markers: genes whose rates differ there. A split without support is dashed, its dot \
                 empty and its numbers coloured.";
    }
    text
}
