//! Clusters of cells from several batches, with and without the batches given.

use crate::common::device;
use morula_data::{Categorical, CountMatrix};
use morula_models::{
    ClusterModel, JojoScl, JojoSclParams, ModelParams, ScSiameseClu, ScSiameseCluParams,
};
use morula_preprocess::{RecipeParams, SimulateParams, neighbors, simulate};

/// Cells of three types, with their types. Every gene differs between the two batches.
fn cells() -> (CountMatrix, Vec<usize>) {
    let params = SimulateParams {
        cells: 300,
        genes: 500,
        types: 3,
        markers: 60,
        batches: 2,
        batch_sd: 0.4,
        ..SimulateParams::default()
    };
    let data = simulate(&params).unwrap();
    let names = data.batches.unwrap().into_iter().map(|b| Some(["first", "second"][b]));
    (data.counts.with_batches(Categorical::from_labels(names)).unwrap(), data.types)
}

fn without_batches(counts: &CountMatrix) -> CountMatrix {
    let (x, cells, genes) = counts.clone().into_parts();
    CountMatrix::new(x, cells, genes).unwrap()
}

fn ari<M: ClusterModel>(model: &M, types: &[usize]) -> f64 {
    let labels = &model.fitted().unwrap().labels;
    morula_metrics::evaluate(types, labels).unwrap().ari
}

/// What must hold for any model.
fn known_batches_are_corrected<P: ModelParams>(params: P) {
    let (counts, types) = cells();
    let fit = |counts: &CountMatrix| {
        params.clone().fit_with(counts, &device(), Default::default()).unwrap()
    };
    let uncorrected = fit(&without_batches(&counts));
    assert!(uncorrected.batches().is_empty());
    let model = fit(&counts);
    assert_eq!(model.batches(), ["first", "second"]);
    let [with, without] = [ari(&model, &types), ari(&uncorrected, &types)];
    assert!(with > 0.9 && without < 0.7, "with {with}, without {without}");

    // The batches are mixed in the embedding too.
    let batches = counts.batches().unwrap().codes();
    let mixed = |model: &P::Model| {
        let latent = &model.fitted().unwrap().latent;
        let near = neighbors(latent.values(), latent.n_cols(), 20).unwrap();
        let pairs = near.indices.iter().enumerate();
        let other = pairs.filter(|(p, j)| batches[p / near.k] != batches[**j as usize]);
        other.count() as f64 / near.indices.len() as f64
    };
    let [with, without] = [mixed(&model), mixed(&uncorrected)];
    assert!(with > 0.4 && with > without + 0.1, "with {with}, without {without}");

    let fitted = model.fitted().unwrap().clone();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("model");
    model.save(&folder).unwrap();
    let model = P::Model::load(&folder, &device()).unwrap();
    // Fewer cells in reverse order: the correction of a cell does not depend on the other cells.
    let genes: Vec<usize> = (0..counts.n_vars()).collect();
    let some: Vec<usize> = (0..300).rev().step_by(2).collect();
    let found = model.predict(&counts.select(&some, &genes)).unwrap();
    let same = some.iter().zip(&found.labels).filter(|(i, label)| fitted.labels[**i] == **label);
    assert!(same.count() > 145, "of 150");

    let error = model.predict(&without_batches(&counts)).unwrap_err().to_string();
    assert!(error.contains("first, second") && error.contains("--batch"), "{error}");
    // The same cells under an unknown batch name: the model corrects what the batch's cells share.
    let second: Vec<usize> = (0..300).filter(|&i| batches[i] == 1).collect();
    let renamed = Categorical::from_labels(second.iter().map(|_| Some("third")));
    let renamed = without_batches(&counts).select(&second, &genes).with_batches(renamed).unwrap();
    let found = model.predict(&renamed).unwrap();
    assert_eq!(found.report.new_batches, ["third"]);
    let same = second.iter().zip(&found.labels).filter(|(i, label)| fitted.labels[**i] == **label);
    let share = same.count() as f64 / second.len() as f64;
    assert!(share > 0.95, "{share}");
}

fn recipe() -> RecipeParams {
    RecipeParams { n_top_genes: 300, ..RecipeParams::default() }
}

#[test]
fn jojoscl_corrects_batches() {
    let params: JojoSclParams =
        JojoScl::params(3).epochs(10).widths(vec![64, 32]).projection(32).recipe(recipe());
    known_batches_are_corrected(params);
}

#[test]
fn scsiameseclu_corrects_batches() {
    let params: ScSiameseCluParams = ScSiameseClu::params(3)
        .autoencoder_epochs(5)
        .graph_epochs(5)
        .joint_epochs(5)
        .epochs(5)
        .widths(vec![64, 32])
        .graph_widths(vec![32])
        .recipe(recipe());
    known_batches_are_corrected(params);
}

/// A model that knows no batches ignores those of new cells and says so, and batches of one cell
/// each are as none.
fn batches_that_cannot_be_corrected_are_ignored<P: ModelParams>(params: P) {
    let (counts, _) = cells();
    let plain = without_batches(&counts);
    let fit = |counts: &CountMatrix| {
        params.clone().fit_with(counts, &device(), Default::default()).unwrap()
    };
    let model = fit(&plain);
    let [with, without] = [&counts, &plain].map(|counts| model.predict(counts).unwrap());
    assert_eq!((&with.proba, &with.latent), (&without.proba, &without.latent));
    assert_eq!((with.report.ignored_batches, without.report.ignored_batches), (2, 0));

    let names = (0..plain.n_obs()).map(|i| Some(i.to_string()));
    let alone = plain.clone().with_batches(Categorical::from_labels(names)).unwrap();
    let each = fit(&alone);
    assert!(each.batches().is_empty());
    let (each, fitted) = (each.fitted().unwrap(), model.fitted().unwrap());
    assert_eq!((each.report.ignored_batches, fitted.report.ignored_batches), (300, 0));
    assert_eq!((&each.labels, &each.latent), (&fitted.labels, &fitted.latent));
}

#[test]
fn batches_without_effect_are_reported() {
    let jojoscl = JojoScl::params(3).epochs(1).widths(vec![16, 8]).projection(8);
    batches_that_cannot_be_corrected_are_ignored(jojoscl.recipe(recipe()));
    let scsiameseclu = ScSiameseClu::params(3).autoencoder_epochs(1).graph_epochs(1);
    let scsiameseclu = scsiameseclu.joint_epochs(1).epochs(1).components(8);
    batches_that_cannot_be_corrected_are_ignored(scsiameseclu.recipe(recipe()));
}
