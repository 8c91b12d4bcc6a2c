//! Batch correction of a view of cells.

use morula_data::DenseMatrix;
use morula_preprocess::{Harmony, HarmonyParams};
use serde::{Deserialize, Serialize};

use crate::Result;

/// [`Harmony`] when batches are known; otherwise it changes nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BatchCorrection(Option<Harmony>);

impl BatchCorrection {
    /// Fits a correction to a view, cells x dimensions. Returns it with the corrected cells.
    ///
    /// # Errors
    /// As [`HarmonyParams::fit`].
    pub fn fit(view: DenseMatrix, batches: Option<&[usize]>) -> Result<(Self, DenseMatrix)> {
        let d = view.n_cols();
        let Some(batches) = batches.filter(|_| d > 0) else { return Ok((Self(None), view)) };
        let (harmony, corrected) = HarmonyParams::default().fit(view.values(), d, batches)?;
        Ok((Self(Some(harmony)), DenseMatrix::from_rows(corrected, d)))
    }

    /// Corrects cells of the fit or new ones.
    ///
    /// # Errors
    /// When a correction was fitted and these cells have no batches. As [`Harmony::transform`].
    pub fn apply(&self, view: DenseMatrix, batches: Option<&[usize]>) -> Result<DenseMatrix> {
        let Some(harmony) = &self.0 else { return Ok(view) };
        // A recipe that knows batches assigns one to every cell.
        let corrected = harmony.transform(view.values(), batches.unwrap_or_default())?;
        Ok(DenseMatrix::from_rows(corrected, view.n_cols()))
    }

    /// Whether the sizes of a saved correction agree with a view of `n_dims` dimensions.
    pub fn fits(&self, n_dims: usize) -> bool {
        self.0.as_ref().is_none_or(|harmony| harmony.fits(n_dims))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two groups of cells; the second batch is shifted by 1.
    fn cells() -> (DenseMatrix, Vec<usize>) {
        let batches: Vec<usize> = (0..240).map(|i| i % 2).collect();
        let row = |i: usize| {
            let side = if i < 80 { 4.0 } else { -4.0 };
            [side, (i % 7) as f32 * 0.1 + batches[i] as f32]
        };
        (DenseMatrix::from_rows((0..240).flat_map(row).collect(), 2), batches)
    }

    fn gap(view: &DenseMatrix, batches: &[usize]) -> f32 {
        let mean = |b: usize| {
            let of = (0..view.n_rows()).filter(|&i| batches[i] == b);
            let values: Vec<f32> = of.map(|i| view.row(i)[1]).collect();
            values.iter().sum::<f32>() / values.len() as f32
        };
        (mean(0) - mean(1)).abs()
    }

    #[test]
    fn known_batches_are_corrected() {
        let (view, batches) = cells();
        let (none, same) = BatchCorrection::fit(view.clone(), None).unwrap();
        assert_eq!(same, view);
        assert_eq!(none.apply(view.clone(), None).unwrap(), view);
        let (correction, corrected) = BatchCorrection::fit(view.clone(), Some(&batches)).unwrap();
        assert!(gap(&view, &batches) > 0.9 && gap(&corrected, &batches) < 0.1);
        assert!((0..240).all(|i| corrected.row(i)[0].signum() == view.row(i)[0].signum()));
        assert_eq!(correction.apply(view.clone(), Some(&batches)).unwrap(), corrected);
        assert!(correction.fits(2) && !correction.fits(3) && none.fits(3));
        assert!(correction.apply(view, None).is_err());
    }
}
