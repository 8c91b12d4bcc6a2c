//! Counts with added noise or loss, to measure robustness.

use std::fmt;

use anyhow::Result;
use morula::data::{CountMatrix, CsrMatrix};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// A change of every count c above 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Perturbation {
    /// Lost with this probability.
    Dropout(f64),
    /// Each of its molecules kept with this probability: Binomial(c, share).
    Downsampled(f64),
    /// Multiplied by 1 + level * eps, eps standard normal, then rounded; never below 0.
    Noise(f64),
}

/// The levels of a robustness curve.
pub const ALL: [Perturbation; 11] = [
    Perturbation::Dropout(0.1),
    Perturbation::Dropout(0.2),
    Perturbation::Dropout(0.3),
    Perturbation::Dropout(0.4),
    Perturbation::Dropout(0.5),
    Perturbation::Noise(0.25),
    Perturbation::Noise(0.5),
    Perturbation::Noise(1.0),
    Perturbation::Downsampled(0.5),
    Perturbation::Downsampled(0.25),
    Perturbation::Downsampled(0.1),
];

/// The random stream of perturbations; methods use others.
const STREAM: u64 = 0x70657274;

impl fmt::Display for Perturbation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropout(p) => write!(f, "dropout {p}"),
            Self::Downsampled(share) => write!(f, "downsampled {share}"),
            Self::Noise(level) => write!(f, "noise {level}"),
        }
    }
}

impl Perturbation {
    /// The changed counts; all cells and genes stay, even without counts.
    pub fn apply(self, counts: &CountMatrix, seed: u64) -> Result<CountMatrix> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        let x = counts.x();
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        for (columns, values) in x.rows() {
            for (&column, &count) in columns.iter().zip(values) {
                let count = self.of(count, &mut rng)?;
                if count > 0.0 {
                    indices.push(column);
                    data.push(count);
                }
            }
            indptr.push(indices.len());
        }
        let x = CsrMatrix::new(x.n_rows(), x.n_cols(), indptr, indices, data)?;
        Ok(CountMatrix::new(x, counts.obs_names().to_vec(), counts.var_names().to_vec())?)
    }

    fn of(self, count: f32, rng: &mut ChaCha8Rng) -> Result<f32> {
        Ok(match self {
            Self::Dropout(p) => f32::from(u8::from(!rng.random_bool(p))) * count,
            Self::Downsampled(share) => Binomial::new(count as u64, share)?.sample(rng) as f32,
            Self::Noise(level) => {
                let eps: f64 = StandardNormal.sample(rng);
                (f64::from(count) * (1.0 + level * eps)).round().max(0.0) as f32
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> CountMatrix {
        let values: Vec<f32> = (0..4000).map(|i| (i % 5) as f32 * 10.0).collect();
        let names = |letter: &str, n: usize| (0..n).map(|i| format!("{letter}{i}")).collect();
        let x = CsrMatrix::from_dense(100, 40, &values).unwrap();
        CountMatrix::new(x, names("c", 100), names("g", 40)).unwrap()
    }

    fn sum(counts: &CountMatrix) -> f32 {
        counts.x().data().iter().sum()
    }

    #[test]
    fn the_share_asked_for_is_left() {
        let before = counts();
        let after = |p: Perturbation| p.apply(&before, 1).unwrap();
        let kept = after(Perturbation::Dropout(0.3)).x().nnz() as f64 / before.x().nnz() as f64;
        assert!((kept - 0.7).abs() < 0.03, "{kept}");
        let dropped = after(Perturbation::Dropout(0.3));
        assert!(dropped.x().data().iter().all(|v| before.x().data().contains(v)));
        let share = sum(&after(Perturbation::Downsampled(0.25))) / sum(&before);
        assert!((share - 0.25).abs() < 0.01, "{share}");
        let noisy = after(Perturbation::Noise(0.5));
        assert!((sum(&noisy) / sum(&before) - 1.0).abs() < 0.05);
        assert_ne!(noisy.x().data(), before.x().data());
    }

    #[test]
    fn the_same_seed_gives_the_same_counts() {
        let before = counts();
        for perturbation in ALL {
            let [a, b, c] = [1, 1, 2].map(|seed| perturbation.apply(&before, seed).unwrap());
            assert!(a == b && a != c, "{perturbation}");
            assert_eq!((a.n_obs(), a.n_vars()), (before.n_obs(), before.n_vars()));
        }
    }
}
