//! Divides the molecules of every cell in two parts.

use morula_data::{CountMatrix, CsrMatrix};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Binomial, Distribution};
use rayon::prelude::*;

use crate::{Prepared, PreprocessError, Result};

/// Up to this number, molecules are drawn one by one.
const FEW: u64 = 16;

/// Above this precision of the share, the draw is binomial.
const PRECISE: f64 = 1e6;

/// Parameters of [`thin`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThinParams {
    /// Expected share of the molecules in the first part, `eps`, between 0 and 1.
    pub share: f64,
    /// Seed. The same seed gives the same parts for any number of threads.
    pub seed: u64,
}

impl Default for ThinParams {
    fn default() -> Self {
        Self { share: 0.7, seed: 0 }
    }
}

/// Divides counts in two parts that are independent of each other given a cell's expression.
///
/// Of a count x with the variance `m + phi m^2`, the first part has `x1 ~ Binomial(x, q)` with
/// `q ~ Beta(eps / phi, (1 - eps) / phi)` molecules, for every cell and gene. If x is negative
/// binomial, both parts are: their means are `eps m` and `(1 - eps) m`, their dispersions
/// `phi / eps` and `phi / (1 - eps)`, and they are independent (Neufeld et al. 2024). Poisson counts
/// have `phi = 0` and `q = eps`.
///
/// What is found in the first part can be tested in the second. Batches are kept.
///
/// ```
/// use morula_preprocess::thinning::{ThinParams, thin};
/// use morula_preprocess::{SimulateParams, simulate};
///
/// let counts = simulate(&SimulateParams::default())?.counts;
/// let [first, second] = thin(&counts, &vec![0.5; 2000], ThinParams::default())?;
/// let total = |x: &morula_data::CountMatrix| x.x().data().iter().sum::<f32>();
/// assert_eq!(total(&first) + total(&second), total(&counts));
/// # Ok::<(), morula_preprocess::PreprocessError>(())
/// ```
///
/// # Errors
/// [`PreprocessError::Param`] for a share that is not between 0 and 1, or a dispersion that is
/// negative or not finite; [`PreprocessError::Shape`] for another number of dispersions than genes.
pub fn thin(
    counts: &CountMatrix,
    dispersions: &[f64],
    params: ThinParams,
) -> Result<[CountMatrix; 2]> {
    let share = params.share;
    if !(share > 0.0 && share < 1.0) {
        return Err(PreprocessError::param("share", share, "above 0 and below 1"));
    }
    let (expected, found) = (counts.n_vars(), dispersions.len());
    if found != expected {
        return Err(PreprocessError::Shape { what: "dispersions of genes", expected, found });
    }
    if let Some(bad) = dispersions.iter().find(|d| !d.is_finite() || **d < 0.0) {
        return Err(PreprocessError::param("dispersion", bad, "finite, 0 or more"));
    }
    let part = |x: CsrMatrix| -> Result<CountMatrix> {
        let (obs, var) = (counts.obs_names().to_vec(), counts.var_names().to_vec());
        let part = CountMatrix::new(x, obs, var)?;
        match counts.batches() {
            Some(batches) => Ok(part.with_batches(batches.clone())?),
            None => Ok(part),
        }
    };
    let [first, second] = split(counts.x(), |gene| dispersions[gene], params)?;
    Ok([part(first)?, part(second)?])
}

/// Two halves of the molecules of prepared cells, `x1 ~ Binomial(x, 1/2)`: two technical draws of
/// the same cells. They share the genes, the scaling and half the size factor of their cell.
///
/// # Errors
/// [`PreprocessError::Data`] for counts that are no matrix, which prepared cells always have.
pub fn halves(prepared: &Prepared, seed: u64) -> Result<[Prepared; 2]> {
    let parts = split(&prepared.counts, |_| 0.0, ThinParams { share: 0.5, seed })?;
    let size_factors: Vec<f32> = prepared.size_factors.iter().map(|f| f / 2.0).collect();
    Ok(parts.map(|counts| Prepared {
        n_genes: prepared.n_genes,
        kept_cells: prepared.kept_cells.clone(),
        counts,
        size_factors: size_factors.clone(),
        expected: prepared.expected.clone(),
        batches: prepared.batches.clone(),
        scaler: prepared.scaler.clone(),
        report: prepared.report.clone(),
    }))
}

