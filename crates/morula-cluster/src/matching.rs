//! Names of clusters that stay from one run to the next.

use std::collections::HashSet;

use morula_data::Categorical;

use crate::{ClusterError, Result};

/// How alike the clusters of two runs are. Rows are the clusters of the run that gets new names,
/// `b`, and columns those of the run that has the names, `a`.
#[derive(Debug, Clone, PartialEq)]
pub struct Similarity {
    /// How alike two clusters are as wholes: the Jaccard index of their cells, or the correlation of
    /// their profiles.
    pub pairs: Vec<Vec<f64>>,
    /// How much of a cluster of `b` is in one of `a`: the share of its cells, or the correlation.
    pub of_b: Vec<Vec<f64>>,
    /// How much of a cluster of `a` is in one of `b`.
    pub of_a: Vec<Vec<f64>>,
    /// Least similarity of a pair that shares a name.
    pub least: f64,
}

/// New names for the clusters of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterMatch {
    /// The new name of every cluster of `b`.
    pub names: Vec<String>,
    /// The cluster of `a` that it is named after, if there is one.
    pub matched: Vec<Option<usize>>,
    /// Clusters of `a` that are in several of `b`: the one that keeps the name, then the others.
    pub splits: Vec<(usize, Vec<usize>)>,
    /// Clusters of `b` that hold several of `a`: the one whose name it has, then the others.
    pub merges: Vec<(usize, Vec<usize>)>,
}

/// The least Jaccard index of a pair that shares a name: a tenth of all their cells in common.
const LEAST_JACCARD: f64 = 0.1;
/// A cluster belongs to another with at least half of its cells.
const HALF: f64 = 0.5;

impl Similarity {
    /// Of two clusterings of the same cells. Cells that lack a label in one of them are ignored.
    ///
    /// For clusters with cells `A` and `B`: `pairs = |A and B| / |A or B|`, `of_b = |A and B| /
    /// |B|`, `of_a = |A and B| / |A|`.
    ///
    /// # Errors
    /// [`ClusterError::Parameter`] when they label different numbers of cells.
    pub fn of_cells(a: &Categorical, b: &Categorical) -> Result<Self> {
        if a.codes().len() != b.codes().len() {
            let value = format!("{} and {}", a.codes().len(), b.codes().len());
            let expected = "a label per cell in common, for both runs";
            return Err(ClusterError::Parameter { name: "labels", value, expected });
        }
        let (n_a, n_b) = (a.categories().len(), b.categories().len());
        let mut both = vec![vec![0.0; n_a]; n_b];
        let (mut in_a, mut in_b) = (vec![0.0; n_a], vec![0.0; n_b]);
        for (&i, &j) in a.codes().iter().zip(b.codes()).filter(|(i, j)| **i >= 0 && **j >= 0) {
            both[j as usize][i as usize] += 1.0;
            in_a[i as usize] += 1.0;
            in_b[j as usize] += 1.0;
        }
        // Clusters without cells in common are alike in nothing.
        let share = |part: f64, of: f64| if of > 0.0 { part / of } else { 0.0 };
        let each = |f: &dyn Fn(f64, f64, f64) -> f64| -> Vec<Vec<f64>> {
            let row = |(j, row): (usize, &Vec<f64>)| {
                row.iter().zip(&in_a).map(|(n, a)| f(*n, *a, in_b[j])).collect()
            };
            both.iter().enumerate().map(row).collect()
        };
        Ok(Self {
            pairs: each(&|n, a, b| share(n, a + b - n)),
            of_b: each(&|n, _, b| share(n, b)),
            of_a: each(&|n, a, _| share(n, a)),
            least: LEAST_JACCARD,
        })
    }

    /// Of clusters whose profiles have these correlations, `b x a`; a pair that shares a name has
    /// at least `least`.
    pub fn of_profiles(correlations: Vec<Vec<f64>>, least: f64) -> Self {
        let (of_a, of_b) = (correlations.clone(), correlations.clone());
        Self { pairs: correlations, of_b, of_a, least }
    }

