//! Accuracy and F1 after the best one-to-one matching of clusters and classes.

use std::collections::BTreeMap;

use pathfinding::{
    kuhn_munkres::{Weights, kuhn_munkres},
    undirected::connected_components::separate_components,
};

use super::{Contingency, Overlap};

/// Fractional bits of an F1 in a matching weight.
const F1_BITS: u32 = 40;
/// Bits below a count in a matching weight: room for the F1 of 2^24 classes.
const TIE_BITS: u32 = 64;

/// The best one-to-one matching of predicted clusters to classes of the truth.
///
/// A cluster is in at most one pair, and so is a class. Surplus clusters or classes are in none.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    pairs: Vec<Overlap>,
    accuracy: f64,
    f1_macro: f64,
}

impl Matching {
    /// Matched pairs that share cells, sorted by class.
    pub fn pairs(&self) -> &[Overlap] {
        &self.pairs
    }

    /// Clustering accuracy, `ACC = max_m sum_i n_{i,m(i)} / N` over one-to-one matchings `m`.
    pub fn accuracy(&self) -> f64 {
        self.accuracy
    }

    /// Macro F1 of the matched labels: the unweighted mean over the classes of the truth of
    /// `F1_i = 2 n_{i,m(i)} / (a_i + b_m(i))`, 0 for a class without a cluster.
    ///
    /// Cells of unmatched clusters count as misses of their class.
    pub fn f1_macro(&self) -> f64 {
        self.f1_macro
    }
}

impl Contingency {
    /// Matches clusters and classes so that as many cells as possible agree (Hungarian method). Of
    /// equal matchings it returns one with the highest macro F1.
    ///
    /// This rule makes [`Matching::f1_macro`] independent of the order of labels and cells. Each
    /// group of classes and clusters that overlaps link is solved separately, in time cubic in the
    /// size of the group: instant for hundreds of labels, seconds for thousands.
    pub fn best_matching(&self) -> Matching {
        let mut by_class = vec![Vec::new(); self.class_sizes().len()];
        for overlap in self.overlaps() {
            by_class[overlap.class].push(overlap.cluster);
        }
        let (_, group_of_class) = separate_components(&by_class);
        let mut groups: BTreeMap<usize, Vec<Overlap>> = BTreeMap::new();
        for &overlap in self.overlaps() {
            groups.entry(group_of_class[overlap.class]).or_default().push(overlap);
        }
        let mut pairs: Vec<Overlap> =
            groups.values().flat_map(|overlaps| self.match_group(overlaps)).collect();
        pairs.sort_by_key(|pair| pair.class);

        let matched: usize = pairs.iter().map(|pair| pair.count).sum();
        let f1: f64 =
            pairs.iter().map(|pair| 2.0 * pair.count as f64 / self.joint_size(pair) as f64).sum();
        Matching {
            accuracy: matched as f64 / self.n_cells() as f64,
            f1_macro: f1 / self.class_sizes().len() as f64,
            pairs,
        }
    }

    /// `a_i + b_j`.
    fn joint_size(&self, o: &Overlap) -> usize {
        self.class_sizes()[o.class] + self.cluster_sizes()[o.cluster]
    }

    fn match_group(&self, overlaps: &[Overlap]) -> Vec<Overlap> {
        let weights = GroupWeights::new(overlaps, |o| {
            let f1 = ((2 * o.count as i128) << F1_BITS) / self.joint_size(o) as i128;
            ((o.count as i128) << TIE_BITS) + f1
        });
        let (_, column_of_row) = kuhn_munkres(&weights);
        overlaps
            .iter()
            .filter(|o| {
                let (row, column) = weights.position(o);
                row.is_some_and(|row| column_of_row.get(row) == column.as_ref())
            })
            .copied()
            .collect()
    }
}

/// Sparse weights of one group. The smaller side forms the rows, as the method requires.
struct GroupWeights {
    classes_are_rows: bool,
    row_ids: Vec<usize>,
    column_ids: Vec<usize>,
    /// Per row, `(column, weight)` in order of columns.
    rows: Vec<Vec<(usize, i128)>>,
}

impl GroupWeights {
    fn new(overlaps: &[Overlap], weight: impl Fn(&Overlap) -> i128) -> Self {
        let classes = sorted_distinct(overlaps.iter().map(|o| o.class));
        let clusters = sorted_distinct(overlaps.iter().map(|o| o.cluster));
        let classes_are_rows = classes.len() <= clusters.len();
        let (row_ids, column_ids) =
            if classes_are_rows { (classes, clusters) } else { (clusters, classes) };
        let rows = vec![Vec::new(); row_ids.len()];
        let mut weights = Self { classes_are_rows, row_ids, column_ids, rows };
        for overlap in overlaps {
            if let (Some(row), Some(column)) = weights.position(overlap) {
                weights.rows[row].push((column, weight(overlap)));
            }
        }
        weights.rows.iter_mut().for_each(|row| row.sort_unstable());
        weights
    }

    /// Row and column of an overlap.
    fn position(&self, o: &Overlap) -> (Option<usize>, Option<usize>) {
        let (row, column) =
            if self.classes_are_rows { (o.class, o.cluster) } else { (o.cluster, o.class) };
        (self.row_ids.binary_search(&row).ok(), self.column_ids.binary_search(&column).ok())
    }
}

impl Weights<i128> for GroupWeights {
    fn rows(&self) -> usize {
        self.row_ids.len()
    }

    fn columns(&self) -> usize {
        self.column_ids.len()
    }

    fn at(&self, row: usize, column: usize) -> i128 {
        let entries = &self.rows[row];
        entries.binary_search_by_key(&column, |&(c, _)| c).map_or(0, |at| entries[at].1)
    }

    fn neg(&self) -> Self {
        let negate = |row: &Vec<(usize, i128)>| row.iter().map(|&(c, w)| (c, -w)).collect();
        Self {
            classes_are_rows: self.classes_are_rows,
            row_ids: self.row_ids.clone(),
            column_ids: self.column_ids.clone(),
            rows: self.rows.iter().map(negate).collect(),
        }
    }
}

fn sorted_distinct(ids: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut ids: Vec<usize> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