/// Both parts of every count, by the dispersion of its gene.
fn split(
    x: &CsrMatrix,
    dispersion: impl Fn(usize) -> f64 + Sync,
    ThinParams { share, seed }: ThinParams,
) -> Result<[CsrMatrix; 2]> {
    let firsts: Vec<Vec<f32>> = (0..x.n_rows())
        .into_par_iter()
        .map(|i| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(i as u64);
            let (genes, values) = x.row(i);
            let entries = genes.iter().zip(values);
            entries.map(|(&g, &v)| first(&mut rng, v, share, dispersion(g as usize))).collect()
        })
        .collect();
    let part = |of: fn(f32, f32) -> f32| -> Result<CsrMatrix> {
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        for ((genes, values), first) in x.rows().zip(&firsts) {
            for ((&gene, &value), &first) in genes.iter().zip(values).zip(first) {
                let count = of(value, first);
                if count > 0.0 {
                    indices.push(gene);
                    data.push(count);
                }
            }
            indptr.push(data.len());
        }
        Ok(CsrMatrix::new(x.n_rows(), x.n_cols(), indptr, indices, data)?)
    };
    Ok([part(|_, first| first)?, part(|value, first| value - first)?])
}

/// The first part of one count.
fn first(rng: &mut ChaCha8Rng, value: f32, share: f64, dispersion: f64) -> f32 {
    let n = value as u64;
    if dispersion * PRECISE < 1.0 {
        return binomial(rng, n, share);
    }
    let (mut a, mut b) = (share / dispersion, (1.0 - share) / dispersion);
    if n > FEW {
        let q = Beta::new(a, b).map_or(share, |beta| beta.sample(rng));
        return binomial(rng, n, q);
    }
    // Polya's urn: every molecule that was drawn makes its part likelier.
    let mut drawn = 0.0;
    for _ in 0..n {
        if rng.random::<f64>() * (a + b) < a {
            drawn += 1.0;
            a += 1.0;
        } else {
            b += 1.0;
        }
    }
    drawn
}

