//! Both forms of the loss against the definition, each other, and finite differences.

use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;

use super::{ZinbParameters, composite, fused};

type Form = fn(Tensor<2>, ZinbParameters, Tensor<1>, f64) -> Tensor<1>;

const FORMS: [(&str, Form); 2] = [("composite", composite::zinb_loss), ("fused", fused::zinb_loss)];

/// Counts with log mu, log theta, logit pi, all `[n, genes]`, and size factors `[n]`.
#[derive(Debug, Clone)]
struct Case {
    counts: Vec<f64>,
    parameters: [Vec<f64>; 3],
    sizes: Vec<f64>,
}

impl Case {
    /// The counts with pseudo-random, moderate parameters.
    fn new(counts: &[f64], sizes: &[f64]) -> Self {
        let wave = |k: usize, width: f64| {
            let values = (0..counts.len()).map(move |i| width * ((7 * i + 3 * k + 1) as f64).sin());
            values.collect::<Vec<_>>()
        };
        let parameters = [wave(0, 3.0), wave(1, 2.5), wave(2, 3.0)];
        Self { counts: counts.to_vec(), parameters, sizes: sizes.to_vec() }
    }

    /// One entry.
    fn entry(count: f64, parameters: [f64; 3]) -> Self {
        Self { counts: vec![count], parameters: parameters.map(|p| vec![p]), sizes: vec![1.0] }
    }

    /// Value and the three gradients.
    fn evaluate(&self, form: Form, dtype: DType, ridge: f64) -> (f64, [Vec<f64>; 3]) {
        let device = Device::flex().autodiff();
        let shape = [self.sizes.len(), self.counts.len() / self.sizes.len()];
        let matrix = |values: &[f64]| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), (&device, dtype))
        };
        let leaves = self.parameters.each_ref().map(|values| matrix(values).require_grad());
        let [log_mean, log_dispersion, dropout_logits] = leaves.clone();
        let parameters = ZinbParameters { log_mean, log_dispersion, dropout_logits };
        let sizes = Tensor::<1>::from_data(self.sizes.as_slice(), (&device, dtype));
        let loss = form(matrix(&self.counts), parameters, sizes, ridge);
        let gradients = loss.backward();
        let found = leaves.map(|leaf| values(leaf.grad(&gradients).unwrap()));
        (values(loss)[0], found)
    }

    /// The mean loss by definition, with libm.
    fn expected(&self, ridge: f64) -> f64 {
        let genes = self.counts.len() / self.sizes.len();
        let [log_mean, log_dispersion, logits] = &self.parameters;
        let entries = (0..self.counts.len()).map(|i| {
            let log_mean = log_mean[i] + self.sizes[i / genes].ln();
            let nll = definition(self.counts[i], log_mean, log_dispersion[i], logits[i]);
            nll + ridge * (-2.0 * softplus(-logits[i])).exp()
        });
        entries.sum::<f64>() / self.counts.len() as f64
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.try_into_vec_as::<f64>().unwrap()
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p((-x.abs()).exp())
}

/// -log ZINB(c), term by term.
fn definition(count: f64, log_mean: f64, log_dispersion: f64, logit: f64) -> f64 {
    let theta = log_dispersion.exp();
    let log_zero = -theta * softplus(log_mean - log_dispersion);
    if count == 0.0 {
        let [dropped, kept] = [-softplus(-logit), log_zero - softplus(logit)];
        let largest = dropped.max(kept);
        return -largest - ((dropped - largest).exp() + (kept - largest).exp()).ln();
    }
    let log_nb = libm::lgamma(count + theta) - libm::lgamma(theta) - libm::lgamma(count + 1.0)
        + log_zero
        - count * softplus(log_dispersion - log_mean);
    softplus(logit) - log_nb
}

/// Every kind of count, three cells of six genes.
fn mixed() -> Case {
    let counts = [0., 1., 3., 0., 20., 21., 7., 0., 0., 25., 2.5, 140., 0., 2., 999., 1., 0.5, 1e4];
    Case::new(&counts, &[0.5, 1.0, 1.7])
}

