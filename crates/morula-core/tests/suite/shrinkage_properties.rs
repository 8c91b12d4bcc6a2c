//! Unbiasedness, invariants and degenerate clusters.

use crate::common::{Average, case, f64_tensor, labels, near, normals, number, scalar, values};
use burn::tensor::{DType, Device, Tensor, TensorData};
use morula_core::CoreError;
use morula_core::shrinkage::{
    Centre, Estimate, Memberships, Shrinkage, SureInput, SureOutput, SureShrinkageConfig, Variance,
};
use proptest::prelude::*;

fn forward(config: SureShrinkageConfig, input: SureInput) -> SureOutput {
    config.init().unwrap().forward(input).unwrap()
}

fn assert_finite(output: &SureOutput) {
    let SureOutput { risk, b, sigma2, tau2, centres, theta_hat } = output.clone();
    let vectors = [risk, b, sigma2, tau2].map(values);
    let matrices = [centres, theta_hat].map(values);
    for part in vectors.iter().chain(&matrices) {
        assert!(part.iter().all(|value| value.is_finite()), "{output:?}");
    }
}

/// Average of (risk estimate - true loss) per cell over `runs` batches of 50 clusters, each with
/// the six true cells of the reference file.
fn bias(
    config: SureShrinkageConfig,
    memberships: impl Fn(usize) -> Memberships,
    runs: usize,
) -> Average {
    const CLUSTERS: usize = 50;
    let (input, _) = case("monte_carlo_unbiased");
    let sigma2 = number(&input["sigma2"]);
    let theta = crate::common::vector(&input["Theta"]).repeat(CLUSTERS);
    let noise = normals(11, runs * theta.len());
    let [n_cells, n_dims] = [6 * CLUSTERS, 4];
    let differences: Vec<f64> = noise
        .chunks(theta.len())
        .map(|noise| {
            let z: Vec<f64> = theta.iter().zip(noise).map(|(t, e)| t + sigma2.sqrt() * e).collect();
            let mut input =
                SureInput::new(f64_tensor(&z, [n_cells, n_dims]), memberships(CLUSTERS))
                    .with_sigma2(f64_tensor(&[sigma2], [1]));
            if config.centre == Centre::Fixed {
                input = input.with_centres(Tensor::ones(
                    [CLUSTERS, n_dims],
                    (&crate::common::device(), DType::F64),
                ));
            }
            let output = forward(config, input);
            let truth = f64_tensor(&theta, [n_cells, n_dims]);
            let loss = scalar((output.theta_hat - truth).square().sum()) / n_cells as f64;
            scalar(output.risk) - loss
        })
        .collect();
    Average::of(&differences)
}

fn blocks(n_clusters: usize) -> Memberships {
    let labels: Vec<i32> = (0..6 * n_clusters).map(|cell| (cell / 6) as i32).collect();
    Memberships::hard(crate::common::labels(&labels), n_clusters)
}

/// 20,000 clusters. A divergence with N in place of N - 1 shifts the estimate by
/// 2 sigma^2 b P / N, about 0.1 here: 30 standard errors.
#[test]
fn james_stein_risk_is_unbiased() {
    let config = SureShrinkageConfig::new().with_shrinkage(Shrinkage::JamesStein);
    for config in [config, config.with_centre(Centre::Fixed)] {
        let bias = bias(config, blocks, 400);
        assert!(bias.covers(0.0, 4.0), "{config:?} {bias:?}");
        assert!(bias.standard_error < 0.01, "{bias:?}");
    }
}

/// The minimised risk is too low by at most 4 b sigma^2 per cluster.
#[test]
fn minimised_risk_is_optimistic_within_its_bound() {
    let bias = bias(SureShrinkageConfig::new(), blocks, 400);
    assert!(bias.mean < 0.0 && bias.mean > -4.0 * 0.25 / 6.0, "{bias:?}");
}