    /// Names the clusters of `b` after those of `a`.
    ///
    /// The most similar pair shares a name first, then the most similar of those left, down to
    /// `least`; ties go to the earlier cluster. A cluster of `b` without a partner gets the next
    /// free number. It is part of a split if it belongs to a cluster of `a` whose name is taken;
    /// a cluster of `a` without a partner is part of a merge likewise. It belongs to the one that
    /// holds most of it, and at least half (of cells), or that correlates most, and at least
    /// `least`.
    ///
    /// # Errors
    /// [`ClusterError::Parameter`] unless there is a name per column.
    pub fn names(&self, a: &[String]) -> Result<ClusterMatch> {
        if self.pairs.iter().any(|row| row.len() != a.len()) {
            let value = format!("{} names", a.len());
            let expected = "one for every cluster of the run that has the names";
            return Err(ClusterError::Parameter { name: "names", value, expected });
        }
        let n_b = self.pairs.len();
        let mut all: Vec<(usize, usize)> =
            (0..n_b).flat_map(|j| (0..a.len()).map(move |i| (j, i))).collect();
        all.retain(|&(j, i)| self.pairs[j][i] >= self.least);
        all.sort_by(|&(j, i), &(l, k)| self.pairs[l][k].total_cmp(&self.pairs[j][i]));
        let (mut matched, mut taken) = (vec![None; n_b], vec![None; a.len()]);
        for (j, i) in all {
            if matched[j].is_none() && taken[i].is_none() {
                (matched[j], taken[i]) = (Some(i), Some(j));
            }
        }
        let bar = if self.pairs == self.of_b { self.least } else { HALF };
        let home = |values: &mut dyn Iterator<Item = f64>| {
            let best = values.enumerate().fold(None, |best: Option<(usize, f64)>, (at, v)| {
                if best.is_none_or(|(_, most)| v > most) { Some((at, v)) } else { best }
            });
            best.filter(|(_, v)| *v >= bar).map(|(at, _)| at)
        };
        let mut splits: Vec<(usize, Vec<usize>)> = Vec::new();
        for j in (0..n_b).filter(|&j| matched[j].is_none()) {
            let to = home(&mut self.of_b[j].iter().copied());
            if let Some((i, keeper)) = to.and_then(|i| Some((i, taken[i]?))) {
                push(&mut splits, i, keeper, j);
            }
        }
        let mut merges: Vec<(usize, Vec<usize>)> = Vec::new();
        for i in (0..a.len()).filter(|&i| taken[i].is_none()) {
            let to = home(&mut self.of_a.iter().map(|row| row[i]));
            if let Some((j, keeper)) = to.and_then(|j| Some((j, matched[j]?))) {
                push(&mut merges, j, keeper, i);
            }
        }
        Ok(ClusterMatch { names: numbered_on(a, &matched), matched, splits, merges })
    }
}

/// Adds a part to those of a whole, after the one that has the name.
fn push(to: &mut Vec<(usize, Vec<usize>)>, whole: usize, keeper: usize, part: usize) {
    match to.iter_mut().find(|(of, _)| *of == whole) {
        Some((_, parts)) => parts.push(part),
        None => to.push((whole, vec![keeper, part])),
    }
}

/// The names of matched clusters, and the numbers after the highest one for the others.
fn numbered_on(a: &[String], matched: &[Option<usize>]) -> Vec<String> {
    let used: HashSet<&str> = a.iter().map(String::as_str).collect();
    // The number of 3 and of 3.1 is 3. A number beyond 32 bits is a name like any other.
    let number = |name: &String| name.split('.').next()?.parse::<u32>().ok();
    let mut next = a.iter().filter_map(number).max().map_or(a.len() as u64, |n| u64::from(n) + 1);
    let mut free = || loop {
        let name = next.to_string();
        next += 1;
        if !used.contains(name.as_str()) {
            return name;
        }
    };
    matched.iter().map(|of| of.map_or_else(&mut free, |i| a[i].clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Categorical {
        Categorical::from_labels(text.chars().map(|c| (c != ' ').then(|| c.to_string())))
    }

    fn names(a: &str, b: &str) -> ClusterMatch {
        let (a, b) = (labels(a), labels(b));
        Similarity::of_cells(&a, &b).unwrap().names(a.categories()).unwrap()
    }

    #[test]
    fn the_same_clusters_under_other_numbers_keep_their_names() {
        let found = names("0001122 ", "1112200 ");
        assert_eq!(found.names, ["2", "0", "1"]);
        assert!(found.splits.is_empty() && found.merges.is_empty());
    }

    #[test]
    fn splits_and_merges_are_named() {
        // 0 is split into a larger and a smaller part; 1 and 2 are merged.
        let found = names("0000011112", "aaabbccccc");
        assert_eq!(found.names, ["0", "3", "1"]);
        assert_eq!(found.splits, [(0, vec![0, 1])]);
        assert_eq!(found.merges, [(2, vec![1, 2])]);
    }

    #[test]
    fn what_is_new_is_numbered_on() {
        let found = names("  0077", "aa0077");
        assert_eq!(found.names, ["0", "7", "8"]);
        let words = names("xxyy  ", "aabbcc");
        assert_eq!(words.names, ["x", "y", "2"]);
        let huge = Similarity::of_profiles(vec![vec![0.1]], 0.5);
        assert_eq!(huge.names(&[u64::MAX.to_string()]).unwrap().names, ["1"]);
        let parts = Similarity::of_profiles(vec![vec![0.1, 0.2]], 0.5);
        assert_eq!(parts.names(&["3.1".into(), "3.2".into()]).unwrap().names, ["4"]);
    }

    #[test]
    fn the_best_pair_goes_first() {
        let found = Similarity::of_profiles(vec![vec![0.9, 0.8], vec![0.95, 0.1]], 0.3);
        let found = found.names(&["x".into(), "y".into()]).unwrap();
        assert_eq!(found.names, ["y", "x"]);
        assert!(Similarity::of_profiles(vec![vec![0.9]], 0.3).names(&[]).is_err());
        let (a, b) = (labels("01"), labels("012"));
        assert!(Similarity::of_cells(&a, &b).is_err());
    }
}
