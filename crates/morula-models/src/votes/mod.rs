//! Clusters of cells by their nearest cells in several views.

mod stored;

use morula_preprocess::{Neighbors, kneighbors};

pub(crate) use self::stored::Sizes;
use crate::cluster::Communities;
use crate::expression::{NEIGHBORHOOD, Surroundings};
use crate::{Matrix, Result};

/// Rounds in which clusters that win no cell are looked for, at most.
const ROUNDS: usize = 10;

/// How far a cluster is ahead in a cell that it gets back.
const AHEAD: f32 = 1.01;

/// The cells of a fit with their clusters, who vote on the cluster of any cell.
///
/// In every view the 15 nearest cells vote, a cell of the fit itself among them. A small cluster
/// cannot fill 15 places, so what counts is the share it takes of those it could:
///
/// `v_ik ~ sum_v w_k sum_{j in N_v(i)} [j in k]`, `w_k = 1 / min(15, n_k)`, rows summing to 1.
///
/// A cluster whose cells are nobody's neighbours could be outvoted in every one of them. Then its
/// votes weigh as much more as lets half of its cells keep it.
///
/// Neighbours may be of one mind and yet wrong: about a cluster that might as well have been split
/// or joined to another. So votes count as far as the clusters of those who won them are found
/// again ([`Communities::stability`]), and the rest says nothing:
///
/// `p_ik = c_i v_ik + (1 - c_i) / K`, c_i: the mean stability of the voters for the most likely k.
#[derive(Debug, Clone)]
pub(crate) struct Votes {
    views: Vec<Matrix>,
    labels: Vec<usize>,
    /// How well the cluster of every cell is found again, 0 to 1.
    stability: Vec<f32>,
    /// What a vote for every cluster weighs.
    weights: Vec<f32>,
}

impl Votes {
    /// Takes the cells and their clusters; with their probabilities.
    pub fn fit(cells: Surroundings, clusters: Communities) -> (Self, Matrix) {
        let Communities { labels, n_clusters, stability, .. } = clusters;
        let mut sizes = vec![0_usize; n_clusters];
        labels.iter().for_each(|&k| sizes[k] += 1);
        let share = |&size: &usize| 1.0 / size.clamp(1, NEIGHBORHOOD) as f32;
        let weights = sizes.iter().map(share).collect();
        let mut votes = Self { views: cells.views, labels, stability, weights };
        // What one cluster gets back another may lose: a few rounds.
        for _ in 0..ROUNDS {
            if !votes.raise_the_outvoted(&cells.found) {
                break;
            }
        }
        let proba = votes.count(votes.labels.len(), &cells.found, true);
        (votes, proba)
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.weights.len()
    }

    /// Gives cluster `k` the number `to[k]`.
    pub fn renumber(&mut self, to: &[usize]) {
        self.labels.iter_mut().for_each(|label| *label = to[*label]);
        let weights = self.weights.clone();
        weights.iter().zip(to).for_each(|(&weight, &to)| self.weights[to] = weight);
    }

    /// Gives clusters that win no cell the weight with which half of their cells would stay;
    /// whether there were any.
    fn raise_the_outvoted(&mut self, found: &[Neighbors]) -> bool {
        let k = self.n_clusters();
        let mut wins = vec![false; k];
        // By how much the most likely other cluster of every cell is ahead of its own.
        let mut lead: Vec<Vec<f32>> = vec![Vec::new(); k];
        let mut cast = vec![[0.0; 2]; k];
        for (i, &own) in self.labels.iter().enumerate() {
            self.cast(i, found, true, &mut cast);
            let of = |a: usize| cast[a][0];
            let Some(first) = (0..k).reduce(|a, b| if of(b) > of(a) { b } else { a }) else {
                return false;
            };
            wins[first] = true;
            let others = (0..k).filter(|&a| a != own).map(of);
            lead[own].push(others.fold(0.0, f32::max) / of(own));
        }
        let mut any = false;
        for ((weight, lead), wins) in self.weights.iter_mut().zip(&mut lead).zip(wins) {
            lead.sort_by(f32::total_cmp);
            if let (false, Some(median)) = (wins, lead.get(lead.len() / 2)) {
                *weight *= median * AHEAD;
                any = true;
            }
        }
        any
    }

    /// Probabilities of cells from their views, `[m, K]`.
    pub fn proba(&self, views: &[Matrix]) -> Result<Matrix> {
        let found = self.views.iter().zip(views).map(|(points, queries)| {
            Ok(kneighbors(queries.values(), points.values(), points.n_cols(), NEIGHBORHOOD)?)
        });
        let found = found.collect::<Result<Vec<_>>>()?;
        Ok(self.count(views.first().map_or(0, Matrix::n_rows), &found, false))
    }

