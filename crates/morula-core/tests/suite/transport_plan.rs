//! Assignment, plan, marginals and loss beyond the reference.

use crate::common::{device, f64_tensor, near, normals, scalar, values};
use burn::module::Module;
use burn::tensor::{DType, Tensor};
use morula_core::init::xavier_uniform;
use morula_core::transport::{
    Marginal, Sinkhorn, SinkhornConfig, StudentT, StudentTConfig, dec_target, transport_loss,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn random(seed: u64, rows: usize, d: usize) -> Tensor<2> {
    f64_tensor(&normals(seed, rows * d), [rows, d])
}

fn student_t(seed: u64, k: usize, d: usize) -> StudentT {
    let config = StudentTConfig::new(k, d);
    config.init(&device()).unwrap().with_centroids(random(seed, k, d)).unwrap()
}

fn sinkhorn() -> Sinkhorn {
    SinkhornConfig::new().init().unwrap()
}

/// The loss trains the embedding and the centroids; the plan has no gradient.
#[test]
fn gradients_match_finite_differences() {
    const STEP: f64 = 1e-5;
    let [n, k, d] = [8, 3, 2];
    let columns = f64_tensor(&[4.0, 3.0, 1.0], [k]);
    let log_q = student_t(2, k, d).log_forward(random(1, n, d));
    let plan = sinkhorn().forward(log_q, columns).unwrap().plan;
    let parts = [normals(1, n * d), normals(2, k * d)];
    let loss = |z: Tensor<2>, centroids: Tensor<2>| {
        let assignment = student_t(0, k, d).with_centroids(centroids).unwrap();
        (transport_loss(plan.clone(), assignment.log_forward(z)), assignment)
    };
    let z = f64_tensor(&parts[0], [n, d]).require_grad();
    let (value, assignment) = loss(z.clone(), f64_tensor(&parts[1], [k, d]));
    let gradients = value.backward();
    let found = [z.grad(&gradients), assignment.centroids.val().grad(&gradients)];
    for (part, found) in found.into_iter().enumerate() {
        let difference = |index: usize| {
            let [above, below] = [STEP, -STEP].map(|step| {
                let mut moved = parts.clone();
                moved[part][index] += step;
                scalar(loss(f64_tensor(&moved[0], [n, d]), f64_tensor(&moved[1], [k, d])).0)
            });
            (above - below) / (2.0 * STEP)
        };
        let differences: Vec<f64> = (0..parts[part].len()).map(difference).collect();
        near(&values(found.unwrap()), &differences, 1e-7);
    }
}

#[test]
fn the_plan_carries_no_gradient() {
    let log_q = student_t(2, 3, 2).log_forward(random(1, 8, 2).require_grad());
    let plan = sinkhorn().forward(log_q, f64_tensor(&[1.0; 3], [3])).unwrap().plan;
    assert!(!plan.is_autodiff());
    assert!(!dec_target(student_t(2, 3, 2).forward(random(1, 8, 2))).is_autodiff());
}

#[test]
fn one_cluster_takes_all() {
    let assignment = student_t(2, 1, 4);
    let q = assignment.forward(random(1, 5, 4));
    assert_eq!(values(q), [1.0; 5]);
    let log_q = assignment.log_forward(random(1, 5, 4));
    let found = sinkhorn().forward(log_q, f64_tensor(&[0.2], [1])).unwrap();
    assert_eq!(values(found.plan), [1.0; 5]);
    assert!(found.converged && found.iterations == 0);
}

#[test]
fn one_cell_follows_the_columns() {
    let log_q = f64_tensor(&[0.7f64.ln(), 0.2f64.ln(), 0.1f64.ln()], [1, 3]);
    let columns = [2.0, 2.0, 4.0];
    let found = sinkhorn().forward(log_q, f64_tensor(&columns, [3])).unwrap();
    near(&values(found.plan), &[0.25, 0.25, 0.5], 1e-6);
}

/// A column whose shares underflow at first gets its target, in either precision.
#[test]
fn a_column_that_underflows_gets_its_share() {
    for dtype in [DType::F32, DType::F64] {
        let log_q = f64_tensor(&[0.0, -800.0].repeat(5), [5, 2]).cast(dtype);
        let found = sinkhorn().forward(log_q, f64_tensor(&[1.0, 3.0], [2])).unwrap();
        assert!(found.converged, "{found:?}");
        near(&values(found.plan), &[0.25, 0.75].repeat(5), 1e-5);
    }
}

#[test]
fn centroids_stay_trained_and_are_redrawn_by_seed() {
    let assignment = StudentTConfig::new(3, 2).init(&device()).unwrap();
    assert!(assignment.centroids.val().is_require_grad());
    let set = assignment.clone().with_centroids(random(1, 3, 2)).unwrap();
    assert!(set.centroids.val().is_require_grad());
    near(&values(set.centroids.val()), &normals(1, 6), 1e-15);
    assert!(!set.valid().centroids.val().is_autodiff());
    let draw = |seed| {
        let module = xavier_uniform(assignment.clone(), &mut ChaCha8Rng::seed_from_u64(seed));
        values(module.centroids.val())
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn a_share_of_zero_costs_nothing() {
    let log_q = f64_tensor(&[-1.0, -400.0, -2.0, -0.1], [2, 2]).require_grad();
    let plan = f64_tensor(&[1.0, 0.0, 0.25, 0.75], [2, 2]);
    let loss = transport_loss(plan, log_q.clone());
    let expected = 1.0 + 0.25 * (0.25f64.ln() + 2.0) + 0.75 * (0.75f64.ln() + 0.1);
    near(&[scalar(loss.clone())], &[0.5 * expected], 1e-12);
    let gradient = values(log_q.grad(&loss.backward()).unwrap());
    near(&gradient, &[-0.5, 0.0, -0.125, -0.375], 1e-12);
}

#[test]
fn refused_input() {
    let device = device();
    for (k, d, nu) in [(0, 2, 1.0), (2, 0, 1.0), (2, 2, 0.0), (2, 2, f64::NAN)] {
        assert!(StudentTConfig::new(k, d).with_nu(nu).init(&device).is_err());
    }
    let assignment = StudentTConfig::new(2, 2).init(&device).unwrap();
    assert!(assignment.with_centroids(random(1, 3, 2)).is_err());
    for lambda in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(SinkhornConfig::new().with_lambda(lambda).init().is_err());
    }
    for tolerance in [-1e-9, f64::NAN] {
        assert!(SinkhornConfig::new().with_tolerance(tolerance).init().is_err());
    }
    let refused = |rows, columns: &[f64]| {
        let log_q = Tensor::<2>::zeros([rows, 2], (&device, DType::F64));
        let columns = f64_tensor(columns, [columns.len()]);
        sinkhorn().forward(log_q, columns).is_err()
    };
    assert!(refused(3, &[1.0, 0.0]) && refused(3, &[1.0, -1.0]) && refused(3, &[1.0, f64::NAN]));
    assert!(refused(3, &[1.0]) && refused(3, &[f64::MAX, f64::MAX]) && refused(0, &[1.0, 1.0]));
    assert!(!refused(3, &[1.0, 2.0]));
}

#[test]
fn marginals() {
    let sizes = [6, 3, 0, 1];
    let columns = |marginal: Marginal| marginal.columns(&sizes).unwrap();
    let tenths = |parts: [f64; 4], total: f64| parts.map(|part| part / total * 10.0);
    near(&columns(Marginal::Sizes), &tenths([6.0, 3.0, 1.0, 1.0], 11.0), 1e-15);
    near(&columns(Marginal::Uniform), &[2.5; 4], 1e-15);
    near(&columns(Marginal::Damped(0.0)), &columns(Marginal::Sizes), 1e-15);
    near(&columns(Marginal::Damped(1.0)), &[2.5; 4], 1e-15);
    let half = [6.0, 3.0, 1.0, 1.0].map(|size| 0.5 * size + 0.5 * 2.75);
    near(&columns(Marginal::Damped(0.5)), &tenths(half, 11.0), 1e-15);
    let prior = vec![1.0, 1.0, 2.0, 4.0];
    near(&columns(Marginal::Prior(prior)), &tenths([1.0, 1.0, 2.0, 4.0], 8.0), 1e-15);
    assert_eq!(Marginal::Sizes.columns(&[4, 5]).unwrap(), [4.0, 5.0]);

    for marginal in [
        Marginal::Damped(1.1),
        Marginal::Damped(f64::NAN),
        Marginal::Prior(vec![1.0; 3]),
        Marginal::Prior(vec![1.0, 1.0, 0.0, 1.0]),
        Marginal::Prior(vec![1.0, 1.0, f64::INFINITY, 1.0]),
    ] {
        assert!(marginal.columns(&sizes).is_err(), "{marginal:?}");
    }
    assert!(Marginal::Sizes.columns(&[]).is_err() && Marginal::Uniform.columns(&[0, 0]).is_err());
    let names = [Marginal::Sizes, Marginal::Damped(0.5), Marginal::Prior(vec![1.0])];
    let text = serde_json::to_string(&names).unwrap();
    assert_eq!(text, r#"["sizes",{"damped":0.5},{"prior":[1.0]}]"#);
    assert_eq!(serde_json::from_str::<Vec<Marginal>>(&text).unwrap(), names);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Rows are exact, columns have their targets, and every entry is the kernel times a row factor
    /// and a column factor.
    #[test]
    fn plans_are_scaled_kernels_with_both_marginals(
        seed in 0u64..1000,
        n in 2usize..40,
        k in 2usize..6,
        lambda in 0.5f64..6.0,
    ) {
        let log_q = student_t(seed + 1, k, 3).log_forward(random(seed, n, 3)).inner();
        let columns: Vec<f64> = normals(seed + 2, k).iter().map(|z| (0.5 * z).exp()).collect();
        let config = SinkhornConfig::new().with_lambda(lambda).with_max_iterations(20_000);
        let found = config.init().unwrap().forward(log_q.clone(), f64_tensor(&columns, [k])).unwrap();
        prop_assert!(found.converged && found.column_error <= 1e-6, "{:?}", found.column_error);
        let plan = found.plan;
        near(&values(plan.clone().sum_dim(1)), &vec![1.0; n], 1e-12);
        let total: f64 = columns.iter().sum();
        let sums = values(plan.clone().sum_dim(0));
        for (sum, column) in sums.iter().zip(&columns) {
            prop_assert!((sum / n as f64 - column / total).abs() <= 1.001e-6);
        }
        let scaling = plan.log() - log_q.mul_scalar(lambda);
        let centred = scaling.clone() - scaling.clone().mean_dim(1);
        let factors = centred.clone().narrow(0, 0, 1);
        let rest = values((centred - factors).abs().max());
        prop_assert!(rest[0] < 1e-9, "{rest:?}");
    }

    #[test]
    fn assignments_are_distributions(seed in 0u64..1000, k in 1usize..6, scale in -6.0f64..6.0) {
        let z = random(seed, 9, 3).mul_scalar(10f64.powf(scale)).cast(DType::F32);
        let assignment = StudentTConfig::new(k, 3).init(&device()).unwrap();
        let assignment = assignment.with_centroids(random(seed + 1, k, 3).cast(DType::F32)).unwrap();
        let q = assignment.forward(z);
        near(&values(q.clone().sum_dim(1)), &[1.0; 9], 1e-5);
        near(&values(dec_target(q).sum_dim(1)), &[1.0; 9], 1e-5);
    }
}