/// One cluster of soft memberships, with the loss weighted in the same way.
#[test]
fn soft_james_stein_risk_is_unbiased() {
    let r = [0.9, 0.2, 0.6, 1.0, 0.4, 0.7];
    let (input, _) = case("monte_carlo_unbiased");
    let theta = crate::common::vector(&input["Theta"]);
    let sigma2 = number(&input["sigma2"]);
    let config = SureShrinkageConfig::new().with_shrinkage(Shrinkage::JamesStein);
    let memberships = Memberships::soft(f64_tensor(&r, [6, 1]));
    let differences: Vec<f64> = normals(13, 20_000 * theta.len())
        .chunks(theta.len())
        .map(|noise| {
            let z: Vec<f64> = theta.iter().zip(noise).map(|(t, e)| t + sigma2.sqrt() * e).collect();
            let input = SureInput::new(f64_tensor(&z, [6, 4]), memberships.clone())
                .with_sigma2(f64_tensor(&[sigma2], [1]));
            let output = forward(config, input);
            let (b, centre) = (scalar(output.b), values(output.centres));
            let loss = |cell: usize| -> f64 {
                let square = |p: usize| {
                    let z = z[cell * 4 + p];
                    (z - b * (z - centre[p]) - theta[cell * 4 + p]).powi(2)
                };
                (0..4).map(square).sum()
            };
            let loss: f64 = r.iter().enumerate().map(|(cell, r)| r * loss(cell)).sum();
            scalar(output.risk) - loss / 6.0
        })
        .collect();
    let bias = Average::of(&differences);
    assert!(bias.covers(0.0, 4.0), "{bias:?}");
    assert!(bias.standard_error < 0.01, "{bias:?}");
}

#[test]
fn one_hot_memberships_are_hard_ones() {
    let z = f64_tensor(&normals(1, 24), [6, 4]);
    let assignment = [0, 2, 0, 2, 2, -1];
    let one_hot: Vec<f64> = assignment
        .iter()
        .flat_map(|&label| (0..3).map(move |k| if k == label { 1.0 } else { 0.0 }))
        .collect();
    for shrinkage in [Shrinkage::Sure, Shrinkage::JamesStein] {
        let config = SureShrinkageConfig::new().with_shrinkage(shrinkage);
        let [hard, soft] = [
            Memberships::hard(labels(&assignment), 3),
            Memberships::soft(f64_tensor(&one_hot, [6, 3])),
        ]
        .map(|memberships| {
            let input = SureInput::new(z.clone(), memberships);
            forward(config, input.with_sigma2(f64_tensor(&[0.2], [1])))
        });
        near(&values(hard.risk), &values(soft.risk), 1e-12);
        near(&values(hard.b), &values(soft.b), 1e-12);
        near(&values(hard.theta_hat), &values(soft.theta_hat), 1e-12);
    }
}

/// Cluster 0 has three cells, 1 is empty, 2 has one cell, and one cell has no cluster.
#[test]
fn empty_and_single_cell_clusters_take_no_part() {
    let cells = normals(2, 20);
    let z = || f64_tensor(&cells, [5, 4]).require_grad();
    let memberships = || Memberships::hard(labels(&[0, 0, 2, 0, 7]), 3);
    let replicate = f64_tensor(&normals(4, 20), [5, 4]);
    for (variance, estimate) in [
        (Variance::Replicates, Estimate::FirstView),
        (Variance::Replicates, Estimate::ViewMean),
        (Variance::CentroidClt, Estimate::FirstView),
    ] {
        let config = SureShrinkageConfig::new().with_variance(variance).with_estimate(estimate);
        for config in [config, config.with_detach(false)] {
            let z = z();
            let input = SureInput::new(z.clone(), memberships()).with_replicate(replicate.clone());
            let output = forward(config, input);
            assert_finite(&output);
            assert_eq!(values(output.b.clone())[1..], [0.0, 0.0]);
            assert_eq!(values(output.tau2.clone())[1..], [0.0, 0.0]);
            if estimate == Estimate::FirstView {
                let theta_hat = values(output.theta_hat.clone());
                assert_eq!(theta_hat[8..12], cells[8..12]);
                assert_eq!(theta_hat[16..], cells[16..]);
            }
            let gradient = values(z.grad(&output.risk.backward()).unwrap());
            assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
            if config.detach {
                assert!(gradient[8..12].iter().chain(&gradient[16..]).all(|&g| g == 0.0));
            }
        }
    }
}

