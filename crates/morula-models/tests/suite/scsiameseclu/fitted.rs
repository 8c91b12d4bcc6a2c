//! A fitted model: saving, new cells, denoising.

use morula_models::{ClusterModel, ScSiameseClu, ScSiameseCluModel};

use super::{labels, params};
use crate::common::{checks, counts, device, realistic, reseal};

#[test]
fn a_saved_model_predicts_the_same() {
    let (counts, _) = counts(150);
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("model");
    for graph_views in [true, false] {
        let model = params(3).graph_views(graph_views).fit(&counts, &device()).unwrap();
        let loaded = checks::predicts_the_same_after_loading(&model, &counts, &folder);
        assert_eq!(loaded.params(), model.params());
    }
    assert!(morula_models::JojoSclModel::load(&folder, &device()).is_err(), "another model");
}

#[test]
fn damaged_models_are_refused() {
    let (counts, _) = counts(60);
    let model = params(2).fit(&counts, &device()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("model");
    checks::damage_is_refused(
        &model,
        &folder,
        &["model.json", "network.safetensors", "reference.safetensors"],
    );
    // Sizes too large for any memory.
    model.save(&folder).unwrap();
    let path = folder.join("model.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let cells = model.fitted().unwrap().labels.len();
    let cells = format!("\"cells\":{cells}");
    // Spaces that disagree with the parameters: new cells would find wrong neighbours.
    for (good, hostile) in [
        (cells.as_str(), "\"cells\":100000000000000"),
        ("\"graph_views\":true", "\"graph_views\":false"),
        ("\"spaces\":[20,20,20]", "\"spaces\":[20,20]"),
        ("\"spaces\":[20,20,20]", "\"spaces\":[20,20,100000000000000]"),
    ] {
        let hostile = text.replace(good, hostile);
        assert_ne!(hostile, text);
        std::fs::write(&path, hostile).unwrap();
        reseal(&folder);
        assert!(ScSiameseCluModel::load(&folder, &device()).is_err(), "{good}");
    }
}

#[test]
fn new_cells_join_the_clusters_of_their_types_independently() {
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
        assert!((a - b).abs() < 1e-4, "a cell's embedding does not depend on the others: {a} {b}");
    }
    // More cells than one block of the embedding: each must be embedded as if alone.
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

    // Mean of every denoised gene against that of its counts, on the logarithmic scale.
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
