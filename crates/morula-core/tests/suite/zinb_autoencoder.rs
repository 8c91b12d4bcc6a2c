//! The ZINB autoencoder alone: shapes, and denoising of simulated counts.

use crate::common::{device, near, scalar, values};
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{DType, Device, Tensor, TensorData};
use morula_core::init::xavier_uniform;
use morula_core::zinb::{
    ZinbAutoencoder, ZinbAutoencoderConfig, ZinbHeadsConfig, ZinbLossConfig, ZinbParameters,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Poisson};

#[test]
fn widths_are_those_of_the_paper() {
    let device = Device::flex();
    let model = ZinbAutoencoderConfig::new(100, 50).init(&device);
    let weights = |d_input: usize, d_output: usize| d_input * d_output + d_output;
    let expected: usize = [(100, 128), (128, 256), (256, 512), (512, 20)]
        .into_iter()
        .chain([(20, 512), (512, 256), (256, 128), (128, 100)])
        .chain([(128, 50); 3])
        .map(|(d_input, d_output)| weights(d_input, d_output))
        .sum();
    assert_eq!(model.num_params(), expected);
    let x = Tensor::<2>::ones([3, 100], &device);
    let z = model.encode(x.clone());
    assert_eq!(z.dims(), [3, 20]);
    assert_eq!(model.trunk(z.clone()).dims(), [3, 128]);
    let decoded = model.decode(z);
    assert_eq!(decoded.reconstruction.dims(), [3, 100]);
    let ZinbParameters { log_mean, log_dispersion, dropout_logits } = decoded.zinb;
    for parameter in [log_mean, log_dispersion, dropout_logits] {
        assert_eq!(parameter.dims(), [3, 50]);
    }
    assert_eq!(model.denoise(x).dims(), [3, 50]);
}

#[test]
fn a_subset_of_rows_decodes_alike() {
    let device = Device::flex();
    let model = ZinbAutoencoderConfig::new(4, 6).with_hidden(vec![8, 5]).init(&device);
    let x = Tensor::<2>::from_floats([[0.1, 1.0, -2.0, 0.3], [1.0, 0.2, 0.1, -1.0]], &device);
    let whole = model.forward(x.clone());
    let h = model.trunk(model.encode(x));
    let row = Tensor::from_ints([1], &device);
    let part = model.distribution(h.clone().select(0, row.clone()));
    let single = |t: Tensor<2>| values(t);
    near(&single(part.mean()), &single(whole.zinb.clone().select(row).mean()), 1e-6);
    near(&single(model.reconstruct(h)), &single(whole.reconstruction), 1e-6);
}

#[test]
fn no_hidden_layers_is_a_linear_autoencoder() {
    let config = ZinbAutoencoderConfig::new(4, 6).with_hidden(vec![]).with_d_latent(2);
    let decoded = config.init(&Device::flex()).forward(Tensor::ones([3, 4], &Device::flex()));
    assert_eq!(decoded.reconstruction.dims(), [3, 4]);
    assert_eq!(decoded.zinb.log_mean.dims(), [3, 6]);
}

/// Far outside the clamps the parameters stay finite, and so does the gradient of the loss.
#[test]
fn heads_bear_any_input() {
    let heads = ZinbHeadsConfig::new(1, 1).init(&device());
    let x = [-1e30, -1e4, -700.0, -90.0, 0.0, 90.0, 700.0, 1e4, 1e30];
    let x = Tensor::<2>::from_data(TensorData::new(x.to_vec(), [9, 1]), (&device(), DType::F32))
        .require_grad();
    for count in [0.0, 3.0] {
        let counts = Tensor::full([9, 1], count, &device());
        let parameters = heads.forward(x.clone());
        let loss = ZinbLossConfig::new().init().unwrap();
        let loss = loss.forward(counts, parameters, Tensor::ones([9], &device())).unwrap();
        assert!(scalar(loss.clone()).is_finite());
        let gradient = values(x.grad(&loss.backward()).unwrap());
        assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
    }
}

