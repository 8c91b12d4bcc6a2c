//! Augmented views of expression profiles.

use burn::config::Config;
use burn::tensor::{Tensor, TensorData};
use rand::Rng;

/// Configuration of an [`ExpressionAugmentation`].
#[derive(Config, Debug)]
pub struct ExpressionAugmentationConfig {
    /// Probability p, `0 <= p < 1`, of setting a value to 0.
    #[config(default = 0.9)]
    pub dropout: f64,
    /// Standard deviation of the Gaussian noise added.
    #[config(default = 0.1)]
    pub noise: f64,
}

/// Dropout and noise: `v = dropout_p(x) + noise * eps`, `eps ~ N(0, 1)` (section [2.1]). Values
/// that are kept are scaled by `1 / (1 - p)`.
///
/// The random numbers come from the caller's generator on the host. The same seed therefore gives
/// the same views on every device, and a seed and a step are enough to resume a run.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use morula_core::ExpressionAugmentationConfig;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let augmentation = ExpressionAugmentationConfig::new().with_dropout(0.5).init();
/// let x = Tensor::<2>::ones([4, 10], &Device::flex());
/// let view = |seed| augmentation.forward(x.clone(), &mut ChaCha8Rng::seed_from_u64(seed));
/// assert_eq!(view(1).dims(), [4, 10]);
/// assert_eq!(view(1).into_data(), view(1).into_data());
/// ```
///
/// [2.1]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-1
#[derive(Debug, Clone)]
pub struct ExpressionAugmentation {
    dropout: f64,
    noise: f64,
}

impl ExpressionAugmentationConfig {
    /// Creates the augmentation.
    pub fn init(&self) -> ExpressionAugmentation {
        ExpressionAugmentation { dropout: self.dropout, noise: self.noise }
    }
}

impl ExpressionAugmentation {
    /// One augmented view, drawn anew at each call.
    ///
    /// # Shapes
    /// - x: `[batch, genes]`
    /// - output: `[batch, genes]`
    pub fn forward(&self, x: Tensor<2>, rng: &mut impl Rng) -> Tensor<2> {
        let (shape, device) = (x.shape(), x.device());
        let upload = |values| Tensor::from_data(TensorData::new(values, shape.clone()), &device);
        let n = shape.num_elements();
        let mut view = x;
        if self.dropout > 0.0 {
            view = view * upload(keep_mask(n, self.dropout, rng));
        }
        if self.noise > 0.0 {
            view = view + upload(normals(n, self.noise, rng));
        }
        view
    }
}

/// Multiplicative noise: `v = x * f` element by element, `f ~ N(1, noise)` (section [3.2]).
///
/// Like [`ExpressionAugmentation`], it draws from the caller's generator on the host.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use morula_core::MultiplicativeNoise;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let x = Tensor::<2>::zeros([4, 10], &Device::flex());
/// let view = MultiplicativeNoise::new(0.1).forward(x.clone(), &mut ChaCha8Rng::seed_from_u64(1));
/// assert_eq!(view.dims(), [4, 10]);
/// assert_eq!(view.into_data(), x.into_data()); // zeros stay zeros
/// ```
///
/// [3.2]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-2
#[derive(Debug, Clone)]
pub struct MultiplicativeNoise {
    noise: f64,
}

impl MultiplicativeNoise {
    /// Noise of standard deviation `noise`; 0 changes nothing.
    pub fn new(noise: f64) -> Self {
        Self { noise }
    }

    /// One augmented view, drawn anew at each call.
    ///
    /// # Shapes
    /// - x: `[batch, features]`
    /// - output: `[batch, features]`
    pub fn forward(&self, x: Tensor<2>, rng: &mut impl Rng) -> Tensor<2> {
        if self.noise == 0.0 {
            return x;
        }
        let (shape, device) = (x.shape(), x.device());
        let factors = normals(shape.num_elements(), self.noise, rng);
        let factors: Tensor<2> = Tensor::from_data(TensorData::new(factors, shape), &device);
        x * factors.add_scalar(1.0)
    }
}

/// `1 / (1 - p)` with probability `1 - p`, else 0.
///
/// It draws the gaps between the kept values, because that is cheaper than drawing every value when
/// few are kept. A gap is geometric: `floor(log(u) / log(p))`.
fn keep_mask(n: usize, p: f64, rng: &mut impl Rng) -> Vec<f32> {
    let keep = (1.0 / (1.0 - p)) as f32;
    let mut mask = vec![0.0; n];
    let log_p = (p as f32).ln();
    let mut next = 0usize;
    loop {
        // (0, 1], so that the logarithm is finite.
        let u = ((rng.next_u32() >> 8) + 1) as f32 * (1.0 / (1u32 << 24) as f32);
        next = next.saturating_add((u.ln() / log_p) as usize);
        if next >= n {
            return mask;
        }
        mask[next] = keep;
        next += 1;
    }
}