fn binomial(rng: &mut ChaCha8Rng, n: u64, q: f64) -> f32 {
    if n > FEW {
        let drawn = Binomial::new(n, q.clamp(0.0, 1.0)).map(|law| law.sample(rng));
        return drawn.unwrap_or(0) as f32;
    }
    (0..n).filter(|_| rng.random::<f64>() < q).count() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RecipeParams, SimulateParams, simulate};

    /// Genes with the same mean in all cells.
    fn alike(dispersion: f64, library_size: f64) -> CountMatrix {
        let params =
            SimulateParams { cells: 3000, genes: 20, types: 1, markers: 0, ..Default::default() };
        let params = SimulateParams { library_sd: 0.0, gene_sd: 0.3, dropout: 0.0, ..params };
        simulate(&SimulateParams { dispersion, library_size, ..params }).unwrap().counts
    }

    /// Correlation of the parts of a gene, averaged over genes, and the share of the first part.
    fn correlation(parts: &[CountMatrix; 2]) -> [f64; 2] {
        let [a, b] = [0, 1].map(|i: usize| parts[i].x().to_dense());
        let n = parts[0].n_obs();
        let genes = parts[0].n_vars();
        let mean = |x: &[f32], g: usize| {
            (0..n).map(|i| f64::from(x[i * genes + g])).sum::<f64>() / n as f64
        };
        let mut sum = 0.0;
        for g in 0..genes {
            let (ma, mb) = (mean(&a, g), mean(&b, g));
            let of =
                |i: usize| (f64::from(a[i * genes + g]) - ma, f64::from(b[i * genes + g]) - mb);
            let product = |f: fn((f64, f64)) -> f64| (0..n).map(|i| f(of(i))).sum::<f64>();
            sum += product(|(a, b)| a * b)
                / (product(|(a, _)| a * a) * product(|(_, b)| b * b)).sqrt();
        }
        let total = |x: &[f32]| x.iter().map(|&v| f64::from(v)).sum::<f64>();
        [sum / genes as f64, total(&a) / (total(&a) + total(&b))]
    }

    #[test]
    fn parts_are_independent_with_the_right_dispersion_alone() {
        for (dispersion, depth) in [(0.0, 60.0), (0.5, 60.0), (0.5, 2000.0), (2.0, 100.0)] {
            let counts = alike(dispersion, depth);
            let parts = |phi: f64| thin(&counts, &[phi; 20], ThinParams::default()).unwrap();
            let [r, share] = correlation(&parts(dispersion));
            assert!(r.abs() < 0.02, "{dispersion} {depth}: {r}");
            assert!((share - 0.7).abs() < 0.02, "{share}");
            if dispersion > 0.0 {
                let [r, _] = correlation(&parts(0.0));
                assert!(r > 0.1, "binomial parts of overdispersed counts depend: {r}");
            }
            // A dispersion that is too large makes the parts repel each other.
            let [r, _] = correlation(&parts(4.0 * dispersion + 1.0));
            assert!(r < -0.05, "{r}");
        }
    }

    #[test]
    fn the_parts_add_up_and_repeat() {
        let counts = alike(0.5, 1000.0);
        let params = ThinParams { share: 0.4, seed: 3 };
        let [first, second] = thin(&counts, &[0.5; 20], params).unwrap();
        let sum = |i: usize| {
            let (a, b) = (first.x().to_dense(), second.x().to_dense());
            (a[i] + b[i], counts.x().to_dense()[i])
        };
        assert!((0..100).map(|i| sum(i * 7)).all(|(sum, whole)| sum == whole));
        assert_eq!(thin(&counts, &[0.5; 20], params).unwrap()[0].x(), first.x());
        let other = thin(&counts, &[0.5; 20], ThinParams { seed: 4, ..params }).unwrap();
        assert_ne!(other[0].x(), first.x());
    }

    #[test]
    fn halves_are_two_draws_of_the_same_cells() {
        let (_, prepared) = RecipeParams::default().fit(&alike(0.0, 60.0)).unwrap();
        let [a, b] = halves(&prepared, 5).unwrap();
        let sum: Vec<f32> =
            a.counts.to_dense().iter().zip(b.counts.to_dense()).map(|(a, b)| a + b).collect();
        assert_eq!(sum, prepared.counts.to_dense());
        assert_eq!(a.size_factors[7] * 2.0, prepared.size_factors[7]);
        let mean = |x: &Prepared| {
            let x = x.log_normalized();
            x.data().iter().map(|&v| f64::from(v)).sum::<f64>() / x.n_rows() as f64
        };
        // The same expression in both, so the same mean.
        assert!((mean(&a) / mean(&b) - 1.0).abs() < 0.02, "{} {}", mean(&a), mean(&b));
        assert_eq!(halves(&prepared, 5).unwrap()[0], a);
        assert_ne!(halves(&prepared, 6).unwrap()[0].counts, a.counts);
    }

    #[test]
    fn unusable_parameters_are_refused() {
        let counts = alike(0.0, 20.0);
        for share in [0.0, 1.0, -0.5, f64::NAN] {
            let params = ThinParams { share, seed: 0 };
            assert!(thin(&counts, &[0.0; 20], params).is_err(), "{share}");
        }
        assert!(thin(&counts, &[0.0; 19], ThinParams::default()).is_err());
        assert!(thin(&counts, &[f64::NAN; 20], ThinParams::default()).is_err());
    }
}
