//! Checks that every model passes.

use std::path::Path;

use morula_data::CountMatrix;
use morula_models::{ClusterModel, ModelError, NClusters};

use super::{device, reseal};

/// The clusters are the simulated types, and every cell has its likeliest cluster.
pub fn finds_the_types(model: &impl ClusterModel, truth: &[usize], n_types: usize) {
    let fitted = model.fitted().unwrap();
    let score = morula_metrics::evaluate(truth, &fitted.labels).unwrap();
    assert!(score.ari > 0.8, "{score:?}");
    assert_eq!((fitted.proba.n_rows(), fitted.proba.n_cols()), (truth.len(), n_types));
    for (i, &k) in fitted.labels.iter().enumerate() {
        let row = fitted.proba.row(i);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        assert!(row.iter().all(|p| *p <= row[k]), "the label is the likeliest cluster");
    }
    let lowest = 1.0 / n_types as f32;
    assert!(fitted.confidence().iter().all(|c| (lowest..=1.0 + 1e-6).contains(c)));
    is_numbered_by_size(model);
}

/// Cluster 0 is the largest, and every cluster has cells.
pub fn is_numbered_by_size(model: &impl ClusterModel) {
    let mut sizes = vec![0; model.n_clusters()];
    model.fitted().unwrap().labels.iter().for_each(|&k| sizes[k] += 1);
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.iter().all(|&n| n > 0), "{sizes:?}");
}

/// The number of clusters changes the labels, not the embedding.
pub fn the_embedding_does_not_depend_on_the_number<M: ClusterModel>(fit: impl Fn(NClusters) -> M) {
    let found = fit(NClusters::Auto);
    for k in [2, 9] {
        let given = fit(NClusters::Given(k));
        assert_eq!(given.n_clusters(), k);
        is_numbered_by_size(&given);
        assert_eq!(given.fitted().unwrap().latent, found.fitted().unwrap().latent);
    }
}

/// Saved twice to the same folder, the model is read back and predicts the same for the same cells.
pub fn predicts_the_same_after_loading<M: ClusterModel>(
    model: &M,
    counts: &CountMatrix,
    folder: &Path,
) -> M {
    model.save(folder).unwrap();
    model.save(folder).unwrap();
    assert_eq!(morula_models::ModelKind::of_saved(folder).unwrap().name, model.name());
    let loaded = M::load(folder, &device()).unwrap();
    assert!(loaded.fitted().is_none());
    let (a, b) = (model.predict(counts).unwrap(), loaded.predict(counts).unwrap());
    assert_eq!(a.labels, b.labels);
    assert_eq!((&a.latent, &a.proba), (&b.latent, &b.proba));
    loaded
}

/// A missing folder, and each file cut short, overwritten, empty or missing, gives an error that
/// names the file.
pub fn damage_is_refused<M: ClusterModel>(model: &M, folder: &Path, files: &[&str]) {
    let refusal = || M::load(folder, &device()).expect_err("a damaged model is refused");
    refusal();
    for file in files {
        model.save(folder).unwrap();
        let path = folder.join(file);
        let whole = std::fs::read(&path).unwrap();
        for bytes in [&whole[..whole.len() / 2], &whole[..3], &b"\xff\x00garbage"[..], &[]] {
            std::fs::write(&path, bytes).unwrap();
            let error = refusal();
            assert!(error.to_string().contains(file), "{error}");
            // Checksums that fit do not help.
            reseal(folder);
            let error = refusal();
            assert!(error.to_string().contains(file), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        refusal();
    }
}

/// Each set of parameters is refused, and the error names the parameter out of range.
pub fn parameters_are_named<P: std::fmt::Debug>(
    cases: impl IntoIterator<Item = (&'static str, Result<P, ModelError>)>,
) {
    for (name, checked) in cases {
        match checked {
            Err(ModelError::Parameter { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// The error of a loss that is not finite names the epoch, batch and term.
pub fn names_the_place_of_a_loss_that_is_not_finite(error: &ModelError) {
    match error {
        ModelError::NotFinite { epoch, batch, term, .. } => {
            assert!(*epoch >= 1 && *batch >= 1 && !term.is_empty());
        }
        other => panic!("{other}"),
    }
}
