//! Seeded weights: the same start on every device.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt};

/// Redraws every matrix parameter from Xavier's uniform distribution
/// `U(-a, a)`, `a = sqrt(6 / (d_in + d_out))`, with numbers from `rng`.
///
/// Burn draws parameters lazily from one generator per backend, which other threads share and
/// which differs between backends. Drawing here, at once and on the host, makes a seed mean the
/// same weights wherever the module runs. Vectors (biases, batch-norm affine) stay as they are.
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