#[test]
fn a_batch_without_any_cluster_has_no_risk() {
    let input =
        SureInput::new(f64_tensor(&[1.0, 2.0], [2, 1]), Memberships::hard(labels(&[0, 1]), 2));
    let output = forward(SureShrinkageConfig::new(), input.with_sigma2(f64_tensor(&[0.1], [1])));
    assert_finite(&output);
    assert_eq!(scalar(output.risk), 0.0);
    assert_eq!(values(output.theta_hat), [1.0, 2.0]);
}

#[test]
fn identical_cells_are_on_their_centre() {
    for dtype in [DType::F32, DType::F64] {
        for (sigma2, b) in [(0.0, 0.0), (0.5, 1.0)] {
            for config in
                [SureShrinkageConfig::new(), SureShrinkageConfig::new().with_detach(false)]
            {
                let z = Tensor::<2>::full([5, 3], 0.25, (&crate::common::device(), dtype))
                    .require_grad();
                let input = SureInput::new(z.clone(), Memberships::hard(labels(&[0; 5]), 1))
                    .with_sigma2(f64_tensor(&[sigma2], [1]));
                let output = forward(config, input);
                assert_finite(&output);
                assert_eq!((scalar(output.b), scalar(output.tau2)), (b, 0.0));
                assert_eq!(values(output.theta_hat), [0.25; 15]);
                let gradient = values(z.grad(&output.risk.backward()).unwrap());
                assert!(gradient.iter().all(|&g| g == 0.0), "{gradient:?}");
            }
            let clt = SureShrinkageConfig::new().with_variance(Variance::CentroidClt);
            let z = Tensor::<2>::full([5, 3], 0.25, (&crate::common::device(), dtype));
            let output = forward(clt, SureInput::new(z, Memberships::hard(labels(&[0; 5]), 1)));
            assert_finite(&output);
            near(&values(output.b), &[5.0 / 6.0], 1e-6);
        }
    }
}

/// The mean of two views has half the noise of one.
#[test]
fn view_mean_halves_the_noise() {
    let [z, replicate] = [1, 2].map(|seed| f64_tensor(&normals(seed, 24), [6, 4]));
    let run = |estimate| {
        let input = SureInput::new(z.clone(), Memberships::hard(labels(&[0; 6]), 1));
        forward(
            SureShrinkageConfig::new().with_estimate(estimate),
            input.with_replicate(replicate.clone()),
        )
    };
    let (first, mean) = (run(Estimate::FirstView), run(Estimate::ViewMean));
    near(&values(mean.sigma2), &[scalar(first.sigma2) / 2.0], 1e-12);
    let centre = values((z.clone() + replicate.clone()).mean_dim(0) * 0.5);
    near(&values(mean.centres), &centre, 1e-12);
}

/// Tight clusters of unit vectors: no cancellation in f32, for either kind of memberships.
#[test]
fn single_precision_follows_double_precision() {
    let cells: Vec<f64> = normals(21, 64 * 16)
        .chunks(16)
        .enumerate()
        .flat_map(|(i, noise)| {
            let noise = noise.to_vec();
            (0..16).map(move |p| f64::from(u8::from(p == i % 4)) + 1e-3 * noise[p])
        })
        .collect();
    let assignment: Vec<i32> = (0..64).map(|i| i % 4).collect();
    let one_hot: Vec<f64> =
        (0..64).flat_map(|i| (0..4).map(move |k| f64::from(u8::from(k == i % 4)))).collect();
    let run = |dtype: DType, soft: bool| {
        let device = Device::flex();
        let z = Tensor::<2>::from_data(TensorData::new(cells.clone(), [64, 16]), (&device, dtype));
        let memberships = match soft {
            true => Memberships::soft(f64_tensor(&one_hot, [64, 4])),
            false => Memberships::hard(labels(&assignment), 4),
        };
        let output = forward(
            SureShrinkageConfig::new(),
            SureInput::new(z, memberships).with_sigma2(f64_tensor(&[4e-7], [1])),
        );
        [values(output.risk), values(output.b), values(output.tau2), values(output.theta_hat)]
    };
    let double = run(DType::F64, false);
    for soft in [false, true] {
        for (single, double) in run(DType::F32, soft).iter().zip(&double) {
            near(single, double, 1e-4);
        }
    }
}