/// Normal numbers of standard deviation `sd` (ziggurat).
fn normals(n: usize, sd: f64, rng: &mut impl Rng) -> Vec<f32> {
    use rand_distr::{Distribution, StandardNormal};
    let sd = sd as f32;
    (0..n)
        .map(|_| sd * <StandardNormal as Distribution<f32>>::sample(&StandardNormal, rng))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn view(dropout: f64, noise: f64, seed: u64) -> Vec<f32> {
        let x = Tensor::<2>::ones([200, 500], &Device::flex());
        let config = ExpressionAugmentationConfig::new().with_dropout(dropout).with_noise(noise);
        let view = config.init().forward(x, &mut ChaCha8Rng::seed_from_u64(seed));
        view.try_into_vec_as::<f32>().unwrap()
    }

    #[test]
    fn dropout_keeps_its_share_and_the_mean() {
        for p in [0.1, 0.5, 0.9] {
            let v = view(p, 0.0, 7);
            let kept = v.iter().filter(|v| **v != 0.0).count() as f64 / v.len() as f64;
            // Five standard errors of a binomial share.
            let tolerance = 5.0 * (p * (1.0 - p) / v.len() as f64).sqrt();
            approx::assert_abs_diff_eq!(kept, 1.0 - p, epsilon = tolerance);
            assert!(v.iter().all(|v| *v == 0.0 || (*v - 1.0 / (1.0 - p as f32)).abs() < 1e-5));
        }
    }

    #[test]
    fn noise_has_its_mean_and_spread() {
        let v = view(0.0, 0.1, 3);
        let n = v.len() as f64;
        let mean = v.iter().map(|&v| v as f64).sum::<f64>() / n;
        let sd = (v.iter().map(|&v| (v as f64 - mean).powi(2)).sum::<f64>() / n).sqrt();
        approx::assert_abs_diff_eq!(mean, 1.0, epsilon = 5.0 * 0.1 / n.sqrt());
        approx::assert_abs_diff_eq!(sd, 0.1, epsilon = 5.0 * 0.1 / (2.0 * n).sqrt());
    }

    #[test]
    fn survivors_are_independent_of_their_neighbours() {
        let v = view(0.5, 0.0, 11);
        let pairs = v.windows(2).filter(|w| w[0] != 0.0 && w[1] != 0.0).count() as f64;
        approx::assert_abs_diff_eq!(pairs / v.len() as f64, 0.25, epsilon = 0.01);
    }

    #[test]
    fn factors_have_mean_one_and_their_spread_and_keep_zeros() {
        let x = Tensor::<2>::ones([200, 500], &Device::flex()).mul_scalar(-2.0);
        let noise = MultiplicativeNoise::new(0.1);
        let view = noise.forward(x.clone(), &mut ChaCha8Rng::seed_from_u64(1));
        let v: Vec<f32> = view.try_into_vec_as().unwrap();
        let n = v.len() as f64;
        let mean = v.iter().map(|&v| v as f64).sum::<f64>() / n;
        let sd = (v.iter().map(|&v| (v as f64 - mean).powi(2)).sum::<f64>() / n).sqrt();
        approx::assert_abs_diff_eq!(mean, -2.0, epsilon = 5.0 * 0.2 / n.sqrt());
        approx::assert_abs_diff_eq!(sd, 0.2, epsilon = 5.0 * 0.2 / (2.0 * n).sqrt());

        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let zeros: Vec<f32> = noise.forward(x.zeros_like(), &mut rng).try_into_vec_as().unwrap();
        assert!(zeros.iter().all(|v| *v == 0.0));
        let same = MultiplicativeNoise::new(0.0).forward(x.clone(), &mut rng);
        assert_eq!(same.into_data(), x.into_data());
    }

    #[test]
    fn without_dropout_and_noise_nothing_changes() {
        assert!(view(0.0, 0.0, 0).iter().all(|v| *v == 1.0));
    }

    #[test]
    fn views_repeat_with_the_seed_only() {
        assert_eq!(view(0.9, 0.1, 5), view(0.9, 0.1, 5));
        assert_ne!(view(0.9, 0.1, 5), view(0.9, 0.1, 6));
    }
}
