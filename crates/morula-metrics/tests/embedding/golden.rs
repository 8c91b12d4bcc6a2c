//! Scores against scib-metrics 0.5.10 and scikit-learn 1.9.1: `golden/embedding.json`, written by
//! `scripts/scib_golden.py`.

use approx::assert_abs_diff_eq;
use morula_metrics::{KnnScores, silhouette_batch};
use serde_json::Value;

use crate::search::Found;

struct Case {
    golden: Value,
    n_dims: usize,
    x: Vec<f32>,
    labels: Vec<i64>,
    batches: Vec<i64>,
}

fn integers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect()
}

fn cases() -> Vec<Case> {
    let file: Value = serde_json::from_str(include_str!("../golden/embedding.json")).unwrap();
    let step = file["step"].as_f64().unwrap();
    let n_dims = file["n_dims"].as_u64().unwrap() as usize;
    let cases = file["cases"].as_array().unwrap().iter().map(|golden| Case {
        n_dims,
        x: integers(&golden["x_steps"]).iter().map(|&x| (x as f64 * step) as f32).collect(),
        labels: integers(&golden["labels"]),
        batches: integers(&golden["batches"]),
        golden: golden.clone(),
    });
    cases.collect()
}

fn assert_scores(ours: KnnScores, expect: &Value) {
    assert_abs_diff_eq!(ours.accuracy, expect["accuracy"].as_f64().unwrap(), epsilon = 1e-14);
    assert_abs_diff_eq!(ours.f1_macro, expect["f1_macro"].as_f64().unwrap(), epsilon = 1e-14);
}

#[test]
fn votes() {
    for case in cases() {
        let found = Found::new(&case.x, case.n_dims, 15);
        assert_scores(found.graph().knn_scores(&case.labels).unwrap(), &case.golden["knn"]);
        if let Some(expect) = case.golden.get("knn_batch") {
            assert_scores(found.graph().knn_scores(&case.batches).unwrap(), expect);
        }
        let other_batch = |i: usize, j: usize| case.batches[i] != case.batches[j];
        let found = Found::among(&case.x, case.n_dims, 15, other_batch);
        let scores = found.graph().knn_scores_across(&case.labels, &case.batches).unwrap();
        assert_scores(scores, &case.golden["knn_across"]);
    }
}

#[test]
fn lisi() {
    for case in cases() {
        for expect in case.golden["lisi"].as_array().unwrap() {
            let found = Found::new(&case.x, case.n_dims, expect["k"].as_u64().unwrap() as usize);
            let lisi = found.graph().lisi(&case.batches).unwrap();
            let samples = expect["samples"].as_array().unwrap();
            assert_eq!(lisi.len(), samples.len());
            for (ours, expect) in lisi.iter().zip(samples) {
                assert_abs_diff_eq!(*ours, expect.as_f64().unwrap(), epsilon = 1e-11);
            }
            let ilisi = found.graph().ilisi(&case.batches).unwrap();
            assert_abs_diff_eq!(ilisi, expect["ilisi"].as_f64().unwrap(), epsilon = 1e-11);
            let clisi = found.graph().clisi(&case.labels).unwrap();
            assert_abs_diff_eq!(clisi, expect["clisi"].as_f64().unwrap(), epsilon = 1e-11);
        }
    }
}

#[test]
fn silhouette_of_batches() {
    for case in cases() {
        let asw = silhouette_batch(&case.x, case.n_dims, &case.labels, &case.batches).unwrap();
        let expect = case.golden["silhouette_batch"].as_f64().unwrap();
        assert_abs_diff_eq!(asw, expect, epsilon = 1e-12);
    }
}

#[test]
fn connectivity() {
    for case in cases() {
        for expect in case.golden["graph_connectivity"].as_array().unwrap() {
            let found = Found::new(&case.x, case.n_dims, expect["k"].as_u64().unwrap() as usize);
            let share = found.graph().graph_connectivity(&case.labels).unwrap();
            assert_abs_diff_eq!(share, expect["value"].as_f64().unwrap(), epsilon = 1e-14);
        }
    }
}
