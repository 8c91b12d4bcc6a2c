//! The key encoder that follows the query encoder.

use std::collections::VecDeque;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Exponential moving average `w_key <- m w_key + (1 - m) w_query` over every float parameter,
/// batch-norm affine parameters included (section [2.2]; MoCo, equation 2).
///
/// Both modules must have the same architecture. Burn passes running statistics to visitors like
/// parameters, so they are averaged too; a key encoder ignores them and uses the statistics of its
/// batch. The key's parameters have no gradient.
///
/// [2.2]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-2
pub fn momentum_update<M: Module>(key: M, query: &M, momentum: f64) -> M {
    let mut source = Flatten(VecDeque::new());
    query.visit(&mut source);
    key.map(&mut Blend { source: source.0, momentum })
}

/// Collects parameters in visiting order, flattened to one axis so that their ranks agree.
struct Flatten(VecDeque<Tensor<1>>);

impl ModuleVisitor for Flatten {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let n = value.shape().num_elements();
        self.0.push_back(value.reshape([n]));
    }
}

struct Blend {
    source: VecDeque<Tensor<1>>,
    momentum: f64,
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(query) = self.source.pop_front() else { return param };
        let m = self.momentum;
        param.map(|key| {
            let (shape, tracked) = (key.shape(), key.is_autodiff());
            let query = query.reshape(shape);
            let blend = key.inner().mul_scalar(m) + query.mul_scalar(1.0 - m);
            if tracked { blend.autodiff() } else { blend }
        })
    }
}
