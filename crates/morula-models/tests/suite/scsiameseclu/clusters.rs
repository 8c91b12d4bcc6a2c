//! Clusters of simulated cells with a known truth.

use morula_core::transport::Marginal;
use morula_models::{ClusterMethod, ClusterModel, NClusters, ScSiameseClu, ScSiameseCluParams};
use morula_preprocess::{SimulateParams, simulate};

use super::{finite, labels, params};
use crate::common::{checks, counts, device, realistic};

#[test]
fn clusters_of_simulated_types_are_found() {
    let (counts, truth) = realistic(400);
    let model = ScSiameseClu::params(3).fit(&counts, &device()).unwrap();
    checks::finds_the_types(&model, &truth, 3);
}

/// Counts that differ by chance alone. The networks find neighbourhoods in them, and their
/// embedding had 16 communities; expression has one.
#[test]
fn noise_is_one_cluster() {
    let noise = SimulateParams { types: 1, dispersion: 0.0, dropout: 0.0, ..Default::default() };
    let counts = simulate(&SimulateParams { cells: 500, ..noise }).unwrap().counts;
    let params = ScSiameseClu::params(NClusters::Auto);
    let params = params.autoencoder_epochs(10).graph_epochs(10).joint_epochs(20).epochs(10);
    let model = params.fit(&counts, &device()).unwrap();
    assert_eq!(model.n_clusters(), 1, "{:?}", model.tree());
}

/// All cells differ by chance alone. With a resolution that rises with the noise without limit, 500
/// such cells gave 52 clusters.
#[test]
fn cells_of_one_type_are_one_cluster() {
    let one = SimulateParams { cells: 300, types: 1, ..SimulateParams::default() };
    let counts = simulate(&one).unwrap().counts;
    let model = ScSiameseClu::params(NClusters::Auto).fit(&counts, &device()).unwrap();
    assert_eq!(model.n_clusters(), 1, "{:?}", model.tree());
}

#[test]
fn the_same_seed_gives_the_same_result() {
    let (counts, _) = counts(150);
    let fit = |seed| params(3).seed(seed).fit(&counts, &device()).unwrap();
    let (a, b) = (fit(5), fit(5));
    assert_eq!(labels(&a), labels(&b));
    assert_eq!(a.fitted().unwrap().latent, b.fitted().unwrap().latent);
    assert_eq!(a.history(), b.history());
    assert_ne!(a.fitted().unwrap().latent, fit(6).fitted().unwrap().latent);
}

#[test]
fn the_embedding_does_not_depend_on_the_number() {
    let (counts, _) = counts(150);
    checks::the_embedding_does_not_depend_on_the_number(|n_clusters| {
        let params = ScSiameseCluParams { n_clusters, ..params(3) };
        params.fit(&counts, &device()).unwrap()
    });
}

#[test]
fn every_marginal_and_cluster_method_fits() {
    let (counts, _) = counts(120);
    let prior = Marginal::Prior(vec![1.0, 2.0, 3.0]);
    for marginal in [Marginal::Sizes, Marginal::Uniform, Marginal::Damped(0.5), prior] {
        for method in [ClusterMethod::KMeans, ClusterMethod::Merge] {
            let params = params(3).marginal(marginal.clone()).cluster_method(method);
            assert!(finite(&params.fit(&counts, &device()).unwrap()), "{marginal:?} {method:?}");
        }
    }
}

#[test]
fn minibatches_of_the_graph_find_the_types() {
    let (counts, truth) = realistic(600);
    let params = ScSiameseClu::params(3).max_nodes(200).epochs(10);
    let model = params.fit(&counts, &device()).unwrap();
    let score = morula_metrics::evaluate(&truth, &labels(&model)).unwrap();
    assert!(score.ari > 0.8, "{score:?}");
}
