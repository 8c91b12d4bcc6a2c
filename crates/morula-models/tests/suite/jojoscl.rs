//! JojoSCL from counts to clusters, on simulated data with a known truth.

use std::ops::ControlFlow;

use crate::common::{checks, counts, device, realistic};
use morula_data::{CountMatrix, CsrMatrix};
use morula_models::{
    Checkpoint, ClusterModel, Embedding, EpochRecord, FitOptions, JojoScl, JojoSclModel,
    JojoSclParams, ModelError, NClusters,
};
use morula_preprocess::{RecipeParams, SimulateParams, simulate};

/// Small and fast: the default network with smaller widths.
fn params(n_clusters: usize) -> JojoSclParams {
    let recipe = RecipeParams { n_top_genes: 150, ..RecipeParams::default() };
    JojoScl::params(n_clusters)
        .epochs(12)
        .steps_per_epoch(4)
        .batch_size(64)
        .widths(vec![64, 32])
        .projection(32)
        .recipe(recipe)
}

/// Every part of the published network, small.
fn genes(n_clusters: usize) -> JojoSclParams {
    let small = params(n_clusters);
    JojoSclParams {
        recipe: small.recipe,
        epochs: 12,
        batch_size: 64,
        widths: vec![64, 32],
        projection: 32,
        learning_rate: 1e-3,
        shrinkage_warmup: 0.5,
        ..JojoSclParams::published(n_clusters)
    }
}

fn labels(model: &JojoSclModel) -> Vec<usize> {
    model.fitted().unwrap().labels.clone()
}

#[test]
fn clusters_of_simulated_types_are_found() {
    let (counts, truth) = realistic(400);
    let model = JojoScl::params(3).fit(&counts, &device()).unwrap();
    checks::finds_the_types(&model, &truth, 3);
}

/// 40 markers of threefold change per type among 2000 genes. Log-normalised counts and z-scores
/// alone gave 14 clusters here.
#[test]
fn the_number_of_clusters_is_detected_in_a_weak_signal() {
    let data = simulate(&SimulateParams { cells: 400, types: 3, ..SimulateParams::default() });
    let data = data.unwrap();
    let model = JojoScl::params(NClusters::Auto).fit(&data.counts, &device()).unwrap();
    let score = morula_metrics::evaluate(&data.types, &labels(&model)).unwrap();
    assert_eq!(model.n_clusters(), 3, "{score:?}");
    assert!(score.ari > 0.8, "{score:?}");
}

/// All cells differ by chance alone. With a resolution that rises with the noise without limit, 500
/// such cells gave 52 clusters.
#[test]
fn cells_of_one_type_are_one_cluster() {
    let one = SimulateParams { cells: 300, types: 1, ..SimulateParams::default() };
    let counts = simulate(&one).unwrap().counts;
    let model = JojoScl::params(NClusters::Auto).fit(&counts, &device()).unwrap();
    assert_eq!(model.n_clusters(), 1, "{:?}", model.tree());
}

#[test]
fn the_same_seed_gives_the_same_result() {
    let (counts, _) = counts(150);
    let fit = |seed| params(3).epochs(4).seed(seed).fit(&counts, &device()).unwrap();
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
        let params = JojoSclParams { n_clusters, ..params(3).epochs(4) };
        params.fit(&counts, &device()).unwrap()
    });
}

#[test]
fn every_term_is_recorded_and_the_loss_falls() {
    let (counts, _) = counts(200);
    let all = params(3).cluster_weight(1.0).shrinkage_weight(1.0);
    let both = ["instance", "reconstruction", "cluster", "balance"];
    for (params, terms) in [(all, &both[..]), (genes(3), &["instance", "cluster", "balance"][..])] {
        let model = params.epochs(20).fit(&counts, &device()).unwrap();
        let history = model.history();
        assert_eq!(history.len(), 20);
        let names = |r: &EpochRecord| r.terms.iter().map(|t| t.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&history[0]), terms);
        assert_eq!(names(&history[19]), [terms, &["shrinkage"]].concat());
        assert!(history[19].terms[0].1 < history[0].terms[0].1);
        assert!(history[19].learning_rate < history[0].learning_rate);
        assert!(model.shrinkage().iter().all(|b| (0.0..=1.0).contains(b)));
    }
}

#[test]
fn terms_can_be_switched_off() {
    let (counts, _) = counts(120);
    for (instance, cluster, shrinkage) in [(1., 0., 0.), (0., 1., 0.), (0., 0., 1.), (1., 1., 0.)] {
        let params = params(3)
            .epochs(3)
            .instance_weight(instance)
            .reconstruction_weight(0.0)
            .cluster_weight(cluster)
            .shrinkage_weight(shrinkage)
            .shrinkage_warmup(0.0);
        let model = params.fit(&counts, &device()).unwrap();
        let terms: Vec<&str> = model.history()[2].terms.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(terms.contains(&"instance"), instance > 0.0);
        assert_eq!(terms.contains(&"cluster"), cluster > 0.0);
        assert_eq!(terms.contains(&"shrinkage"), shrinkage > 0.0);
    }
}

