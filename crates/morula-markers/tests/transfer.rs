//! Label transfer against scikit-learn, and edge cases.
//!
//! `golden/logistic.json`: 60 points of 3 classes in 3 dimensions (numpy's default_rng(1)), scaled
//! to mean 0 and mean variance 1, and the probabilities of `LogisticRegression(C=1, tol=1e-12)`,
//! scikit-learn 1.7, for 5 more points.

mod common;

use common::labels;
use morula_data::{Categorical, DenseMatrix};
use morula_markers::{MarkersError, TransferParams};
use serde_json::Value;

fn floats(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn dense(dims: usize, values: &[f64]) -> DenseMatrix {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    DenseMatrix::new(values.len() / dims, dims, values).unwrap()
}

#[test]
fn probabilities_are_those_of_scikit_learn() {
    let golden: Value = serde_json::from_str(include_str!("golden/logistic.json")).unwrap();
    let dims = golden["dims"].as_u64().unwrap() as usize;
    let classes = floats(&golden["y"]).into_iter().map(|y| Some(y.to_string()));
    let known = dense(dims, &floats(&golden["x"]));
    let classifier =
        TransferParams::default().fit(&known, &Categorical::from_labels(classes)).unwrap();
    let found = classifier.predict(&dense(dims, &floats(&golden["query"]))).unwrap();
    for (p, want) in found.proba.values().iter().zip(floats(&golden["proba"])) {
        assert!((f64::from(*p) - want).abs() <= 1e-6, "{p} against {want}");
    }
}

/// Two groups of points on a line, around -3 and 3.
fn line() -> (DenseMatrix, Categorical) {
    let at = |i: usize| if i.is_multiple_of(2) { -3.0 } else { 3.0 } + (i % 7) as f64 * 0.1;
    let letters: String = (0..40).map(|i| if i % 2 == 0 { 'a' } else { 'b' }).collect();
    (dense(1, &(0..40).map(at).collect::<Vec<_>>()), labels(&letters))
}

#[test]
fn cells_far_off_or_in_between_are_unknown() {
    let (known, letters) = line();
    let classifier = TransferParams::default().fit(&known, &letters).unwrap();
    let found = classifier.predict(&dense(1, &[-2.8, 3.3, 50.0, f64::NAN, 0.3])).unwrap();
    assert_eq!(found.types, ["a", "b"]);
    assert_eq!(found.labels, [Some(Some(0)), Some(Some(1)), Some(None), None, Some(None)]);
    // The classifier alone has a high probability.
    assert!(found.confidence[2] > 0.99 && found.novelty[2] == 1.0 && found.novelty[0] < 0.9);
    assert!(found.confidence[3].is_nan() && found.novelty[3].is_nan());
    assert!(found.proba.row(3).iter().all(|p| p.is_nan()));
    let sum: f32 = found.proba.row(0).iter().sum();
    approx::assert_relative_eq!(sum, 1.0, max_relative = 1e-6);

    let sure = TransferParams::default().max_novelty(1.0).min_probability(0.9);
    let found = sure.fit(&known, &letters).unwrap().predict(&dense(1, &[50.0, 0.3])).unwrap();
    assert_eq!(found.labels, [Some(Some(1)), Some(None)]);
}

#[test]
fn cells_without_label_or_embedding_teach_nothing() {
    let (known, letters) = line();
    let more: Vec<f64> =
        known.values().iter().map(|&v| f64::from(v)).chain([9.0, f64::NAN]).collect();
    let codes = letters.codes().iter().copied().chain([-1, 1]).collect();
    let more_letters = Categorical::new(codes, letters.categories().to_vec(), false).unwrap();
    let fit = |x: &DenseMatrix, y: &Categorical| TransferParams::default().fit(x, y).unwrap();
    let query = dense(1, &[-2.0, 0.5, 3.0]);
    let [one, two] = [fit(&known, &letters), fit(&dense(1, &more), &more_letters)];
    assert_eq!(one.predict(&query).unwrap(), two.predict(&query).unwrap());
}

#[test]
fn few_cells_and_one_type_still_work() {
    for (values, letters) in
        [(vec![1.0], "a"), (vec![1.0, 1.0, 1.0], "aab"), (vec![2.0, 3.0], "ab")]
    {
        let classifier =
            TransferParams::default().fit(&dense(1, &values), &labels(letters)).unwrap();
        let found = classifier.predict(&dense(1, &[1.0, 7.0])).unwrap();
        assert!(found.confidence.iter().all(|p| (0.0..=1.0).contains(p)), "{letters}");
        assert_eq!(classifier.predict(&dense(1, &[])).unwrap().labels, []);
    }
}

#[test]
fn embeddings_that_do_not_fit_are_refused() {
    let (known, letters) = line();
    let params = TransferParams::default();
    assert!(matches!(params.fit(&known, &labels("ab")), Err(MarkersError::Shape { .. })));
    let none = labels(&".".repeat(40));
    assert!(matches!(params.fit(&known, &none), Err(MarkersError::NoGroups)));
    let flat = DenseMatrix::new(40, 0, vec![]).unwrap();
    assert!(matches!(params.fit(&flat, &letters), Err(MarkersError::Shape { .. })));
    let classifier = params.fit(&known, &letters).unwrap();
    let wide = classifier.predict(&dense(2, &[1.0, 2.0]));
    assert!(matches!(wide, Err(MarkersError::Shape { expected: 1, found: 2, .. })));
    let far = classifier.predict(&dense(1, &[0.0, f64::INFINITY]));
    assert!(matches!(far, Err(MarkersError::NotFinite { row: 1, col: 0, .. })));
    for params in [
        params.clone().min_probability(1.5),
        params.clone().max_novelty(f64::NAN),
        params.clone().l2(0.0),
        TransferParams { n_neighbors: 0, ..params.clone() },
    ] {
        assert!(matches!(params.fit(&known, &letters), Err(MarkersError::Param { .. })));
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let at = |i: usize| ((i * 7919) % 1009) as f64 / 100.0;
    let known = dense(2, &(0..1400).map(at).collect::<Vec<_>>());
    let letters: String = (0..700).map(|i| ['a', 'b', 'c'][(at(2 * i) / 4.0) as usize]).collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let classifier = TransferParams::default().fit(&known, &labels(&letters)).unwrap();
            classifier.predict(&known).unwrap()
        })
    };
    assert_eq!(on(1), on(5));
}
