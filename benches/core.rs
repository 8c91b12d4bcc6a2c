//! The most expensive operations of JojoSCL at the size of the default run: batch 200, 2000 genes.
//!
//! `cargo bench --bench core`; on the CPU backend.

use std::hint::black_box;

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use morula::core::contrastive::{InstanceContrastiveLossConfig, momentum_update};
use morula::core::shrinkage::{Memberships, SureInput, SureShrinkageConfig};
use morula::core::{EncoderConfig, ExpressionAugmentationConfig, ops};
use morula::models::clustering::KMeansConfig;
use morula::prelude::DeviceChoice;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const BATCH: usize = 200;
const GENES: usize = 2000;

fn device() -> Device {
    DeviceChoice::Cpu.resolve().expect("a CPU backend").device
}

fn random(rows: usize, cols: usize) -> Tensor<2> {
    Tensor::random([rows, cols], Distribution::Normal(0.0, 1.0), &device())
}

fn augment(c: &mut Criterion) {
    let x = random(BATCH, GENES);
    let augmentation = ExpressionAugmentationConfig::new().init();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    c.bench_function("augment/200x2000", |b| {
        b.iter(|| black_box(augmentation.forward(x.clone(), &mut rng)));
    });
}

fn encoder(c: &mut Criterion) {
    let encoder = EncoderConfig::new(GENES).init(&device().autodiff());
    let key = encoder.clone().no_grad();
    let x = random(BATCH, GENES).autodiff();
    c.bench_function("encoder/forward_backward/200x2000", |b| {
        b.iter(|| black_box(encoder.forward(x.clone()).sum().backward()));
    });
    c.bench_function("encoder/momentum/2000-512-256-128", |b| {
        b.iter(|| black_box(momentum_update(key.clone(), &encoder, 0.5)));
    });
}

fn losses(c: &mut Criterion) {
    let z = |x| ops::l2_normalize(x).autodiff().require_grad();
    let (a, b) = (z(random(BATCH, 192)), z(random(BATCH, 192)));
    let nt_xent = InstanceContrastiveLossConfig::new().init();
    c.bench_function("nt_xent/forward_backward/200x192", |bench| {
        bench.iter(|| black_box(nt_xent.forward(a.clone(), b.clone()).backward()));
    });
    let rows: Vec<usize> = (0..BATCH).map(|i| i % 8).collect();
    let members = Memberships::hard(ops::indices(&rows, &device()), 8);
    let Ok(sure) = SureShrinkageConfig::new().init() else { return };
    c.bench_function("sure/forward_backward/200x192/8", |bench| {
        bench.iter(|| {
            let input = SureInput::new(a.clone(), members.clone()).with_replicate(b.clone());
            sure.forward(input).map(|o| black_box(o.risk.backward())).ok()
        });
    });
}

fn kmeans(c: &mut Criterion) {
    let x = random(4000, 128);
    let kmeans = KMeansConfig::new(8).with_max_iter(10).init();
    c.bench_function("kmeans/4000x128/8/10_restarts_10_iterations", |b| {
        b.iter(|| black_box(kmeans.fit(x.clone(), &mut ChaCha8Rng::seed_from_u64(0))));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = augment, encoder, losses, kmeans
}
criterion_main!(benches);
