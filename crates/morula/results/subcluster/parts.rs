//! The parts that a fit found in a cluster.

use std::cmp::Reverse;

use morula_models::Prediction;

use super::names::part_names;

/// The parts that a fit found.
pub struct Parts {
    /// The part of every cluster of the model.
    pub place: Vec<usize>,
    /// The names of the parts.
    pub names: Vec<String>,
    /// Number of cells of each.
    pub sizes: Vec<usize>,
}

impl Parts {
    /// By falling size; clusters of the model without cells are none.
    pub fn new(of: &str, fitted: &Prediction, n_clusters: usize, taken: &[String]) -> Self {
        let mut all = vec![0_usize; n_clusters];
        fitted.labels.iter().for_each(|&k| all[k] += 1);
        let mut order: Vec<usize> = (0..n_clusters).filter(|&k| all[k] > 0).collect();
        order.sort_by_key(|&k| (Reverse(all[k]), k));
        let sizes: Vec<usize> = order.iter().map(|&k| all[k]).collect();
        let mut place = vec![0; n_clusters];
        order.iter().enumerate().for_each(|(part, &k)| place[k] = part);
        Self { place, names: part_names(of, &sizes, taken), sizes }
    }

    /// The name of every cluster of the model.
    pub fn names_of_clusters(&self, of: &str) -> Vec<String> {
        let name = |&part: &usize| self.names.get(part).cloned().unwrap_or_else(|| of.into());
        self.place.iter().map(name).collect()
    }
}
