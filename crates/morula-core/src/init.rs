//! Seeded weights: the same initial weights on every device.
//!
//! ```
//! use burn::nn::LinearConfig;
//! use burn::tensor::Device;
//! use morula_core::init::xavier_uniform;
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//!
//! let weights = |seed| {
//!     let layer = LinearConfig::new(4, 3).init(&Device::flex());
//!     xavier_uniform(layer, &mut ChaCha8Rng::seed_from_u64(seed)).weight.val()
//! };
//! assert_eq!(weights(1).dims(), [4, 3]);
//! assert_eq!(weights(1).into_data(), weights(1).into_data());
//! ```

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt};

/// Redraws every matrix parameter from Xavier's uniform distribution
/// `U(-a, a)`, `a = sqrt(6 / (d_in + d_out))`, with numbers from `rng`.
///
/// Burn draws parameters lazily, from a generator that differs between backends and that all
/// threads share. This function draws at once and on the host, so a seed gives the same weights on
/// every device. Vectors (biases, batch-norm affine parameters) keep their values.
pub fn xavier_uniform<M: Module>(module: M, rng: &mut impl Rng) -> M {
    module.map(&mut Xavier { rng })
}

struct Xavier<'a, R: Rng> {
    rng: &'a mut R,
}

impl<R: Rng> ModuleMapper for Xavier<'_, R> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.lazy_shape();
        if D != 2 {
            return param;
        }
        let bound = (6.0 / (shape[0] + shape[1]) as f32).sqrt();
        let values: Vec<f32> =
            (0..shape.num_elements()).map(|_| self.rng.random_range(-bound..bound)).collect();
        param.map(|old| {
            let fresh = Tensor::from_data(TensorData::new(values, shape), &old.device());
            let tracked = old.is_require_grad();
            fresh.set_require_grad(tracked)
        })
    }
}
