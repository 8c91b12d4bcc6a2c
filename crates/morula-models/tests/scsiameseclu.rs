//! scSiameseClu from counts to clusters, on simulated data with a known truth.

mod common;

use std::ops::ControlFlow;

use common::{counts, device, realistic};
use morula_core::transport::Marginal;
use morula_data::{CountMatrix, CsrMatrix};
use morula_models::{
    Checkpoint, ClusterModel, EpochRecord, FitOptions, Head, ModelError, NClusters, ScSiameseClu,
    ScSiameseCluModel, ScSiameseCluParams,
};
use morula_preprocess::{RecipeParams, SimulateParams, simulate};

/// Small and quick: two epochs of every stage.
fn params(n_clusters: usize) -> ScSiameseCluParams {
    let recipe = RecipeParams { n_top_genes: 150, ..RecipeParams::default() };
    ScSiameseClu::params(n_clusters)
        .autoencoder_epochs(2)
        .graph_epochs(2)
        .joint_epochs(2)
        .epochs(2)
        .components(15)
        .widths(vec![24, 32])
        .graph_widths(vec![24])
        .latent(6)
        .recipe(recipe)
}

fn labels(model: &ScSiameseCluModel) -> Vec<usize> {
    model.fitted().unwrap().labels.clone()
}

fn finite(model: &ScSiameseCluModel) -> bool {
    let fitted = model.fitted().unwrap();
    let values = fitted.latent.values().iter().chain(fitted.proba.values());
    values.copied().all(f32::is_finite) && model.history().iter().all(|r| r.total.is_finite())
}

fn term_names(record: &EpochRecord) -> Vec<&str> {
    record.terms.iter().map(|t| t.0.as_str()).collect()
}

#[test]
fn clusters_of_simulated_types_are_found() {
    let (counts, truth) = realistic(400);
    let model = ScSiameseClu::params(3).fit(&counts, &device()).unwrap();
    let score = morula_metrics::evaluate(&truth, &labels(&model)).unwrap();
    assert!(score.ari > 0.8, "{score:?}");

    let fitted = model.fitted().unwrap();
    assert_eq!((fitted.proba.n_rows(), fitted.proba.n_cols()), (400, 3));
    for (i, &k) in fitted.labels.iter().enumerate() {
        let row = fitted.proba.row(i);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        assert!(row.iter().all(|p| *p <= row[k]), "the label is the likeliest cluster");
    }
}

/// Counts that differ by chance alone. The networks see neighbourhoods in them, and their embedding
/// had 16 parts; expression has none.
#[test]
fn noise_is_one_cluster() {
    let noise = SimulateParams { types: 1, dispersion: 0.0, dropout: 0.0, ..Default::default() };
    let counts = simulate(&SimulateParams { cells: 500, ..noise }).unwrap().counts;
    let params = ScSiameseClu::params(NClusters::Auto);
    let params = params.autoencoder_epochs(10).graph_epochs(10).joint_epochs(20).epochs(10);
    let model = params.fit(&counts, &device()).unwrap();
    assert_eq!(model.n_clusters(), 1, "{:?}", model.granularity());
}

#[test]
fn the_same_seed_gives_the_same_everything() {
    let (counts, _) = counts(150);
    let fit = |seed| params(3).seed(seed).fit(&counts, &device()).unwrap();
    let (a, b) = (fit(5), fit(5));
    assert_eq!(labels(&a), labels(&b));
    assert_eq!(a.fitted().unwrap().latent, b.fitted().unwrap().latent);
    assert_eq!(a.history(), b.history());
    assert_ne!(a.fitted().unwrap().latent, fit(6).fitted().unwrap().latent);
}

#[test]
fn stages_come_in_order_with_their_terms() {
    let (counts, _) = counts(150);
    let model = params(3).fit(&counts, &device()).unwrap();
    let history = model.history();
    let stages: Vec<&str> = history.iter().map(|r| r.stage.as_str()).collect();
    let order = ["autoencoder", "graph", "joint", "main"];
    assert_eq!(stages, order.iter().flat_map(|s| [*s, *s]).collect::<Vec<_>>());
    assert_eq!(term_names(&history[0]), ["expression", "zinb"]);
    assert_eq!(term_names(&history[2]), ["signal", "structure"]);
    let joint = ["expression", "zinb", "signal", "structure"];
    assert_eq!(term_names(&history[4]), joint);
    let main = ["cells", "graph_cells", "latent", "propagation", "transport"];
    assert_eq!(term_names(&history[6]), [&joint[..], &main[..]].concat());
}

