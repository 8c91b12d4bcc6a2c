//! The section about the tree of clusters and its evidence.

use morula_cluster::ClusterTree;

use crate::Run;

/// What the evidence says, before the picture of the tree.
pub(super) fn summary(run: &Run) -> String {
    let Some(tree) = &run.tree else { return String::new() };
    if tree.n_leaves() == 1 {
        return "<p>There is one cluster without parts, so there is no split to test.</p>\n".into();
    }
    if run.splits.is_empty() {
        return String::new();
    }
    let supported: Vec<bool> = run.splits.iter().map(|split| split.supported).collect();
    format!("<p>{}</p>\n<p class=\"note\">{MEANING}</p>\n", found(tree, &supported))
}

const MEANING: &str = "Significant is not the same as discrete. A supported split exists: its sides \
                       differ in molecules that played no part in finding them. A gradient that is \
                       cut in two always passes. Compare the contact, which is near 0 between \
                       separate groups, and the error. All numbers are in <code>evidence.csv</code>.";

/// How many splits are supported, and what that means for the clusters.
fn found(tree: &ClusterTree, supported: &[bool]) -> String {
    let count = |splits: &[bool]| splits.iter().filter(|supported| **supported).count();
    let n_between = tree.n_clusters().saturating_sub(1);
    let (within, between) = supported.split_at(supported.len().saturating_sub(n_between));
    let left = tree.n_supported(supported);
    if left == 1 {
        return format!(
            "<strong>One cluster is supported.</strong> None of the {} splits holds on molecules that \
             played no part in finding clusters.",
            supported.len()
        );
    }
    let mut text = format!(
        "Supported: {} of {} splits between clusters, {} of {} within clusters. Without the splits \
         that have no support, from the leaves up, {left} of {} groups are left.",
        count(between),
        between.len(),
        count(within),
        within.len(),
        tree.n_leaves(),
    );
    if supported.last() == Some(&false) {
        text += " The first split has no support, although splits below it do.";
    }
    text
}
