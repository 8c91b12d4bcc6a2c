//! Empty, mismatched, trivial and extreme inputs.

use morula_metrics::{Contingency, LabelledPoints, MetricsError, encode_labels, evaluate};

#[test]
fn lengths_must_agree() {
    let error = evaluate(&[1, 2, 3], &["a"]).unwrap_err();
    assert_eq!(error, MetricsError::LengthMismatch { truth: 3, pred: 1 });
    assert!(error.to_string().contains("3 true labels, but 1 predicted"));
}

#[test]
fn no_cells_is_an_error() {
    assert_eq!(evaluate::<u8, u8>(&[], &[]), Err(MetricsError::Empty));
    let error = LabelledPoints::new::<u8>(&[], 2, &[]).unwrap_err();
    assert_eq!(error, MetricsError::Empty);
}

#[test]
fn one_cell_is_perfect() {
    let s = evaluate(&["T"], &[3]).unwrap();
    assert_eq!([s.ari, s.nmi, s.ami, s.acc, s.f1_macro, s.v_measure], [1.0; 6]);
    assert_eq!(s.fowlkes_mallows, 0.0, "no pairs");
}

#[test]
fn one_true_class_is_homogeneous() {
    let s = evaluate(&[5; 4], &[0, 0, 1, 2]).unwrap();
    assert_eq!((s.homogeneity, s.completeness, s.v_measure), (1.0, 0.0, 0.0));
    assert_eq!((s.ari, s.nmi, s.ami, s.acc), (0.0, 0.0, 0.0, 0.5));
}

#[test]
fn singletons_on_both_sides_agree() {
    let cells: Vec<usize> = (0..50_000).collect();
    let s = evaluate(&cells, &cells).unwrap();
    assert_eq!([s.ari, s.ami, s.acc, s.f1_macro, s.nmi], [1.0; 5]);
    assert_eq!(s.fowlkes_mallows, 0.0);
}

#[test]
fn more_classes_than_clusters_are_matched() {
    let table = Contingency::new(&[0, 0, 1, 1, 1, 2], &["x", "x", "x", "x", "x", "y"]).unwrap();
    let matching = table.best_matching();
    let pairs: Vec<_> = matching.pairs().iter().map(|p| (p.class, p.cluster, p.count)).collect();
    assert_eq!(pairs, [(1, 0, 3), (2, 1, 1)]);
    assert_eq!(matching.accuracy(), 4.0 / 6.0);
    assert!((matching.f1_macro() - (6.0 / 8.0 + 1.0) / 3.0).abs() < 1e-15);
}

#[test]
fn ties_take_the_higher_f1() {
    // Cluster 0 shares two cells each with class 0 and class 1; class 1 is the purer match.
    let s = evaluate(&[0, 0, 0, 1, 1, 2, 2], &[0, 0, 1, 0, 0, 1, 1]).unwrap();
    assert_eq!(s.acc, 4.0 / 7.0);
    assert!((s.f1_macro - (2.0 / 3.0 + 4.0 / 5.0) / 3.0).abs() < 1e-15);
}

#[test]
fn codes_follow_first_appearance() {
    let names = ["b".to_string(), "a".into(), "b".into()];
    let (codes, classes) = encode_labels(&names);
    assert_eq!(codes, [0, 1, 0]);
    assert_eq!(classes, ["b", "a"]);
}

#[test]
fn evaluation_serialises_by_name() {
    let json = serde_json::to_value(evaluate(&[0, 0, 1], &[0, 0, 1]).unwrap()).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "n_cells",
        "n_clusters_true",
        "n_clusters_pred",
        "ari",
        "nmi",
        "ami",
        "acc",
        "f1_macro",
        "homogeneity",
        "completeness",
        "v_measure",
        "fowlkes_mallows",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!((&json["n_cells"], &json["acc"]), (&3.into(), &1.0.into()));
}

#[test]
fn the_matrix_must_fit_the_labels() {
    let shape = |x: &[f32], d, labels: &[u8]| LabelledPoints::new(x, d, labels).unwrap_err();
    assert_eq!(
        shape(&[0.0; 7], 2, &[0, 0, 1]),
        MetricsError::Shape { values: 7, n_cells: 3, n_dims: 2 }
    );
    assert!(matches!(shape(&[], 0, &[0, 0, 1]), MetricsError::Shape { .. }));
    assert!(matches!(shape(&[], usize::MAX, &[0, 0, 1]), MetricsError::Shape { .. }));
}

#[test]
fn coordinates_must_be_finite() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let x = [0.0, 1.0, 2.0, bad, 4.0, 5.0];
        let message = LabelledPoints::new(&x, 2, &[0, 0, 1]).unwrap_err().to_string();
        assert!(message.contains("cell 1, dimension 1"), "{message}");
    }
}

#[test]
fn internal_scores_need_two_clusters_and_a_pair() {
    for labels in [[0, 0, 0], [0, 1, 2]] {
        let error = LabelledPoints::new(&[0.0, 1.0, 2.0], 1, &labels).unwrap_err();
        assert!(matches!(error, MetricsError::ClusterCount { n_cells: 3, .. }));
    }
}

#[test]
fn coincident_points_give_finite_scores() {
    let x = [1.5; 8];
    let points = LabelledPoints::new(&x, 2, &[0, 0, 1, 1]).unwrap();
    assert_eq!(points.silhouette_samples(), [0.0; 4]);
    assert_eq!(points.calinski_harabasz(), 1.0);
    assert_eq!(points.davies_bouldin(), 0.0);
}

#[test]
fn the_largest_coordinates_do_not_overflow() {
    let x = [f32::MAX, f32::MAX, -f32::MAX, -f32::MAX];
    let points = LabelledPoints::new(&x, 1, &[0, 0, 1, 1]).unwrap();
    assert_eq!(points.silhouette(), 1.0);
    assert_eq!(points.davies_bouldin(), 0.0);
}