#[test]
fn every_stage_lowers_its_loss() {
    let (counts, _) = counts(200);
    let params = params(3).autoencoder_epochs(20).graph_epochs(20).joint_epochs(20).epochs(20);
    let params = params.joint_rate(1e-3).learning_rate(1e-3);
    let model = params.fit(&counts, &device()).unwrap();
    for stage in model.history().chunks(20) {
        let (first, last) = (stage[0].total, stage[19].total);
        assert!(last < first, "{}: {first} to {last}", stage[0].stage);
    }
}

#[test]
fn every_term_and_stage_can_be_switched_off() {
    let (counts, _) = counts(120);
    type Set = fn(ScSiameseCluParams, f64) -> ScSiameseCluParams;
    let off: [(&str, Set); 9] = [
        ("expression", ScSiameseCluParams::expression_weight),
        ("zinb", ScSiameseCluParams::zinb_weight),
        ("signal", ScSiameseCluParams::signal_weight),
        ("structure", ScSiameseCluParams::structure_weight),
        ("cells", ScSiameseCluParams::cell_weight),
        ("graph_cells", ScSiameseCluParams::graph_cell_weight),
        ("latent", ScSiameseCluParams::latent_weight),
        ("propagation", ScSiameseCluParams::propagation_weight),
        ("transport", ScSiameseCluParams::transport_weight),
    ];
    for (name, set) in off {
        let model = set(params(3), 0.0).fit(&counts, &device()).unwrap();
        assert!(model.history().iter().all(|r| !term_names(r).contains(&name)), "{name}");
        assert_eq!(model.history()[7].terms.len(), 8, "{name}");
    }
    let all_off = off.iter().fold(params(3), |params, (_, set)| set(params, 0.0));
    assert!(finite(&all_off.fit(&counts, &device()).unwrap()));
    assert!(finite(&params(3).fusion(false).fit(&counts, &device()).unwrap()));
    let untrained = params(3).autoencoder_epochs(0).graph_epochs(0).joint_epochs(0).epochs(0);
    let model = untrained.fit(&counts, &device()).unwrap();
    assert!(finite(&model) && model.history().is_empty());
}

#[test]
fn every_marginal_and_head_fits() {
    let (counts, _) = counts(120);
    let prior = Marginal::Prior(vec![1.0, 2.0, 3.0]);
    for marginal in [Marginal::Sizes, Marginal::Uniform, Marginal::Damped(0.5), prior] {
        for head in [Head::KMeans, Head::Merge] {
            let params = params(3).marginal(marginal.clone()).head(head);
            assert!(finite(&params.fit(&counts, &device()).unwrap()), "{marginal:?} {head:?}");
        }
    }
}

#[test]
fn minibatches_of_the_graph_find_the_types_too() {
    let (counts, truth) = realistic(600);
    let params = ScSiameseClu::params(3).max_nodes(200).joint_epochs(70).epochs(20);
    let model = params.fit(&counts, &device()).unwrap();
    let score = morula_metrics::evaluate(&truth, &labels(&model)).unwrap();
    assert!(score.ari > 0.8, "{score:?}");
}

#[test]
fn degenerate_sizes_give_a_result_or_a_clear_error() {
    let (counts, _) = counts(30);
    for k in [1, 30] {
        let model = params(k).fit(&counts, &device()).unwrap();
        assert!(labels(&model).iter().all(|&l| l < k));
        assert!(finite(&model), "k = {k}");
    }
    let error = params(31).fit(&counts, &device()).unwrap_err();
    assert!(matches!(error, ModelError::TooFewCells { n_cells: 30, n_clusters: 31 }), "{error}");
    // Batches of a single cell, and more neighbours than there are cells.
    let model = params(2).batch_size(1).neighbors(100).fit(&counts, &device()).unwrap();
    assert!(finite(&model));
}

/// Rows of a dense matrix of 300 genes as counts.
fn matrix(dense: &[f32]) -> CountMatrix {
    let n = dense.len() / 300;
    let names = |n: usize, p: &str| (0..n).map(|i| format!("{p}{i}")).collect::<Vec<_>>();
    let x = CsrMatrix::from_dense(n, 300, dense).unwrap();
    CountMatrix::new(x, names(n, "cell"), names(300, "gene")).unwrap()
}