#[test]
fn unusable_input_is_refused_by_name() {
    let z = || f64_tensor(&normals(1, 12), [4, 3]);
    let one = || Memberships::hard(labels(&[0; 4]), 1);
    let refused = |config: SureShrinkageConfig, input: SureInput| {
        config.init().unwrap().forward(input).unwrap_err().to_string()
    };
    let config = SureShrinkageConfig::new();
    let matrix = |rows, columns| f64_tensor(&vec![0.5; rows * columns], [rows, columns]);
    let fixed = config.with_centre(Centre::Fixed);
    let clt = config.with_variance(Variance::CentroidClt);
    for (message, needle) in [
        (refused(config, SureInput::new(z(), one())), "`replicate` is missing"),
        (
            refused(config, SureInput::new(z(), one()).with_replicate(matrix(4, 2))),
            "[B, P] = [4, 3]",
        ),
        (refused(fixed, SureInput::new(z(), one()).with_replicate(z())), "`centres` is missing"),
        (refused(clt, SureInput::new(z(), one()).with_centres(matrix(1, 3))), "`centres` is given"),
        (refused(fixed, SureInput::new(z(), one()).with_centres(matrix(2, 3))), "[K, P] = [1, 3]"),
        (
            refused(clt, SureInput::new(z(), one()).with_sigma2(f64_tensor(&[1.0], [1]))),
            "`sigma2` is given",
        ),
        (
            refused(config, SureInput::new(z(), one()).with_sigma2(f64_tensor(&[1.0, 2.0], [2]))),
            "[1] or [K] = [1]",
        ),
        (refused(config, SureInput::new(z(), Memberships::soft(matrix(3, 2)))), "shape [3, 2]"),
        (refused(config, SureInput::new(z(), Memberships::hard(labels(&[0; 4]), 0))), "at least 1"),
        (refused(config, SureInput::new(matrix(0, 3), one())), "shape [0, 3]"),
    ] {
        assert!(message.contains(needle), "{message}");
    }
    let excluded = [clt.with_shrinkage(Shrinkage::JamesStein), clt.with_per_cluster(true)];
    for config in excluded {
        assert!(matches!(config.init(), Err(CoreError::Parameter { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// In single precision, at any scale: everything is finite, 0 <= b <= 1, each shrunk
    /// cell is between itself and its centre, and the risk does not exceed that of z, P sigma^2.
    #[test]
    fn shrinkage_is_bounded(
        assignment in proptest::collection::vec(0..4i32, 1..20),
        seed in 0..1000u64,
        scale in -6..7i32,
        sigma2 in 0.0..10.0f64,
        shrinkage in prop_oneof![Just(Shrinkage::Sure), Just(Shrinkage::JamesStein)],
    ) {
        let scale = 10f64.powi(scale);
        let n_cells = assignment.len();
        let cells: Vec<f64> = normals(seed, n_cells * 3).iter().map(|v| v * scale).collect();
        let sigma2 = sigma2 * scale * scale;
        let z = Tensor::<2>::from_data(
            TensorData::new(cells, [n_cells, 3]),
            (&Device::flex(), DType::F32),
        );
        let input = SureInput::new(z.clone(), Memberships::hard(labels(&assignment), 4))
            .with_sigma2(f64_tensor(&[sigma2], [1]));
        let output = forward(SureShrinkageConfig::new().with_shrinkage(shrinkage), input);
        assert_finite(&output);
        prop_assert!(values(output.b.clone()).iter().all(|b| (0.0..=1.0).contains(b)));
        prop_assert!(scalar(output.risk.clone()) <= 3.0 * sigma2 * (1.0 + 1e-5));
        let (z, centres, shrunk) = (values(z), values(output.centres), values(output.theta_hat));
        let slack = 1e-5 * scale;
        for (i, &label) in assignment.iter().enumerate() {
            for p in 0..3 {
                let (from, to) = (z[i * 3 + p], centres[label as usize * 3 + p]);
                let found = shrunk[i * 3 + p];
                prop_assert!(found >= from.min(to) - slack && found <= from.max(to) + slack);
            }
        }
    }
}