#[test]
fn every_variance_and_both_embeddings_fit() {
    use morula_core::shrinkage::Variance;
    let (counts, _) = counts(120);
    for variance in [Variance::Replicates, Variance::CentroidClt] {
        let fit = |embedding| {
            let params = params(3).epochs(4).variance(variance).embedding(embedding);
            params.fit(&counts, &device()).unwrap()
        };
        let (raw, shrunk) = (fit(Embedding::Raw), fit(Embedding::Shrunk));
        assert_ne!(raw.fitted().unwrap().latent, shrunk.fitted().unwrap().latent);
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("model");
        checks::predicts_the_same_after_loading(&shrunk, &counts, &folder);
        let again = shrunk.predict(&counts).unwrap();
        let differ = again.latent.values().iter().zip(shrunk.fitted().unwrap().latent.values());
        assert!(differ.into_iter().all(|(a, b)| (a - b).abs() < 1e-3), "new cells are shrunk too");
    }
}

/// Clusters of an embedding in which cells have moved all the way to their centres are those centres.
#[test]
fn the_shrunk_embedding_is_what_is_clustered() {
    use morula_core::shrinkage::Variance;
    use morula_models::ClusterMethod;
    let (counts, _) = counts(150);
    let params = params(3).epochs(4).cluster_method(ClusterMethod::KMeans);
    let params = params.variance(Variance::CentroidClt).embedding(Embedding::Shrunk);
    let model = params.fit(&counts, &device()).unwrap();
    let fitted = model.fitted().unwrap();
    // b = N / (N + 1): the distances to a centre are a small part of those between centres.
    let distance = |i: usize, j: usize| -> f32 {
        let pairs = fitted.latent.row(i).iter().zip(fitted.latent.row(j));
        pairs.map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let same = |i: usize, j: usize| fitted.labels[i] == fitted.labels[j];
    let pairs: Vec<_> = (0..150).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    let within = pairs.iter().filter(|&&(i, j)| same(i, j)).map(|&(i, j)| distance(i, j));
    let between = pairs.iter().filter(|&&(i, j)| !same(i, j)).map(|&(i, j)| distance(i, j));
    assert!(within.fold(0.0, f32::max) < between.fold(f32::INFINITY, f32::min));
}

#[test]
fn the_published_network_fits_saves_and_resumes() {
    let (counts, truth) = realistic(400);
    let model = genes(3).epochs(20).fit(&counts, &device()).unwrap();
    let score = morula_metrics::evaluate(&truth, &labels(&model)).unwrap();
    // Chance is 0; a few epochs of genes and K-means are no more than a start.
    assert!(score.ari > 0.2, "{score:?}");
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("model");
    checks::predicts_the_same_after_loading(&model, &counts, &folder);
    let again = model.predict(&counts).unwrap();
    assert_eq!(again.labels, labels(&model), "training cells keep their labels");
}

/// Without dispersion the cells of a type differ by counting alone, so b is large. It stays below 1,
/// because the components of the fit are those in which its cells vary most.
#[test]
fn b_says_how_much_of_a_cluster_is_noise() {
    let b = |dispersion: f64| {
        let data = SimulateParams {
            cells: 1500,
            genes: 200,
            types: 3,
            markers: 20,
            dispersion,
            dropout: 0.0,
            ..SimulateParams::default()
        };
        let counts = simulate(&data).unwrap().counts;
        let model = JojoScl::params(3).fit(&counts, &device()).unwrap();
        model.shrinkage().iter().sum::<f32>() / 3.0
    };
    let [alike, varied] = [b(0.0), b(1.0)];
    assert!(alike > 0.35 && varied < 0.1, "{alike} {varied}");
}

#[test]
fn degenerate_sizes_give_a_result_or_a_clear_error() {
    let (counts, _) = counts(30);
    for k in [1, 3] {
        let model = params(k).epochs(2).batch_size(7).fit(&counts, &device()).unwrap();
        assert!(labels(&model).iter().all(|&l| l < k));
        assert!(model.history().iter().all(|r| r.total.is_finite()));
    }
    let error = params(31).epochs(2).fit(&counts, &device()).unwrap_err();
    assert!(matches!(error, ModelError::TooFewCells { n_cells: 30, n_clusters: 31 }), "{error}");
    // Batches of a single cell: batch statistics of one row.
    let model = params(2).epochs(2).batch_size(1).fit(&counts, &device()).unwrap();
    assert!(model.fitted().unwrap().latent.values().iter().all(|v| v.is_finite()));
}

#[test]
fn empty_cells_and_constant_genes_are_handled() {
    let (counts, _) = counts(60);
    let mut dense = counts.x().to_dense();
    dense[..300].fill(0.0);
    dense.chunks_mut(300).for_each(|row| row[7] = 1.0);
    dense[7] = 0.0;
    let x = CsrMatrix::from_dense(60, 300, &dense).unwrap();
    let names = |n: usize, p: &str| (0..n).map(|i| format!("{p}{i}")).collect::<Vec<_>>();
    let counts = CountMatrix::new(x, names(60, "cell"), names(300, "gene")).unwrap();
    let model = params(3).epochs(2).fit(&counts, &device()).unwrap();
    let fitted = model.fitted().unwrap();
    assert_eq!(fitted.kept_cells, (1..60).collect::<Vec<_>>());
    assert!(fitted.latent.values().iter().all(|v| v.is_finite()));
}

#[test]
fn parameters_out_of_range_are_named() {
    let cases = [
        ("epochs", params(3).epochs(0)),
        ("n_clusters", params(0)),
        ("dropout", params(3).dropout(1.0)),
        ("learning_rate", params(3).learning_rate(f64::NAN)),
        ("momentum", params(3).momentum(Some(1.5))),
        ("steps_per_epoch", params(3).steps_per_epoch(1 << 40)),
        ("reconstruction_weight", params(3).reconstruction_weight(f64::NAN)),
        ("temperature", params(3).temperature(0.0)),
        ("widths", params(3).widths(vec![])),
        ("shrinkage_weight", params(3).shrinkage_weight(-1.0)),
    ];
    checks::parameters_are_named(cases.map(|(name, params)| (name, params.check())));
}

#[test]
fn a_loss_that_is_not_finite_stops_the_fit() {
    let (counts, _) = counts(60);
    let error = params(3).epochs(3).learning_rate(1e38).fit(&counts, &device()).unwrap_err();
    checks::names_the_place_of_a_loss_that_is_not_finite(&error);
}

#[test]
fn a_saved_model_predicts_the_same() {
    let (counts, _) = counts(150);
    let model = params(3).epochs(4).fit(&counts, &device()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("model");
    let loaded = checks::predicts_the_same_after_loading(&model, &counts, &folder);
    assert_eq!(loaded.params(), model.params());
    let again = loaded.predict(&counts).unwrap();
    assert_eq!(again.labels, labels(&model), "training cells keep their labels");
}

#[test]
fn damaged_models_are_refused() {
    let (counts, _) = counts(60);
    let model = params(2).epochs(1).fit(&counts, &device()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("model");
    checks::damage_is_refused(&model, &folder, &["model.json", "encoder.safetensors"]);
}

#[test]
fn a_stopped_run_resumes_to_the_same_result() {
    resumes(params(3));
    resumes(genes(3));
}

fn resumes(params: JojoSclParams) {
    let (counts, _) = counts(150);
    let other = params.clone().epochs(9).check().unwrap();
    let params = params.epochs(8).check().unwrap();
    let home = tempfile::tempdir().unwrap();
    let checkpoint =
        |resume| Some(Checkpoint { folder: home.path().join("run"), every: 100, resume });
    let mut stop = |record: &EpochRecord, _: usize| match record.epoch {
        5 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let options = FitOptions { observer: Some(&mut stop), checkpoint: checkpoint(false) };
    let error = params.fit_with(&counts, &device(), options).unwrap_err();
    assert!(
        matches!(&error, ModelError::Interrupted { epoch: 5, checkpoint: Some(_), .. }),
        "{error}"
    );

    let mut epochs = Vec::new();
    let mut watch = |record: &EpochRecord, _: usize| {
        epochs.push(record.epoch);
        ControlFlow::Continue(())
    };
    let options = FitOptions { observer: Some(&mut watch), checkpoint: checkpoint(true) };
    let resumed = params.fit_with(&counts, &device(), options).unwrap();
    let straight = params.fit(&counts, &device()).unwrap();
    assert_eq!(epochs, [6, 7, 8]);
    assert_eq!(resumed.history(), straight.history());
    assert_eq!(resumed.fitted().unwrap().latent, straight.fitted().unwrap().latent);

    let options = FitOptions { observer: None, checkpoint: checkpoint(true) };
    let error = other.fit_with(&counts, &device(), options).unwrap_err();
    assert!(error.to_string().contains("other parameters"), "{error}");
}

#[test]
fn new_cells_join_the_clusters_of_their_types() {
    let (counts, truth) = realistic(400);
    let every = |parity: usize| (0..400).filter(|i| i % 2 == parity).collect::<Vec<_>>();
    let genes: Vec<usize> = (0..counts.n_vars()).collect();
    let (train, test) = (every(0), every(1));
    let model = JojoScl::params(3).fit(&counts.select(&train, &genes), &device()).unwrap();
    let predicted = model.predict(&counts.select(&test, &genes)).unwrap();
    let of_test: Vec<usize> = predicted.kept_cells.iter().map(|&i| truth[test[i]]).collect();
    let score = morula_metrics::evaluate(&of_test, &predicted.labels).unwrap();
    assert!(score.ari > 0.7, "{score:?}");

    // More cells than one block of the embedding: each must be embedded as if alone.
    let many: Vec<usize> = test.iter().cycle().take(2500).copied().collect();
    let repeated = model.predict(&counts.select(&many, &genes)).unwrap();
    for (at, &i) in repeated.kept_cells.iter().enumerate() {
        let first = predicted.kept_cells.iter().position(|&j| j == i % test.len()).unwrap();
        let pairs = repeated.latent.row(at).iter().zip(predicted.latent.row(first));
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-4), "cell {i}");
    }
}