const CELLS: usize = 240;
const GENES: usize = 40;

/// Four types of cells, counts of a zero-inflated negative binomial: counts, true means, sizes.
fn simulate() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let profile = |rng: &mut ChaCha8Rng| (rng.random_range(-1.0..2.0f64)).exp();
    let profiles: Vec<f64> = (0..4 * GENES).map(|_| profile(&mut rng)).collect();
    let sizes: Vec<f64> = (0..CELLS).map(|_| rng.random_range(0.5..1.5)).collect();
    let mut counts = Vec::new();
    let mut means = Vec::new();
    for (cell, size) in sizes.iter().enumerate() {
        for gene in 0..GENES {
            let mean = profiles[cell % 4 * GENES + gene];
            let rate: f64 = Gamma::new(2.0, size * mean / 2.0).unwrap().sample(&mut rng);
            let kept = rng.random::<f64>() >= 0.3;
            let count: f64 = Poisson::new(rate.max(1e-9)).unwrap().sample(&mut rng);
            counts.push(if kept { count } else { 0.0 });
            means.push(mean);
        }
    }
    (counts, means, sizes)
}

/// Lowers the loss by Adam and returns its last value.
fn train<M: Module>(model: M, steps: usize, rate: f64, loss: impl Fn(&M) -> Tensor<1>) -> (M, f64) {
    let mut model = model.train();
    let mut optimizer = AdamConfig::new().init();
    let mut last = f64::NAN;
    for _ in 0..steps {
        let value = loss(&model);
        last = scalar(value.clone());
        let gradients = GradientsParams::from_grads(value.backward(), &model);
        model = optimizer.step(rate, model, gradients);
    }
    (model, last)
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    let dot = |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
    };
    dot(a, ma, b, mb) / (dot(a, ma, a, ma) * dot(b, mb, b, mb)).sqrt()
}

/// Trained on counts with dropout, the autoencoder fits them better than one distribution per
/// gene can, and its means are nearer to the true ones than the counts are.
#[test]
fn denoising_recovers_the_true_means() {
    let (counts, means, sizes) = simulate();
    let single = |values: &[f64], shape| {
        let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        Tensor::<2>::from_data(TensorData::new(values, shape), &device())
    };
    let normalised: Vec<f64> =
        counts.iter().enumerate().map(|(i, count)| count / sizes[i / GENES]).collect();
    let x = single(&normalised.iter().map(|v| v.ln_1p()).collect::<Vec<_>>(), [CELLS, GENES]);
    let target = single(&counts, [CELLS, GENES]);
    let size_factors = single(&sizes, [CELLS, 1]).reshape([CELLS]);
    let zinb = ZinbLossConfig::new().init().unwrap();
    let nll = |p: ZinbParameters| zinb.forward(target.clone(), p, size_factors.clone()).unwrap();

    // One distribution per gene: heads with a constant input.
    let heads = xavier_uniform(
        ZinbHeadsConfig::new(1, GENES).init(&device()),
        &mut ChaCha8Rng::seed_from_u64(1),
    );
    let ones = Tensor::<2>::ones([CELLS, 1], &device());
    let (_, constant) = train(heads, 400, 3e-2, |heads| nll(heads.forward(ones.clone())));

    let config =
        ZinbAutoencoderConfig::new(GENES, GENES).with_hidden(vec![32, 64]).with_d_latent(4);
    let model = xavier_uniform(config.init(&device()), &mut ChaCha8Rng::seed_from_u64(2));
    let (model, fitted) =
        train(model, 120, 3e-3, |model: &ZinbAutoencoder| nll(model.forward(x.clone()).zinb));

    assert!(fitted < constant - 0.1, "{fitted} {constant}");
    let denoised = values(model.valid().denoise(x.inner()));
    let [before, after] = [normalised, denoised].map(|found| {
        correlation(&found.iter().map(|v| v.ln_1p()).collect::<Vec<_>>(), &log1p(&means))
    });
    assert!(after > before + 0.2, "{before} {after}");
}

fn log1p(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.ln_1p()).collect()
}
