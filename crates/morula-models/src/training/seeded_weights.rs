//! The check that a seed means the same first weights on every device, whoever else draws numbers
//! there.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use morula_testing::devices::devices;

use crate::Device;

/// Every parameter: its rank and its values.
#[derive(Default)]
struct Values(Vec<(usize, Vec<f32>)>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push((D, param.val().inner().try_into_vec_as().unwrap()));
    }
}

fn values<M: Module>(network: M) -> Vec<(usize, Vec<f32>)> {
    let mut values = Values::default();
    network.visit(&mut values);
    values.0
}

/// Checks a network made from a seed on a device.
pub(crate) fn check<M: Module>(network: impl Fn(u64, &Device) -> M) {
    let network = |seed, device: &Device| values(network(seed, device));
    let expected = network(1, &devices()[0].device);
    for on in devices() {
        // Burn's own generator, which other threads may use, has no say.
        for burns in [1, 2] {
            on.device.seed(burns);
            assert!(network(1, &on.device) == expected, "{}", on.name);
        }
    }
    for ((rank, one), (_, other)) in expected.iter().zip(network(2, &devices()[0].device)) {
        let drawn = one.iter().any(|value| *value != one[0]);
        match rank {
            2 => assert!(drawn && *one != other, "every matrix follows the seed"),
            _ => assert!(!drawn && *one == other, "every vector starts at one value"),
        }
    }
}
