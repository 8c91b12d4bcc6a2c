//! Evidence for clusters that is valid after clustering: every split is tested on molecules that
//! played no part in finding it.

mod found_again;
mod held_out;
mod held_out_groups;
mod parts;
mod split;
mod table;

use morula_data::CountMatrix;
use morula_preprocess::RecipeParams;

use self::found_again::FoundAgain;
use self::held_out::HeldOut;
pub use self::held_out_groups::{HeldOutGroups, held_out_groups};
use self::parts::{ByViews, divided};
pub use self::split::Split;
pub use self::table::{from_uns, table, to_uns};
use crate::error::require;
use crate::tree::{ClusterTree, Level, Merge};
use crate::{ClusterError, NClusters, Result};

/// Parts whose contact is above this share of chance count as one group in the dispersions. Parts of
/// noise have two thirds, and as groups they would make the dispersions too small.
const APART: f64 = 0.5;

/// Parameters of [`evidence`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvidenceParams {
    /// Share of the molecules that clusters are found with.
    pub share: f64,
    /// Level at which a split is supported, after correction for the number of splits.
    pub level: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for EvidenceParams {
    fn default() -> Self {
        Self { share: 0.7, level: 0.05, seed: 0 }
    }
}

/// The clusters of a fit that evidence is wanted for.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The tree.
    pub tree: &'a ClusterTree,
    /// The leaf of every cell of the counts; `None` for cells that were left out.
    pub leaves: &'a [Option<usize>],
    /// The number of clusters that was requested.
    pub n_clusters: NClusters,
}

/// Evidence for the splits of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// One for every merge of the tree, in its order.
    pub splits: Vec<Split>,
    /// Number of clusters that are supported in the part that clusters were found with: 1 where no
    /// split is.
    pub n_supported: usize,
    /// Number of splits that were tested there, by which p-values are multiplied.
    pub n_tested: usize,
}

/// Clusters that were found in a part of the molecules.
#[derive(Debug, Clone)]
pub struct Found {
    /// Their tree.
    pub tree: ClusterTree,
    /// The leaf of every cell; `None` for cells that were left out.
    pub leaves: Vec<Option<usize>>,
}

/// Tests the splits of a tree of clusters. Clusters of a part of the molecules are found in the views of
/// expression.
///
/// 1. The molecules are divided in two parts ([`thin`]), with the dispersions that the genes have
///    within groups whose contact is at most a half ([`dispersions`]). The parts are independent
///    given a cell's expression.
/// 2. Clusters and their tree are found anew in the first part, by the same rule.
/// 3. Every split A | B of this tree is tested on the second part. With `w_g` the logarithm of the
///    ratio of the rates of A and B in the first part, and `p_g` the rate of both in the second,
///    cell i of size `N_i` has the score
///
///    `u_i = sum_g w_g (x_ig - N_i p_g) / sqrt(N_i)`.
///
///    The p-value is that of Welch's one-sided test of u in A against B, times the number of splits
///    (Bonferroni).
/// 4. A split of the given tree takes the p-value of the split that is most like it, if they agree
///    (Jaccard's index) by a half. Otherwise it was not found again, and has none. Splits that
///    differ by few cells may take the same.
///
/// Significance says that a split exists, not that the two sides are discrete: a gradient that is
/// cut in two always passes. Cost is linear in the molecules, for a given depth of the tree.
///
/// Count splitting: Neufeld et al. 2024, data thinning; Neufeld et al. 2022.
///
/// [`thin`]: morula_preprocess::thinning::thin
/// [`dispersions`]: morula_preprocess::thinning::dispersions
///
/// # Errors
/// [`ClusterError::Parameter`] for a level or share that is not
/// between 0 and 1, or other numbers of leaves than cells;
/// [`ClusterError::Preprocess`] where the first part has too few
/// molecules.
pub fn evidence(
    counts: &CountMatrix,
    recipe: &RecipeParams,
    shown: Shown<'_>,
    params: EvidenceParams,
) -> Result<Evidence> {
    evidence_by(counts, shown, params, |first| {
        let views = ByViews::find(first, recipe, shown.n_clusters, params.seed)?;
        let (found, seed) = (&views.found, params.seed);
        let (tree, of_kept) =
            ClusterTree::of_communities(&views.graph, found, &found.labels, seed)?;
        Ok(Found { tree, leaves: views.spread(&of_kept) })
    })
}

/// [`evidence`] with another rule that finds the clusters of the first part of the molecules, such as the
/// fit of a whole model.
///
/// # Errors
/// As [`evidence`]; those of the rule.
pub fn evidence_by<E: From<ClusterError>>(
    counts: &CountMatrix,
    shown: Shown<'_>,
    params: EvidenceParams,
    find: impl FnOnce(&CountMatrix) -> std::result::Result<Found, E>,
) -> std::result::Result<Evidence, E> {
    let level = params.level;
    require("level", level, level > 0.0 && level < 1.0, "give a number between 0 and 1")?;
    let expected = "give one for every cell of the counts, in the tree";
    let fits = |tree: &ClusterTree, leaves: &[Option<usize>]| {
        let known = leaves.iter().flatten().all(|&leaf| leaf < tree.n_leaves());
        require("leaves", leaves.len(), known && leaves.len() == counts.n_obs(), expected)
    };
    fits(shown.tree, shown.leaves)?;

    // Cells that were left out have a group of their own, beyond the others.
    let apart = shown.tree.cut(Level::Resolution(APART))?;
    let group = |leaf: &Option<usize>| leaf.map_or(apart.len(), |leaf| apart[leaf]);
    let groups: Vec<usize> = shown.leaves.iter().map(group).collect();
    let [first, second] = divided(counts, &groups, params)?;
    let Found { tree, leaves } = find(&first)?;
    fits(&tree, &leaves)?;

    let tested = HeldOut::new(&first, &second, &leaves, &tree)?.tests(&tree);
    let n_tested = tested.len();
    let holds: Vec<bool> = tested.iter().map(|t| t.p * n_tested as f64 <= level).collect();
    let n_supported = tree.n_supported(&holds);
    let again = FoundAgain::new(shown.tree, shown.leaves, &tree, &leaves);
    let split =
        |(at, merge): (usize, &Merge)| Split::new(again.best(at), merge.contact, &tested, level);
    let splits = shown.tree.merges().iter().enumerate().map(split).collect();
    Ok(Evidence { splits, n_supported, n_tested })
}