#[test]
fn both_forms_are_the_definition() {
    for ridge in [0.0, 0.3] {
        for (name, form) in FORMS {
            let (found, _) = mixed().evaluate(form, DType::F64, ridge);
            let expected = mixed().expected(ridge);
            assert!((found / expected - 1.0).abs() < 1e-11, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn gradients_are_differences() {
    const STEP: f64 = 1e-5;
    for (name, form) in FORMS {
        let case = mixed();
        let (_, gradients) = case.evaluate(form, DType::F64, 0.3);
        for (part, gradient) in gradients.iter().enumerate() {
            for (index, found) in gradient.iter().enumerate() {
                let [above, below] = [STEP, -STEP].map(|step| {
                    let mut moved = case.clone();
                    moved.parameters[part][index] += step;
                    moved.expected(0.3)
                });
                let expected = (above - below) / (2.0 * STEP);
                let scale = expected.abs().max(1e-2);
                let agree = (found - expected).abs() < 1e-6 * scale;
                assert!(agree, "{name}, part {part}, entry {index}: {found} {expected}");
            }
        }
    }
}

/// 500 cells of 37 genes: a partial last block, and several tasks.
fn many() -> Case {
    let counts = |i: usize| if i % 10 < 9 { 0.0 } else { (i % 7 + 1) as f64 };
    let sizes: Vec<f64> = (0..500).map(|i| 0.5 + i as f64 / 400.0).collect();
    Case::new(&(0..500 * 37).map(counts).collect::<Vec<_>>(), &sizes)
}

#[test]
fn the_forms_agree() {
    for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
        let [(value, gradients), (other, others)] =
            FORMS.map(|(_, form)| many().evaluate(form, dtype, 0.1));
        assert!((value / other - 1.0).abs() < tolerance, "{value} {other}");
        for (part, (a, b)) in gradients.iter().zip(&others).enumerate() {
            let scale = b.iter().fold(0.0f64, |scale, b| scale.max(b.abs()));
            let error = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(error < tolerance * scale, "part {part}: {error:e} of {scale:e}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| many().evaluate(fused::zinb_loss, DType::F32, 0.1))
    };
    let alone = run(1);
    for threads in [2, 3, 7] {
        assert_eq!(run(threads), alone);
    }
}

/// A sliced and a transposed view instead of whole buffers.
#[test]
fn views_are_read_in_their_order() {
    let device = Device::flex();
    let wide = |seed: f64| {
        let wave = |i: usize| 2.0 * (i as f64 * 1.7 + seed).sin();
        let data = TensorData::new((0..70).map(wave).collect::<Vec<_>>(), [10, 7]);
        Tensor::<2>::from_data(data, (&device, DType::F64))
    };
    let view = |seed| wide(seed).transpose().narrow(0, 2, 3).narrow(1, 1, 8);
    let whole = |seed| {
        let view = view(seed);
        Tensor::<2>::from_data(TensorData::new(values(view), [3, 8]), (&device, DType::F64))
    };
    let loss = |tensor: &dyn Fn(f64) -> Tensor<2>| {
        let [log_mean, log_dispersion, dropout_logits] = [1.0, 2.0, 3.0].map(tensor);
        let parameters = ZinbParameters { log_mean, log_dispersion, dropout_logits };
        let sizes = Tensor::ones([3], (&device, DType::F64));
        values(fused::zinb_loss(tensor(4.0).abs().round(), parameters, sizes, 0.0))
    };
    assert_eq!(loss(&view), loss(&whole));
}

/// A count from 0 to 1e5 and parameters from their whole range, rounded to f32.
fn extreme() -> impl Strategy<Value = (f64, [f64; 3])> {
    let count = prop_oneof![
        3 => Just(0.0),
        3 => (1u32..40).prop_map(f64::from),
        1 => (0.0..11.5f64).prop_map(|log| log.exp().round().min(1e5)),
        1 => 0.01..1e5f64,
    ];
    let log_mean = prop_oneof![4 => -11.51..13.81f64, 1 => Just(-11.512), 1 => Just(13.815)];
    let log_dispersion = prop_oneof![4 => -9.21..9.21f64, 1 => Just(-9.21), 1 => Just(9.21)];
    let logit = prop_oneof![4 => -50.0..50.0f64, 1 => Just(-50.0), 1 => Just(50.0), 1 => Just(0.0)];
    let single = |x: f64| f64::from(x as f32);
    (count, log_mean, log_dispersion, logit)
        .prop_map(move |(c, m, r, l)| (single(c), [m, r, l].map(single)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn extremes_are_finite_and_right(entry in extreme()) {
        let (count, parameters) = entry;
        let case = Case::entry(count, parameters);
        let expected = case.expected(0.0);
        // The size of the terms: f32 can lose an ulp of it.
        let [log_mean, log_dispersion, logit] = parameters;
        let theta = log_dispersion.exp();
        let barrier = theta * softplus(log_mean - log_dispersion);
        // A difference of two log-gammas loses an ulp of each: once here in the definition, and
        // once in the composed form.
        let noise = 4.0 * f64::EPSILON * libm::lgamma(count + theta + 2.0);
        let sum = logit.abs() + barrier + count * softplus(log_dispersion - log_mean);
        let terms = 1.0 + sum + expected.abs();
        let (_, slopes) = case.evaluate(fused::zinb_loss, DType::F64, 0.0);
        for (name, form) in FORMS {
            for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 3e-6)] {
                let (found, gradients) = case.evaluate(form, dtype, 0.0);
                let error = (found - expected).abs();
                prop_assert!(error <= tolerance * terms + noise, "{name} {dtype:?}: {found} {expected}");
                for (gradient, slope) in gradients.iter().flatten().zip(slopes.iter().flatten()) {
                    let error = (gradient - slope).abs();
                    let scale = terms + count;
                    prop_assert!(error <= tolerance * scale, "{name}: {gradients:?} {slopes:?}");
                }
            }
        }
        // The fused form computes in f64 and rounds once.
        let (found, _) = case.evaluate(fused::zinb_loss, DType::F32, 0.0);
        let error = (found - expected).abs();
        let bound = 1e-7 * expected.abs() + 1e-12 * terms + 0.5 * noise;
        prop_assert!(error <= bound, "{found} {expected}");
    }
}
