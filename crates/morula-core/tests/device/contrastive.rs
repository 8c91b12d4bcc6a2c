//! Encoder, heads, contrastive losses, shrinkage and momentum in f32 on every device, against f64
//! on the CPU.

use crate::common::device_check::check;
use crate::common::{normals, values};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Int, Tensor, TensorCreationOptions, TensorData};
use morula_core::contrastive::{
    ClusterContrastiveLossConfig, ClusterHeadConfig, InstanceContrastiveLossConfig,
    ProjectionHeadConfig, momentum_update,
};
use morula_core::ops::{l2_normalize, logsumexp, mask_diagonal, one_hot, squared_distances};
use morula_core::shrinkage::{Memberships, SureInput, SureShrinkageConfig};
use morula_core::{ComponentEncoderConfig, EncoderConfig};

/// Cells and dimensions, of every layer too, because each further shape of a matrix product has to
/// be tuned: a dozen kernels to compile. The other device tests have odd shapes.
const SHAPE: [usize; 2] = [40, WIDTH];
const WIDTH: usize = 8;
const CLUSTERS: usize = 4;

fn constant(seed: u64, shape: [usize; 2], options: &TensorCreationOptions) -> Tensor<2> {
    let values = normals(seed, shape[0] * shape[1]);
    Tensor::from_data(TensorData::new(values, shape), options.clone())
}

fn scalar(loss: Tensor<1>) -> Tensor<2> {
    loss.reshape([1, 1])
}

/// Labels of the cells; cluster 2 has one cell, cluster 3 none.
fn labels(options: &TensorCreationOptions) -> Tensor<1, Int> {
    let labels: Vec<i32> = (0..SHAPE[0] as i32).map(|i| if i == 7 { 2 } else { i % 2 }).collect();
    Tensor::from_ints(labels.as_slice(), &options.device.clone().inner())
}

/// Fixed weights in the type of the options; vectors are only cast to that type.
struct Weights<'a>(u64, &'a TensorCreationOptions);

impl ModuleMapper for Weights<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Self(seed, options) = self;
        *seed += 1;
        param.map(|old| {
            let shape = old.shape();
            if D != 2 {
                let same: Vec<f64> = values(old.inner());
                return Tensor::from_data(TensorData::new(same, shape), options.clone());
            }
            let drawn = normals(*seed, shape.num_elements());
            Tensor::from_data(TensorData::new(drawn, shape), options.clone())
        })
    }
}

fn weighted<M: Module>(module: M, seed: u64, options: &TensorCreationOptions) -> M {
    module.map(&mut Weights(seed, options))
}

#[test]
fn encoder_in_training_and_calibrated() {
    let encoder = |options: &TensorCreationOptions| {
        let config = EncoderConfig::new(WIDTH).with_widths(vec![WIDTH; 2]);
        weighted(config.init(&options.device), 10, options)
    };
    check("encoder in training", SHAPE, |options, x| encoder(&options).forward(x));
    check("calibrated encoder", SHAPE, |options, x| {
        let encoder = encoder(&options).valid();
        let clean = constant(5, SHAPE, &options).inner();
        let (calibrated, embedding) = encoder.calibrate(clean.split(16, 0).into_iter());
        let known = calibrated.forward(constant(6, SHAPE, &options).inner()) + embedding;
        x + Tensor::from_inner(known)
    });
}

#[test]
fn component_encoder() {
    check("component encoder", SHAPE, |options, x| {
        let config = ComponentEncoderConfig::new(WIDTH).with_widths(vec![WIDTH; 2]);
        weighted(config.init(&options.device), 60, &options).forward(x)
    });
}

#[test]
fn heads() {
    check("projection head", SHAPE, |options, x| {
        let head = ProjectionHeadConfig::new(WIDTH).with_d_hidden(WIDTH).with_d_output(WIDTH);
        weighted(head.init(&options.device), 20, &options).forward(x)
    });
    check("cluster head", SHAPE, |options, x| {
        let head = ClusterHeadConfig::new(SHAPE[1], CLUSTERS).with_d_hidden(WIDTH);
        weighted(head.init(&options.device), 30, &options).forward(x)
    });
}

#[test]
fn contrastive_losses() {
    check("NT-Xent", SHAPE, |options, x| {
        let [a, b] = [x, constant(5, SHAPE, &options)].map(l2_normalize);
        scalar(InstanceContrastiveLossConfig::new().init().forward(a, b))
    });
    check("NT-Xent of cells that occur twice", SHAPE, |options, x| {
        let [a, b] = [x, constant(5, SHAPE, &options)].map(l2_normalize);
        let cells = [0, 3].map(|shift| {
            let cells: Vec<i32> = (0..SHAPE[0] as i32).map(|i| (i + shift) % 37).collect();
            Tensor::<1, Int>::from_ints(cells.as_slice(), &options.device.clone().inner())
                .autodiff()
        });
        let loss = InstanceContrastiveLossConfig::new().with_temperature(0.2).init();
        scalar(loss.forward_cells([a, b], cells))
    });
    check("cluster contrast and balance", SHAPE, |options, x| {
        let [a, b] = [x, constant(5, SHAPE, &options)]
            .map(|logits| burn::tensor::activation::softmax(logits, 1));
        scalar(ClusterContrastiveLossConfig::new().init().forward(a, b).total())
    });
}

#[test]
fn shrinkage() {
    let sure = SureShrinkageConfig::new().with_detach(false).init().unwrap();
    let input = |options: &TensorCreationOptions, x, members| {
        let near = constant(5, SHAPE, options).mul_scalar(0.1) + Tensor::clone(&x).detach();
        SureInput::new(x, members).with_replicate(near)
    };
    check("risk of hard clusters", SHAPE, |options, x| {
        let members = Memberships::hard(labels(&options), CLUSTERS);
        scalar(sure.forward(input(&options, x, members)).unwrap().risk)
    });
    check("shrunk cells of soft clusters", SHAPE, |options, x| {
        let members = constant(6, [SHAPE[0], CLUSTERS], &options);
        let members = Memberships::soft(burn::tensor::activation::softmax(members, 1));
        sure.forward(input(&options, x, members)).unwrap().theta_hat
    });
}

#[test]
fn small_operations() {
    check("unit rows", SHAPE, |_, x| l2_normalize(x));
    check("log of summed exponentials", SHAPE, |_, x| logsumexp(x));
    check("masked diagonal", SHAPE, |_, x| {
        logsumexp(mask_diagonal(x.clone().matmul(x.transpose())))
    });
    check("squared distances", SHAPE, |options, x| {
        squared_distances(x, constant(5, [CLUSTERS, WIDTH], &options))
    });
    check("sums of clusters", SHAPE, |options, x| {
        let members = one_hot(labels(&options), CLUSTERS).cast(x.dtype());
        Tensor::<2>::from_inner(members).transpose().matmul(x)
    });
}

#[test]
fn momentum() {
    let blended = |options: &TensorCreationOptions| {
        let head = || ProjectionHeadConfig::new(WIDTH).with_d_hidden(WIDTH).with_d_output(WIDTH);
        let [key, query] =
            [40, 50].map(|seed| weighted(head().init(&options.device), seed, options));
        let key = momentum_update(key, &query, 0.9);
        key.forward(constant(5, SHAPE, options))
    };
    check("momentum", SHAPE, |options, x| x + blended(&options).detach());
}
