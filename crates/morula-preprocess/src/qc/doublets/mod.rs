//! Doublets: droplets with two cells.

mod score;
mod threshold;
mod variable;

use morula_data::CsrMatrix;
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::rows::row_sums;
use crate::{PreprocessError, Result};
use score::{likelihood, share, shares};
use threshold::minimum_between_modes;

/// Doublets per cell recovered: 0.8% in a thousand, and cells recovered of those loaded (10x
/// Genomics, user guide of the Chromium Next GEM 3' v3.1: 8.0% at 10 000 recovered of 16 500).
const PER_CELL: f64 = 8e-6;
const RECOVERED: f64 = 10_000.0 / 16_500.0;
/// The highest rate that is expected from a number of cells.
const MOST: f64 = 0.5;
/// Fewer cells than this have too few neighbours for a score.
const FEWEST: usize = 30;
/// The rate of the scores whose histogram gives the threshold: the package's. At a low rate a few
/// high scores would lie far apart, and their gaps would look like modes.
const THRESHOLD_RATE: f64 = 0.1;
/// A sample of more cells is scored in random parts, since exact neighbours cost the square.
const PART: usize = 20_000;

/// How many doublets a sample is expected to have.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubletRate {
    /// 0.8% per thousand cells of the sample: those recovered.
    #[default]
    Recovered,
    /// From the number of cells loaded for each sample, of which 61% are recovered.
    Loaded(usize),
    /// This share of the cells.
    Fixed(f64),
}

impl DoubletRate {
    /// The share of doublets in a sample of `n_cells`.
    pub fn of(self, n_cells: usize) -> f64 {
        let rate = match self {
            Self::Recovered => PER_CELL * n_cells as f64,
            Self::Loaded(n) => PER_CELL * RECOVERED * n as f64,
            Self::Fixed(rate) => return rate,
        };
        rate.min(MOST)
    }
}

/// Parameters of [`score_doublets`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DoubletParams {
    /// The expected share of doublets. It scales the scores, and leaves their order as it is.
    pub rate: DoubletRate,
    /// Seed of the simulated doublets.
    pub seed: u64,
}

impl DoubletParams {
    /// Checks the range of the rate.
    ///
    /// # Errors
    /// [`PreprocessError::Param`].
    pub fn check(&self) -> Result<()> {
        match self.rate {
            DoubletRate::Fixed(rate) if !(rate > 0.0 && rate < 1.0) => {
                Err(PreprocessError::param("doublet rate", rate, "a share between 0 and 1"))
            }
            DoubletRate::Loaded(0) => {
                Err(PreprocessError::param("loaded cells", 0, "at least one cell"))
            }
            _ => Ok(()),
        }
    }
}

/// Doublet scores of one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Doublets {
    /// Score of every cell, 0 to 1; NaN for a cell without counts.
    pub scores: Vec<f64>,
    /// Scores of the simulated doublets.
    pub simulated: Vec<f64>,
    /// The share `q` of simulated doublets around every cell, from which its score follows; NaN as
    /// the score.
    pub shares: Vec<f64>,
    /// The same around the simulated doublets.
    pub simulated_shares: Vec<f64>,
    /// Cells with a higher score are called doublets; `None` if the simulated scores have no two
    /// modes, and then no cell is called.
    pub threshold: Option<f64>,
    /// The share that has this score.
    pub threshold_share: Option<f64>,
    /// The expected share of doublets.
    pub expected_rate: f64,
}

impl Doublets {
    /// Whether each cell is called a doublet.
    pub fn called(&self) -> Vec<bool> {
        let above = |&share: &f64| self.threshold_share.is_some_and(|least| share > least);
        self.shares.iter().map(above).collect()
    }

    /// Share of the simulated doublets above the threshold: what the method can find here. Doublets
    /// of one type of cells look like single cells. NaN without a threshold.
    pub fn detectable(&self) -> f64 {
        let Some(least) = self.threshold_share else { return f64::NAN };
        let above = self.simulated_shares.iter().filter(|share| **share > least).count();
        above as f64 / self.simulated_shares.len() as f64
    }
}

/// Scores the cells of one sample with the method of Scrublet (Wolock, Lopez and Klein 2019, Cell
/// Systems 8, 281-291).
///
/// `x`: raw counts, cells x genes, of one sample: a doublet has two cells of the same droplets.
/// Two doublets per cell are simulated as sums of random pairs. Cells and doublets are divided by
/// their totals, restricted to the variable genes, scaled by the deviations of the cells, and
/// projected on 30 principal components of the cells. Of the `k (1 + r)` nearest points of a cell,
/// `k = round(sqrt(n) / 2)` and `r = 2`, the share of simulated doublets gives the posterior
/// probability that it is a doublet. The threshold is the minimum between the two modes of the
/// simulated doublets' scores at a rate of 0.1; calls do not depend on the rate.
///
/// The result is the same for any number of threads. A sample of more than 20 000 cells is scored
/// in random parts of equal size, so that the time grows with the cells and not with their square.
/// Returns `None` for fewer than 30 cells with counts, and where no genes vary.
///
/// # Errors
/// [`PreprocessError::Param`] for a rate out of range, and the errors of [`pca`](crate::pca).
pub fn score_doublets(x: &CsrMatrix, params: &DoubletParams) -> Result<Option<Doublets>> {
    params.check()?;
    let totals = row_sums(x, f64::from);
    let mut cells: Vec<usize> = (0..x.n_rows()).filter(|&i| totals[i] > 0.0).collect();
    if cells.len() < FEWEST {
        return Ok(None);
    }
    let stream = |at: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        rng.set_stream(at as u64);
        rng
    };
    let n_parts = cells.len().div_ceil(PART);
    if n_parts > 1 {
        cells.shuffle(&mut stream(0));
    }
    let expected_rate = params.rate.of(cells.len());
    let mut of_cells = vec![f64::NAN; x.n_rows()];
    let mut simulated_shares = Vec::new();
    for part in 0..n_parts {
        let edge = |part: usize| part * cells.len() / n_parts;
        let mut cells = cells[edge(part)..edge(part + 1)].to_vec();
        cells.sort_unstable();
        let found = shares(&x.select_rows(&cells), &mut stream(part + 1))?;
        let Some(found) = found else { return Ok(None) };
        cells.iter().zip(found.cells).for_each(|(&i, share)| of_cells[i] = share);
        simulated_shares.extend(found.simulated);
    }
    let at = |rate: f64, shares: &[f64]| -> Vec<f64> {
        shares.iter().map(|&q| likelihood(q, rate)).collect()
    };
    let threshold_share = minimum_between_modes(&at(THRESHOLD_RATE, &simulated_shares))
        .map(|score| share(score, THRESHOLD_RATE));
    Ok(Some(Doublets {
        scores: at(expected_rate, &of_cells),
        simulated: at(expected_rate, &simulated_shares),
        shares: of_cells,
        simulated_shares,
        threshold: threshold_share.map(|q| likelihood(q, expected_rate)),
        threshold_share,
        expected_rate,
    }))
}
