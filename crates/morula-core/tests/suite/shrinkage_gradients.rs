//! Gradients of the risk against central differences in f64, for every mode.

use crate::common::{f64_tensor, labels, near, normals, scalar, values};
use burn::tensor::Tensor;
use morula_core::shrinkage::{
    Centre, Estimate, Memberships, Shrinkage, SureInput, SureShrinkageConfig, Variance,
};

const N_CELLS: usize = 9;
const N_DIMS: usize = 4;
const N_CLUSTERS: usize = 3;

/// Two views and fixed centres, flat; five cells, three cells and one cell per cluster.
#[derive(Clone)]
struct Point {
    z: Vec<f64>,
    replicate: Vec<f64>,
    centres: Vec<f64>,
}

impl Point {
    fn new(noise: f64) -> Self {
        let draws = normals(3, 2 * N_CELLS * N_DIMS + N_CLUSTERS * N_DIMS);
        let (z, rest) = draws.split_at(N_CELLS * N_DIMS);
        let (difference, centres) = rest.split_at(N_CELLS * N_DIMS);
        let replicate = z.iter().zip(difference).map(|(z, d)| z + noise * d).collect();
        Self { z: z.to_vec(), replicate, centres: centres.to_vec() }
    }

    fn parts(&mut self) -> [&mut Vec<f64>; 3] {
        [&mut self.z, &mut self.replicate, &mut self.centres]
    }
}

fn hard() -> Memberships {
    Memberships::hard(labels(&[0, 1, 0, 0, 2, 1, 0, 1, 0]), N_CLUSTERS)
}

fn soft() -> Memberships {
    let weights: Vec<f64> = normals(5, N_CELLS * N_CLUSTERS).iter().map(|v| v.exp()).collect();
    let weights = f64_tensor(&weights, [N_CELLS, N_CLUSTERS]);
    Memberships::soft(weights.clone() / weights.sum_dim(1))
}

/// Risk, and its gradients with respect to the parts of the point.
fn evaluate(
    config: SureShrinkageConfig,
    memberships: &Memberships,
    sigma2: Option<f64>,
    point: &Point,
) -> (f64, [Vec<f64>; 3]) {
    let z = f64_tensor(&point.z, [N_CELLS, N_DIMS]).require_grad();
    let replicate = f64_tensor(&point.replicate, [N_CELLS, N_DIMS]).require_grad();
    let centres = f64_tensor(&point.centres, [N_CLUSTERS, N_DIMS]).require_grad();
    let mut input =
        SureInput::new(z.clone(), memberships.clone()).with_replicate(replicate.clone());
    if let Some(sigma2) = sigma2 {
        input = input.with_sigma2(f64_tensor(&[sigma2], [1]));
    }
    if config.centre == Centre::Fixed {
        input = input.with_centres(centres.clone());
    }
    let risk = config.init().unwrap().forward(input).unwrap().risk;
    let gradients = risk.backward();
    let gradient = |leaf: Tensor<2>| {
        let found = leaf.grad(&gradients).map(values);
        found.unwrap_or_else(|| vec![0.0; leaf.dims().iter().product()])
    };
    (scalar(risk.clone()), [z, replicate, centres].map(gradient))
}

#[track_caller]
fn check(config: SureShrinkageConfig, memberships: &Memberships, sigma2: Option<f64>, noise: f64) {
    const STEP: f64 = 1e-5;
    let point = Point::new(noise);
    let (_, gradients) = evaluate(config, memberships, sigma2, &point);
    for (part, gradient) in gradients.iter().enumerate() {
        let difference = |index: usize| {
            let [above, below] = [STEP, -STEP].map(|step| {
                let mut moved = point.clone();
                moved.parts()[part][index] += step;
                evaluate(config, memberships, sigma2, &moved).0
            });
            (above - below) / (2.0 * STEP)
        };
        let differences: Vec<f64> = (0..gradient.len()).map(difference).collect();
        let scale = differences.iter().fold(1e-3f64, |scale, value| value.abs().max(scale));
        let agree = gradient.iter().zip(&differences).all(|(g, d)| (g - d).abs() < 1e-7 * scale);
        assert!(agree, "{config:?} {memberships:?} part {part}: {gradient:?} {differences:?}");
    }
}

#[test]
fn attached_gradients_are_those_of_the_whole_risk() {
    let attached = SureShrinkageConfig::new().with_detach(false);
    for memberships in [hard(), soft()] {
        for centre in [Centre::GroupMean, Centre::Fixed] {
            let config = attached.with_centre(centre);
            check(config.with_variance(Variance::CentroidClt), &memberships, None, 0.5);
            for per_cluster in [false, true] {
                for estimate in [Estimate::FirstView, Estimate::ViewMean] {
                    for shrinkage in [Shrinkage::Sure, Shrinkage::JamesStein] {
                        let config = config
                            .with_per_cluster(per_cluster)
                            .with_estimate(estimate)
                            .with_shrinkage(shrinkage);
                        check(config, &memberships, None, 0.5);
                    }
                }
            }
        }
    }
}

/// With sigma^2 given, b is at the minimum of the risk (or clipped), so that leaving it out of the
/// gradient changes nothing.
#[test]
fn detached_gradients_are_the_same_at_the_optimum() {
    for (memberships, sigma2) in [(hard(), 0.3), (soft(), 0.3), (hard(), 50.0), (soft(), 50.0)] {
        for centre in [Centre::GroupMean, Centre::Fixed] {
            let config = SureShrinkageConfig::new().with_centre(centre);
            check(config, &memberships, Some(sigma2), 0.5);
        }
    }
    let james_stein = SureShrinkageConfig::new().with_shrinkage(Shrinkage::JamesStein);
    check(james_stein, &hard(), Some(0.3), 0.5);
}

/// Detached, the gradient is 2 b^2 (z_i - mu_k) / B, and the second view has none.
#[test]
fn detached_gradient_pulls_to_the_centre() {
    let point = Point::new(0.5);
    let config = SureShrinkageConfig::new();
    let (_, [gradient, replicate, _]) = evaluate(config, &hard(), None, &point);
    let views = SureInput::new(f64_tensor(&point.z, [N_CELLS, N_DIMS]), hard())
        .with_replicate(f64_tensor(&point.replicate, [N_CELLS, N_DIMS]));
    let output = config.init().unwrap().forward(views).unwrap();
    let (b, centres) = (values(output.b), values(output.centres));
    assert!(b[0] > 0.05 && b[0] < 0.95 && b[2] == 0.0, "{b:?}");
    let expected: Vec<f64> = [0, 1, 0, 0, 2, 1, 0, 1, 0]
        .iter()
        .enumerate()
        .flat_map(|(i, &k)| (0..N_DIMS).map(move |p| (i, k, p)))
        .map(|(i, k, p)| {
            let pull = point.z[i * N_DIMS + p] - centres[k * N_DIMS + p];
            2.0 * b[k] * b[k] * pull / N_CELLS as f64
        })
        .collect();
    near(&gradient, &expected, 1e-12);
    assert!(replicate.iter().all(|&g| g == 0.0));
}
