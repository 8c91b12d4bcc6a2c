//! Parameters of the label transfer.

use morula_data::{Categorical, DenseMatrix};
use serde::{Deserialize, Serialize};

use super::LabelTransfer;
use crate::{MarkersError, Result};

/// Parameters of [`LabelTransfer`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransferParams {
    /// Strength of the penalty on the weights.
    pub l2: f64,
    /// Smallest probability of a label. Below it, the type of a cell is unknown.
    pub min_probability: f64,
    /// Largest novelty of a cell with a label, 0 to 1; 1 allows any distance.
    pub max_novelty: f64,
    /// Number of nearest labelled cells that determine the novelty.
    pub n_neighbors: usize,
}

impl Default for TransferParams {
    fn default() -> Self {
        Self { l2: 1.0, min_probability: 0.5, max_novelty: 0.95, n_neighbors: 15 }
    }
}

impl TransferParams {
    /// Sets the strength of the penalty.
    pub fn l2(mut self, l2: f64) -> Self {
        self.l2 = l2;
        self
    }

    /// Sets the smallest probability.
    pub fn min_probability(mut self, min_probability: f64) -> Self {
        self.min_probability = min_probability;
        self
    }

    /// Sets the largest novelty.
    pub fn max_novelty(mut self, max_novelty: f64) -> Self {
        self.max_novelty = max_novelty;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`MarkersError::Param`] names the first parameter out of range.
    pub fn check(&self) -> Result<()> {
        if !(self.l2.is_finite() && self.l2 > 0.0) {
            return Err(MarkersError::param("l2", self.l2, "a penalty is finite and above 0"));
        }
        for (name, value) in
            [("min_probability", self.min_probability), ("max_novelty", self.max_novelty)]
        {
            if !(0.0..=1.0).contains(&value) {
                return Err(MarkersError::param(name, value, "it lies between 0 and 1"));
            }
        }
        match self.n_neighbors {
            0 => Err(MarkersError::param("n_neighbors", 0, "ask for at least 1")),
            _ => Ok(()),
        }
    }

    /// Learns the labels of cells (rows of `embedding`). Cells without a label or with a missing
    /// (NaN) embedding are left out.
    ///
    /// # Errors
    /// [`MarkersError::Param`]; [`MarkersError::Shape`] without a label per cell or without
    /// dimensions; [`MarkersError::NotFinite`]; [`MarkersError::NoGroups`] when no cell with an
    /// embedding has a label.
    pub fn fit(&self, embedding: &DenseMatrix, labels: &Categorical) -> Result<LabelTransfer> {
        LabelTransfer::fit(embedding, labels, self)
    }
}
