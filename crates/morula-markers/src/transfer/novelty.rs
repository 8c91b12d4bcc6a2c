//! Distance of cells from all labelled cells.

use morula_preprocess::{Neighbors, kneighbors, neighbors};

use crate::Result;

/// The labelled cells, and their distances from each other.
#[derive(Debug, Clone)]
pub(super) struct Novelty {
    known: Vec<f32>,
    dims: usize,
    k: usize,
    /// Mean distance of every labelled cell to the nearest others, ascending.
    distances: Vec<f32>,
}

impl Novelty {
    pub fn new(known: Vec<f32>, dims: usize, k: usize) -> Result<Self> {
        let mut distances = means(&neighbors(&known, dims, k)?);
        distances.sort_by(f32::total_cmp);
        Ok(Self { known, dims, k, distances })
    }

    /// Share of the labelled cells that are closer to their neighbours than the points are to
    /// theirs; 0 if there are too few cells.
    pub fn of(&self, points: &[f32]) -> Result<Vec<f64>> {
        if points.is_empty() || self.distances.is_empty() {
            return Ok(vec![0.0; points.len() / self.dims]);
        }
        let near = kneighbors(points, &self.known, self.dims, self.k)?;
        let closer = |d: f32| self.distances.partition_point(|&own| own < d);
        let share = |d| closer(d) as f64 / self.distances.len() as f64;
        Ok(means(&near).into_iter().map(share).collect())
    }
}

fn means(near: &Neighbors) -> Vec<f32> {
    let mean = |d: &[f32]| d.iter().sum::<f32>() / d.len() as f32;
    near.distances.chunks(near.k.max(1)).map(mean).collect()
}
