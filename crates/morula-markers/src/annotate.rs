//! Finds the cell types of clusters from lists of marker genes.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{GroupMarkers, MarkerLists, Markers, MarkersError, Result};

/// Parameters of [`annotate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnnotateParams {
    /// Smallest margin to the second type, 0 to 2. Below it, the type of a cluster is unknown.
    pub margin: f64,
}

impl Default for AnnotateParams {
    fn default() -> Self {
        Self { margin: 0.05 }
    }
}

impl AnnotateParams {
    /// Sets the smallest margin.
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// Checks the range.
    ///
    /// # Errors
    /// [`MarkersError::Param`] when the margin is out of range.
    pub fn check(&self) -> Result<()> {
        match (0.0..=2.0).contains(&self.margin) {
            true => Ok(()),
            false => Err(MarkersError::param("margin", self.margin, "a margin is from 0 to 2")),
        }
    }
}

/// The type of every cluster, with the scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// Types of the lists, in order of the lists.
    pub types: Vec<String>,
    /// The clusters.
    pub clusters: Vec<ClusterType>,
    /// Genes of every type that were not tested.
    pub missing: Vec<Vec<String>>,
}

/// The type of one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterType {
    /// Name of the cluster.
    pub cluster: String,
    /// Number of its cells.
    pub n_cells: usize,
    /// Score of every type, -2 to 1; NaN for a type without tested genes.
    pub scores: Vec<f64>,
    /// Position of the best type; `None` if the margin is too small.
    pub cell_type: Option<usize>,
    /// The best score minus the second score, or minus 0 if the second is negative.
    pub margin: f64,
    /// Types, best first, whose scores are above 0 and nearer to the best than the smallest margin,
    /// if there are two or more: the cluster may be any of them.
    pub tied: Vec<usize>,
}

/// Assigns every cluster the type whose genes are most specific to it.
///
/// `G_t` are the tested genes of type `t`. The score of type `t` in cluster `c` is the mean, over
/// these genes, of the rank-biserial correlation: how much higher they are than in the other cells.
///
/// ```text
/// s_ct = 1 / |G_t| sum over g in G_t of (2 AUC_gc - 1)                      -1 <= s_ct <= 1
/// margin_c = s_c(1) - max(s_c(2), 0)         the best and the second best score of c
/// ```
///
/// Genes `N_t` that type `t` lacks take the mean of `max(2 AUC - 1, 0)` from the score: one that is
/// high in the cluster speaks against the type, and one that is low everywhere says nothing.
///
/// `AUC_gc` is the probability that a cell of `c` has more of `g` than a cell outside `c`; ties
/// count half. It uses the same ranks as the markers. Unlike a z-score it does not grow with the
/// number of cells, so scores of different clusters are comparable. A score of 0 means that the
/// genes do not differ from the other cells. The best type must also beat this score of 0. The type
/// of a cluster is unknown if its margin is below [`AnnotateParams::margin`] or not above 0.
///
/// `var_names`: a name per column of the matrix of the markers. Names are matched exactly.
///
/// # Errors
/// [`MarkersError::Param`]; [`MarkersError::Shape`] when there are too few names;
/// [`MarkersError::NoGeneFound`] when the lists and the data share no gene.
pub fn annotate(
    markers: &Markers,
    var_names: &[String],
    lists: &MarkerLists,
    params: &AnnotateParams,
) -> Result<Annotation> {
    params.check()?;
    if !markers.is_ranked() {
        let want = "annotation needs the AUC of `rank_genes_groups`";
        return Err(MarkersError::param("markers", "log-ratio", want));
    }
    let tested: Vec<usize> = markers.tested().collect();
    let expected = tested.last().map_or(0, |last| last + 1);
    if var_names.len() < expected {
        let (what, found) = ("names of the genes", var_names.len());
        return Err(MarkersError::Shape { what, expected, found });
    }
    // Of genes with the same name the first counts, as in anndata.
    let mut position = HashMap::new();
    for (at, &j) in tested.iter().enumerate() {
        position.entry(var_names[j].as_str()).or_insert(at);
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for ((_, genes), negative) in lists.types().zip(lists.negative()) {
        let at = |gene: &String| position.get(gene.as_str()).copied();
        found.push(Known {
            genes: genes.iter().filter_map(at).collect(),
            negative: negative.iter().filter_map(at).collect(),
        });
        let genes = genes.iter().chain(negative);
        missing.push(genes.filter(|g| at(g).is_none()).cloned().collect::<Vec<_>>());
    }
    if found.iter().all(|known| known.genes.is_empty()) {
        let genes = || lists.types().flat_map(|(_, genes)| genes);
        let example: Vec<&str> = genes().take(3).map(String::as_str).collect();
        let (listed, n_genes) = (genes().count(), tested.len());
        return Err(MarkersError::NoGeneFound { listed, n_genes, example: example.join(", ") });
    }
    let clusters = markers.groups().iter().map(|group| cluster_type(group, &found, params));
    Ok(Annotation {
        types: lists.types().map(|(name, _)| name.to_string()).collect(),
        clusters: clusters.collect(),
        missing,
    })
}

/// Tested genes of a type, and of those it lacks.
struct Known {
    genes: Vec<usize>,
    negative: Vec<usize>,
}

fn cluster_type(group: &GroupMarkers, types: &[Known], params: &AnnotateParams) -> ClusterType {
    let above = |&at: &usize| 2.0 * group.genes()[at].auc - 1.0;
    // The mean of no genes is 0 / 0.
    let mean = |genes: &[usize], of: &dyn Fn(&usize) -> f64| {
        genes.iter().map(of).sum::<f64>() / genes.len() as f64
    };
    let score = |known: &Known| {
        let score = mean(&known.genes, &above);
        match known.negative.is_empty() {
            true => score,
            false => score - mean(&known.negative, &|at| above(at).max(0.0)),
        }
    };
    let scores: Vec<f64> = types.iter().map(score).collect();
    let (mut best, mut first, mut second) = (None, 0.0, 0.0);
    for (t, &s) in scores.iter().enumerate().filter(|(_, s)| **s > 0.0) {
        if s > first {
            (best, first, second) = (Some(t), s, first);
        } else if s > second {
            second = s;
        }
    }
    let margin = first - second;
    let cell_type = best.filter(|_| margin > 0.0 && margin >= params.margin);
    let near = |s: f64| s > 0.0 && (s == first || first - s < params.margin);
    let mut tied: Vec<usize> = (0..scores.len()).filter(|&t| near(scores[t])).collect();
    tied.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    if tied.len() < 2 {
        tied.clear();
    }
    let (cluster, n_cells) = (group.name.clone(), group.n_cells);
    ClusterType { cluster, n_cells, scores, cell_type, margin, tied }
}
