//! Every model of the registry, chosen by its name, meets the contract of `ClusterModel`.

use morula_cluster::Level;
use morula_models::{ClusterModel, FitOptions, MODELS, ModelKind};
use morula_preprocess::{SimulateParams, simulate};

use crate::common::device;

fn fit(kind: ModelKind, counts: &morula_data::CountMatrix) -> Box<dyn ClusterModel> {
    let mut params = kind.defaults();
    params.set_epochs(1);
    params.set_n_clusters(3.into());
    params.set_seed(5);
    params.fit_with(counts, &device(), FitOptions::default()).unwrap()
}

/// 90 cells of three types.
fn counts() -> morula_data::CountMatrix {
    let simulated = SimulateParams { cells: 90, genes: 200, types: 3, ..Default::default() };
    simulate(&simulated).unwrap().counts
}

#[test]
fn a_model_is_fitted_saved_and_loaded_by_its_name() {
    let counts = counts();
    for &kind in MODELS {
        let model = fit(kind, &counts);
        assert_eq!((model.name(), model.n_clusters()), (kind.name, 3));
        let about = model.describe();
        assert_eq!(about.seed, 5);
        assert_eq!(about.parameters["n_clusters"], 3);
        assert!(about.per_cluster.iter().all(|(_, values)| values.len() == 3));
        assert!(model.history().is_empty() != kind.trained && model.batches().is_empty());

        let fitted = model.fitted().unwrap();
        assert_eq!((fitted.n_clusters(), fitted.kept_cells.len()), (3, 90));
        assert!(fitted.neighbors.as_ref().is_none_or(|near| near.n_points == 90));
        let denoised = model.denoised(&fitted.latent).unwrap();
        assert_eq!(denoised.is_some(), kind.denoises, "{kind}");
        assert!(denoised.is_none_or(|d| d.n_cols() == model.recipe().n_genes()));

        let folder = tempfile::tempdir().unwrap();
        model.save(folder.path()).unwrap();
        assert_eq!(ModelKind::of_saved(folder.path()).unwrap(), kind);
        let loaded = kind.load(folder.path(), &device()).unwrap();
        let [a, b] = [&model, &loaded].map(|model| model.predict(&counts).unwrap());
        assert_eq!((a.labels, a.proba, a.latent), (b.labels, b.proba, b.latent));
        // The same seed gives the same model.
        assert_eq!(fit(kind, &counts).fitted().unwrap().latent, fitted.latent);
    }
}

/// A cut is a model: it predicts its groups, and is saved and cut again.
#[test]
fn a_model_is_cut_without_training() {
    let counts = counts();
    for &kind in MODELS {
        let model = fit(kind, &counts);
        let (tree, fitted) = (model.tree().unwrap(), model.fitted().unwrap());
        let found = model.predict(&counts).unwrap();
        let leaves = found.leaves.unwrap();
        assert!(leaves.iter().zip(&found.labels).all(|(&leaf, &k)| tree.clusters()[leaf] == k));
        for level in [Level::Coarse, Level::Fine, Level::NClusters(2), Level::Resolution(0.2)] {
            let groups = tree.cut(level).unwrap();
            let cut = model.cut(level).unwrap();
            assert_eq!(cut.tree().unwrap().clusters(), groups);
            let about = cut.describe();
            assert!(about.per_cluster.iter().all(|(_, b)| b.len() == cut.n_clusters()));
            let folder = tempfile::tempdir().unwrap();
            cut.save(folder.path()).unwrap();
            let loaded = kind.load(folder.path(), &device()).unwrap();
            let [a, b] = [&cut, &loaded].map(|model| model.predict(&counts).unwrap());
            assert_eq!((&a.labels, a.proba, &a.leaves), (&b.labels, b.proba, &b.leaves));
            if level == Level::NClusters(2) {
                let of_fit = fitted.leaves.as_ref().unwrap().iter().map(|&leaf| groups[leaf]);
                assert_eq!(a.labels, of_fit.collect::<Vec<_>>(), "{kind}");
                assert_eq!(cut.cut(Level::NClusters(1)).unwrap().n_clusters(), 1);
            }
        }
        assert!(model.cut(Level::NClusters(91)).is_err());
    }
}