    /// Counts the votes; `own`: each cell is a voter too, who is not among its neighbours.
    fn count(&self, n_cells: usize, found: &[Neighbors], own: bool) -> Matrix {
        let k = self.n_clusters();
        let mut proba = vec![0.0; n_cells * k];
        let mut cast = vec![[0.0_f32; 2]; k];
        for (i, row) in proba.chunks_mut(k.max(1)).enumerate() {
            self.cast(i, found, own, &mut cast);
            let total: f32 = cast.iter().map(|c| c[0]).sum();
            let most = cast.iter().copied().reduce(|a, b| if b[0] > a[0] { b } else { a });
            let [votes, stability] = most.unwrap_or_default();
            let trust = stability / votes.max(f32::MIN_POSITIVE);
            for (p, [votes, _]) in row.iter_mut().zip(&cast) {
                *p = trust * votes / total.max(f32::MIN_POSITIVE) + (1.0 - trust) / k as f32;
            }
        }
        Matrix::new(proba, k)
    }

    /// The votes on cell i, and the stability of those who cast them.
    fn cast(&self, i: usize, found: &[Neighbors], own: bool, cast: &mut [[f32; 2]]) {
        cast.fill([0.0; 2]);
        let itself = if own { found.len() } else { 0 };
        let near = found.iter().flat_map(|v| &v.indices[i * v.k..(i + 1) * v.k]);
        for j in near.map(|&j| j as usize).chain(std::iter::repeat_n(i, itself)) {
            let label = self.labels[j];
            let [votes, stability] = &mut cast[label];
            *votes += self.weights[label];
            *stability += self.weights[label] * self.stability[j];
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::expression::tests::surroundings;

    fn clusters(stability: f32) -> Communities {
        let labels = [vec![0; 20], vec![1; 2]].concat();
        let evidence = Default::default();
        Communities { labels, n_clusters: 2, stability: vec![stability; 22], evidence }
    }

    /// 20 cells at 0 to 19 and 2 cells far away, in two views.
    pub(super) fn cells() -> (Votes, Matrix) {
        let x: Vec<f32> = (0..20).map(|i| i as f32).chain([200.0, 201.0]).collect();
        let view = Matrix::new(x, 1);
        let views = vec![view.clone(), view];
        Votes::fit(surroundings(views), clusters(1.0))
    }

    #[test]
    fn small_clusters_hold_their_own() {
        let (_, proba) = cells();
        for i in 0..20 {
            assert_eq!(proba.row(i), [1.0, 0.0], "{i}");
        }
        // Both places that the small cluster can fill, against 13 of 15.
        let expected = 1.0 / (1.0 + 13.0 / 15.0);
        for i in 20..22 {
            assert!((proba.row(i)[1] - expected).abs() < 1e-6, "{:?}", proba.row(i));
        }
    }

    /// 100 cells in a row; every third from 30 to 75 is of a cluster that has a third of the votes
    /// in its own midst.
    #[test]
    fn no_cluster_is_lost() {
        let of = |i: usize| usize::from((30..=75).contains(&i) && i.is_multiple_of(3));
        let labels: Vec<usize> = (0..100).map(of).collect();
        let view = Matrix::new((0..100).map(|i| i as f32).collect(), 1);
        let evidence = Default::default();
        let clusters = Communities { labels, n_clusters: 2, stability: vec![1.0; 100], evidence };
        let (votes, proba) = Votes::fit(surroundings(vec![view]), clusters);
        let found = proba.argmax();
        let kept = (0..100).filter(|&i| of(i) == 1 && found[i] == 1).count();
        assert!(kept >= 8 && found[..20] == [0; 20], "{found:?}");
        assert!(votes.weights[1] > 2.0 / 15.0, "{:?}", votes.weights);
        assert_eq!(votes.weights[0], 1.0 / 15.0);
    }

    #[test]
    fn clusters_that_are_not_found_again_leave_doubt() {
        let view = Matrix::new((0..22).map(|i| if i < 20 { 0.0 } else { 9.0 }).collect(), 1);
        let (_, proba) = Votes::fit(surroundings(vec![view]), clusters(0.5));
        assert_eq!(proba.row(0), [0.75, 0.25]);
    }

    #[test]
    fn cells_of_the_fit_get_the_same_as_new_ones() {
        let (votes, proba) = cells();
        let again = votes.proba(&votes.views).unwrap();
        for (a, b) in proba.values().iter().zip(again.values()) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
