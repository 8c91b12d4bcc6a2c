//! The votes of cells on the clusters of cells near them.

use morula_data::DenseMatrix;
use morula_preprocess::Neighbors;

use crate::communities::Communities;
use crate::labels::number_by_cells;
use crate::representations::NEIGHBORHOOD;

/// Most rounds that raise the weight of clusters without a cell.
const ROUNDS: usize = 10;

/// Factor by which a raised cluster leads in the cells that it regains.
const LEAD: f32 = 1.01;

/// The votes of the cells of a fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ballot {
    pub labels: Vec<usize>,
    /// Stability of the cluster of every cell, 0 to 1.
    pub stability: Vec<f32>,
    /// Weight of a vote for every cluster.
    pub weights: Vec<f32>,
}

impl Ballot {
    /// The votes of cells with these neighbours and clusters, and the probabilities of the cells.
    /// Clusters without a likeliest cell are dissolved; the others are numbered by the number of
    /// these cells, which falls.
    pub fn settle(found: &[Neighbors], clusters: Communities) -> (Self, DenseMatrix) {
        let Communities { labels, n_clusters, stability, .. } = clusters;
        let n_cells = labels.len();
        let mut ballot = Self::of_sizes(labels, stability, n_clusters);
        loop {
            ballot.raise(found);
            let proba = ballot.count(n_cells, found, true);
            let (proba, winners, live) = number_by_cells(proba, |to| ballot.renumber(to));
            if live == ballot.n_clusters() {
                return (ballot, proba);
            }
            ballot.dissolve(live, &winners);
            ballot = Self::of_sizes(ballot.labels, ballot.stability, live);
        }
    }

    /// The votes of cells with these clusters, weighted by their sizes alone.
    pub fn of_sizes(labels: Vec<usize>, stability: Vec<f32>, n_clusters: usize) -> Self {
        let mut sizes = vec![0_usize; n_clusters];
        labels.iter().for_each(|&k| sizes[k] += 1);
        let share = |&size: &usize| 1.0 / size.clamp(1, NEIGHBORHOOD) as f32;
        let weights = sizes.iter().map(share).collect();
        Self { labels, stability, weights }
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.weights.len()
    }

    /// Gives cluster `k` the number `to[k]`.
    fn renumber(&mut self, to: &[usize]) {
        self.labels.iter_mut().for_each(|label| *label = to[*label]);
        let weights = self.weights.clone();
        weights.iter().zip(to).for_each(|(&weight, &to)| self.weights[to] = weight);
    }

    /// Leaves the first `live` clusters; a cell of another one joins the cluster it is in by the
    /// votes.
    fn dissolve(&mut self, live: usize, winners: &[usize]) {
        let lost = self.labels.iter_mut().zip(winners).filter(|(label, _)| **label >= live);
        lost.for_each(|(label, &winner)| *label = winner);
    }

    /// Raises the weights of clusters without a likeliest cell.
    fn raise(&mut self, found: &[Neighbors]) {
        // A cell that one cluster regains is lost by another, so a few rounds are needed.
        for _ in 0..ROUNDS {
            if !self.raise_outvoted(found) {
                break;
            }
        }
    }

    /// Raises the weight of clusters without a cell, so that half of their own cells would keep
    /// them. Returns whether any was raised.
    fn raise_outvoted(&mut self, found: &[Neighbors]) -> bool {
        let k = self.n_clusters();
        let mut wins = vec![false; k];
        // Votes for the likeliest other cluster of every cell, as a multiple of the votes for its
        // own.
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
                *weight *= median * LEAD;
                any = true;
            }
        }
        any
    }

    /// Probabilities from the votes. With `own`, each cell votes for itself: it is not its own
    /// neighbour.
    pub fn count(&self, n_cells: usize, found: &[Neighbors], own: bool) -> DenseMatrix {
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
        DenseMatrix::from_rows(proba, k)
    }

    /// The votes for every cluster on cell i, and the sum of the voters' stability.
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
