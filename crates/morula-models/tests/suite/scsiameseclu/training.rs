//! Stages, terms, and runs that are stopped.

use std::ops::ControlFlow;

use morula_models::{
    Checkpoint, ClusterModel, EpochRecord, FitOptions, ModelError, NClusters, ScSiameseCluParams,
};

use super::{finite, params, term_names};
use crate::common::{checks, counts, device};

#[test]
fn stages_follow_in_order_with_their_terms() {
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
fn a_loss_that_is_not_finite_stops_the_fit() {
    let (counts, _) = counts(60);
    let error = params(3).pretraining_rate(1e38).fit(&counts, &device()).unwrap_err();
    checks::names_the_place_of_a_loss_that_is_not_finite(&error);
}

#[test]
fn a_stopped_run_resumes_to_the_same_result() {
    let (counts, _) = counts(150);
    // Stopped in every stage, in the middle and at its end; also when the number of clusters is
    // detected only at the start of the last stage.
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
