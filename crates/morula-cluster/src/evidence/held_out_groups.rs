//! Groups of cells found anew in one part of the molecules, to test in the other.

use morula_data::CountMatrix;
use morula_preprocess::RecipeParams;

use super::EvidenceParams;
use super::parts::{ByViews, divided};
use crate::error::require;
use crate::{NClusters, Result};

/// Least agreement with a group of the other part that counts as finding it again.
const AGAIN: f64 = 0.5;

/// Groups that were found anew in one part of the molecules, with the other part.
#[derive(Debug, Clone)]
pub struct HeldOutGroups {
    /// The second part of the molecules, which played no part in finding the groups.
    pub counts: CountMatrix,
    /// Group of every cell, numbered as the given group that it is most like; `None` for cells in no
    /// such group.
    pub groups: Vec<Option<usize>>,
    /// Agreement of every given group with the one found anew (Jaccard's index, 0 to 1). Below a
    /// half the group was not found again, and no cell is in it.
    pub found_again: Vec<f64>,
}

/// Finds groups of cells anew in one part of the molecules, as many as are given, in the views of
/// expression, and matches them with the given ones. Tests of these groups on the other part have
/// p-values that hold after clustering, as in [`evidence`](super::evidence).
///
/// `given` has the group of every cell, below `n_groups`; `None` for cells in no group.
///
/// # Errors
/// As [`evidence`](super::evidence).
pub fn held_out_groups(
    counts: &CountMatrix,
    recipe: &RecipeParams,
    given: &[Option<usize>],
    n_groups: usize,
    params: EvidenceParams,
) -> Result<HeldOutGroups> {
    let (n, expected) = (given.len(), "give one for every cell of the counts");
    require("groups", n, n == counts.n_obs(), expected)?;
    let known = given.iter().flatten().all(|&group| group < n_groups);
    require("n_groups", n_groups, known && n_groups > 0, "give a number above every group")?;
    let with_rest: Vec<usize> = given.iter().map(|group| group.unwrap_or(n_groups)).collect();
    let [first, second] = divided(counts, &with_rest, params)?;
    let views = ByViews::find(&first, recipe, NClusters::Given(n_groups), params.seed)?;
    let anew = views.spread(&views.found.labels);
    let (to, found_again) = matched(given, n_groups, &anew, views.found.n_clusters);
    let groups = anew.iter().map(|k| k.and_then(|k| to[k])).collect();
    Ok(HeldOutGroups { counts: second, groups, found_again })
}

/// The given group that every new one is most like, if they agree by a half, and the agreement of
/// every given group.
fn matched(
    given: &[Option<usize>],
    n_given: usize,
    anew: &[Option<usize>],
    n_anew: usize,
) -> (Vec<Option<usize>>, Vec<f64>) {
    let mut both = vec![vec![0.0; n_anew]; n_given];
    let (mut sizes, mut new_sizes) = (vec![0.0; n_given], vec![0.0; n_anew]);
    for (a, b) in given.iter().zip(anew) {
        a.iter().for_each(|&a| sizes[a] += 1.0);
        b.iter().for_each(|&b| new_sizes[b] += 1.0);
        if let (Some(a), Some(b)) = (*a, *b) {
            both[a][b] += 1.0;
        }
    }
    // Two groups cannot agree with one by more than a half each, so the match is one to one.
    let (mut to, mut found_again) = (vec![None; n_anew], vec![0.0; n_given]);
    for (a, row) in both.iter().enumerate() {
        for (b, &common) in row.iter().enumerate() {
            let union = sizes[a] + new_sizes[b] - common;
            let agreement: f64 = if union > 0.0 { common / union } else { 0.0 };
            if agreement > found_again[a] {
                found_again[a] = agreement;
            }
            if agreement > AGAIN {
                to[b] = Some(a);
            }
        }
    }
    (to, found_again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_matched_by_their_cells() {
        let some = |labels: &[usize]| labels.iter().copied().map(Some).collect::<Vec<_>>();
        let given = some(&[0, 0, 0, 1, 1, 1, 2, 2]);
        let anew = some(&[2, 2, 2, 0, 0, 1, 1, 0]);
        let (to, found_again) = matched(&given, 3, &anew, 3);
        assert_eq!(to, [None, None, Some(0)]);
        assert_eq!(found_again, [1.0, 0.5, 1.0 / 3.0]);
        let (to, found_again) = matched(&[None, None], 1, &some(&[0, 0]), 1);
        assert_eq!((to, found_again), (vec![None], vec![0.0]));
    }
}