#[test]
fn duplicates_and_a_far_cell_do_no_harm() {
    let (counts, _) = counts(60);
    let mut dense = counts.x().to_dense();
    // Ten copies of one cell, and a cell that shares nothing with the others.
    for copy in 1..10 {
        dense.copy_within(0..300, copy * 300);
    }
    dense[59 * 300..].fill(0.0);
    dense[59 * 300] = 5000.0;
    assert!(finite(&params(3).fit(&matrix(&dense), &device()).unwrap()));
    // All cells alike: no direction to tell them by.
    let alike = dense[..300].repeat(20);
    match params(2).fit(&matrix(&alike), &device()) {
        Ok(model) => assert!(finite(&model)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // Two cells, one cluster each.
    let recipe = RecipeParams { min_cells: 1, n_top_genes: 50, ..RecipeParams::default() };
    let two = matrix(&dense[9 * 300..11 * 300]);
    assert!(finite(&params(2).recipe(recipe).fit(&two, &device()).unwrap()));
}

#[test]
fn parameters_out_of_range_are_named() {
    let cases = [
        ("n_clusters", params(0)),
        ("alpha", params(3).alpha(0.0)),
        ("drop_edges", params(3).drop_edges(1.5)),
        ("learning_rate", params(3).learning_rate(f64::NAN)),
        ("widths", params(3).widths(vec![])),
        ("graph_widths", params(3).graph_widths(vec![0])),
        ("neighbors", params(3).neighbors(0)),
        ("max_nodes", params(3).max_nodes(8)),
        ("transport_weight", params(3).transport_weight(-1.0)),
    ];
    for (name, params) in cases {
        match params.check() {
            Err(ModelError::Parameter { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    let error = params(3).marginal(Marginal::Prior(vec![1.0, 2.0])).check().unwrap_err();
    assert!(error.to_string().contains("prior"), "{error}");
}

#[test]
fn a_loss_that_is_not_finite_stops_with_its_place() {
    let (counts, _) = counts(60);
    let error = params(3).pretraining_rate(1e38).fit(&counts, &device()).unwrap_err();
    match error {
        ModelError::NotFinite { epoch, batch, term, .. } => {
            assert!(epoch >= 1 && batch >= 1 && !term.is_empty());
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_saved_model_says_the_same_of_the_same_cells() {
    let (counts, _) = counts(150);
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("model");
    for graph_views in [true, false] {
        let model = params(3).graph_views(graph_views).fit(&counts, &device()).unwrap();
        model.save(&folder).unwrap();
        model.save(&folder).unwrap();
        assert_eq!(morula_models::saved_model_name(&folder).unwrap(), "scsiameseclu");
        let loaded = ScSiameseCluModel::load(&folder, &device()).unwrap();
        assert!(loaded.fitted().is_none());
        assert_eq!(loaded.params(), model.params());
        let (a, b) = (model.predict(&counts).unwrap(), loaded.predict(&counts).unwrap());
        assert_eq!(a.labels, b.labels);
        assert_eq!((&a.latent, &a.proba), (&b.latent, &b.proba));
    }
    assert!(morula_models::JojoSclModel::load(&folder, &device()).is_err(), "another model");
}

#[test]
fn damaged_models_are_refused() {
    let (counts, _) = counts(60);
    let model = params(2).fit(&counts, &device()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("model");
    let load = || ScSiameseCluModel::load(&folder, &device());
    assert!(load().is_err(), "nothing there");
    for file in ["model.json", "network.safetensors", "reference.safetensors"] {
        model.save(&folder).unwrap();
        let path = folder.join(file);
        let whole = std::fs::read(&path).unwrap();
        for bytes in [&whole[..whole.len() / 2], &whole[..3], &b"\xff\x00garbage"[..], &[]] {
            std::fs::write(&path, bytes).unwrap();
            let error = load().unwrap_err();
            assert!(error.to_string().contains(file), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(load().is_err());
    }
    // Sizes that would take all memory.
    model.save(&folder).unwrap();
    let path = folder.join("model.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let cells = model.fitted().unwrap().labels.len();
    let cells = format!("\"cells\":{cells}");
    // Spaces that are not those of the parameters: new cells would be looked for elsewhere.
    for (good, hostile) in [
        (cells.as_str(), "\"cells\":100000000000000"),
        ("\"graph_views\":true", "\"graph_views\":false"),
        ("\"spaces\":[20,20,20]", "\"spaces\":[20,20]"),
        ("\"spaces\":[20,20,20]", "\"spaces\":[20,20,100000000000000]"),
    ] {
        let hostile = text.replace(good, hostile);
        assert_ne!(hostile, text);
        std::fs::write(&path, hostile).unwrap();
        assert!(load().is_err(), "{good}");
    }
}

#[test]
fn a_stopped_run_resumes_to_the_same_result() {
    let (counts, _) = counts(150);
    // Stopped in every stage, in the middle and at its end; also when the number of clusters is
    // only found at the start of the last one.
    let numbers = [NClusters::Given(3), NClusters::Auto];
    for (at, n_clusters) in (1..8).flat_map(|at| numbers.map(|k| (at, k))) {
        let params = ScSiameseCluParams { n_clusters, ..params(3) }.check().unwrap();
        let home = tempfile::tempdir().unwrap();
        let checkpoint =
            |resume| Some(Checkpoint { folder: home.path().join("run"), every: 100, resume });
        let mut stop = |record: &EpochRecord, _: usize| match record.epoch == at {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let options = FitOptions { observer: Some(&mut stop), checkpoint: checkpoint(false) };
        let error = params.fit_with(&counts, &device(), options).unwrap_err();
        assert!(matches!(&error, ModelError::Interrupted { .. }), "{error}");

        let options = FitOptions { observer: None, checkpoint: checkpoint(true) };
        let resumed = params.fit_with(&counts, &device(), options).unwrap();
        let straight = params.fit(&counts, &device()).unwrap();
        assert_eq!(resumed.history(), straight.history(), "stopped at {at}");
        assert_eq!(resumed.fitted().unwrap().latent, straight.fitted().unwrap().latent);
    }
}

/// All cells differ by chance alone; with a resolution that rises with the noise without end
/// there were 52 clusters among 500 such cells.
#[test]
fn cells_of_one_type_are_one_cluster() {
    let one = SimulateParams { cells: 300, types: 1, ..SimulateParams::default() };
    let counts = simulate(&one).unwrap().counts;
    let model = ScSiameseClu::params(NClusters::Auto).fit(&counts, &device()).unwrap();
    assert_eq!(model.n_clusters(), 1, "{:?}", model.granularity());
}

#[test]
fn new_cells_are_placed_like_their_types_and_independently() {
    let (counts, truth) = realistic(400);
    let every = |parity: usize| (0..400).filter(|i| i % 2 == parity).collect::<Vec<_>>();
    let genes: Vec<usize> = (0..counts.n_vars()).collect();
    let (train, test) = (every(0), every(1));
    let fit = ScSiameseClu::params(3).fit(&counts.select(&train, &genes), &device());
    let model = fit.unwrap();
    let predicted = model.predict(&counts.select(&test, &genes)).unwrap();
    let of_test: Vec<usize> = predicted.kept_cells.iter().map(|&i| truth[test[i]]).collect();
    let score = morula_metrics::evaluate(&of_test, &predicted.labels).unwrap();
    assert!(score.ari > 0.7, "{score:?}");

    let alone = model.predict(&counts.select(&test[..1], &genes)).unwrap();
    for (a, b) in alone.latent.row(0).iter().zip(predicted.latent.row(0)) {
        assert!((a - b).abs() < 1e-4, "a cell's place does not depend on its company: {a} {b}");
    }
    // More than are embedded at once: each as if alone.
    let many: Vec<usize> = test.iter().cycle().take(4300).copied().collect();
    let repeated = model.predict(&counts.select(&many, &genes)).unwrap();
    for (at, &i) in repeated.kept_cells.iter().enumerate() {
        let first = predicted.kept_cells.iter().position(|&j| j == i % test.len()).unwrap();
        let pairs = repeated.latent.row(at).iter().zip(predicted.latent.row(first));
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-4), "cell {i}");
    }
    let again = model.predict(&counts.select(&train, &genes)).unwrap();
    let same = again.labels.iter().zip(&labels(&model)).filter(|(a, b)| a == b).count();
    assert!(same >= 190, "{same} of 200 training cells keep their cluster");
}

#[test]
fn denoised_counts_follow_the_genes() {
    let (counts, _) = counts(150);
    let params = params(3).autoencoder_epochs(40).joint_epochs(40).epochs(5);
    let model = params.fit(&counts, &device()).unwrap();
    let fitted = model.fitted().unwrap();
    let denoised = model.denoise(&fitted.latent).unwrap();
    let genes = model.recipe().selected_genes();
    assert_eq!((denoised.n_rows(), denoised.n_cols()), (150, genes.len()));
    assert!(denoised.values().iter().all(|v| v.is_finite() && *v > 0.0));

    // Mean of every gene against that of its counts, on the logarithmic scale.
    let dense = counts.x().to_dense();
    let column = |name: &str| counts.var_names().iter().position(|n| n == name).unwrap();
    let (mut decoded, mut counted) = (Vec::new(), Vec::new());
    for (j, gene) in genes.iter().enumerate() {
        let j_counts = column(gene);
        decoded.push((0..150).map(|i| denoised.row(i)[j]).sum::<f32>().ln());
        counted.push((0..150).map(|i| dense[i * 300 + j_counts]).sum::<f32>().ln_1p());
    }
    let r = correlation(&decoded, &counted);
    assert!(r > 0.9, "{r}");

    let error = model.denoise(&fitted.proba).unwrap_err();
    assert!(error.to_string().contains("latent"), "{error}");
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let mean = |x: &[f32]| x.iter().map(|&v| f64::from(v)).sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product = |x: &[f32], mx: f64, y: &[f32], my: f64| {
        let pairs = x.iter().zip(y);
        pairs.map(|(&x, &y)| (f64::from(x) - mx) * (f64::from(y) - my)).sum::<f64>()
    };
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}
