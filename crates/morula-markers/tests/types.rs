//! Cell types of clusters, and agreement with known types, on matrices small enough to check by
//! hand.

mod common;

use common::{labels, matrix, names};
use morula_markers::{
    AgreementParams, AnnotateParams, Annotation, MarkerLists, MarkersError, MarkersParams,
    annotate, marker_agreement,
};

/// Genes g0 and g1 of a, g2 of b, g3 of no type.
fn x() -> morula_data::CsrMatrix {
    matrix(4, &[5., 4., 0., 1., 6., 3., 0., 1., 0., 0., 2., 1., 0., 3., 4., 1.])
}

fn typed(pairs: &[(&str, &str)], margin: f64) -> Result<Annotation, MarkersError> {
    let markers = MarkersParams::default().run(&x(), &labels("aabb")).unwrap();
    let lists = MarkerLists::new(pairs.iter().copied())?;
    annotate(&markers, &names(4), &lists, &AnnotateParams::default().margin(margin))
}

#[test]
fn the_score_is_the_mean_of_two_auc_less_one() {
    let pairs = [("A", "g0"), ("A", "g1"), ("A", "G9"), ("B", "g2"), ("N", "g3"), ("X", "none")];
    let found = typed(&pairs, 0.0).unwrap();
    assert_eq!(found.types, ["A", "B", "N", "X"]);
    // g0 separates a fully. Of the pairs of g1, 3 are won and 1 is a tie: AUC 7/8.
    let a = &found.clusters[0];
    assert_eq!(a.scores[..3], [(1.0 + 0.75) / 2.0, -1.0, 0.0]);
    assert!(a.scores[3].is_nan());
    // The best rival is a score of 0.
    assert_eq!((a.cell_type, a.margin), (Some(0), 0.875));
    assert_eq!((found.clusters[1].cell_type, found.clusters[1].margin), (Some(1), 1.0));
    let missing: Vec<usize> = found.missing.iter().map(Vec::len).collect();
    assert_eq!(missing, [1, 0, 0, 1]);
    assert_eq!(found.missing[0], ["G9"]);
}

#[test]
fn below_the_margin_a_type_is_unknown() {
    let rivals = [("A", "g0"), ("A2", "g1")];
    let margin = |m| typed(&rivals, m).unwrap().clusters[0].cell_type;
    assert_eq!((margin(0.0), margin(0.25), margin(0.26)), (Some(0), Some(0), None));
    // Equal genes have no margin, whatever the smallest margin is. No type is above 0 in b.
    let twins = typed(&[("A", "g0"), ("A2", "g0")], 0.0).unwrap();
    assert_eq!((twins.clusters[0].cell_type, twins.clusters[0].margin), (None, 0.0));
    assert_eq!((twins.clusters[1].cell_type, twins.clusters[1].margin), (None, 0.0));
}

#[test]
fn lists_of_other_genes_and_bad_margins_are_refused() {
    let error = typed(&[("A", "Ins1"), ("B", "Gcg")], 0.0).unwrap_err().to_string();
    assert!(error.contains("Ins1") && error.contains("species"), "{error}");
    for margin in [-0.1, 2.5, f64::NAN] {
        assert!(matches!(typed(&[("A", "g0")], margin), Err(MarkersError::Param { .. })));
    }
    let markers = MarkersParams::default().run(&x(), &labels("aabb")).unwrap();
    let lists = MarkerLists::new([("A", "g0")]).unwrap();
    assert!(annotate(&markers, &names(3), &lists, &AnnotateParams::default()).is_err());
}

#[test]
fn clusters_that_are_the_types_agree_fully() {
    let params = AgreementParams { n_top: 2, min_cells: 2 };
    let found = marker_agreement(&x(), &labels("aabb"), &labels("1100"), &params).unwrap();
    assert_eq!((found.mean, found.mean_by_cells, found.n_types), (1.0, 1.0, 2));
    let best: Vec<(usize, f64)> = found.types.iter().map(|t| (t.best, t.overlap)).collect();
    assert_eq!(best, [(1, 1.0), (0, 1.0)]);
    assert_eq!(found.cells, [[0, 2], [2, 0]]);
    // Top 2 of a: g0, g1. Of b: g2 and, first of the equals, g3.
    assert_eq!(found.overlap, [[0.0, 1.0], [1.0, 0.0]]);
}

#[test]
fn cells_without_a_label_are_left_out_and_small_types_do_not_count() {
    let params = AgreementParams { n_top: 50, min_cells: 2 };
    let found = marker_agreement(&x(), &labels("aab."), &labels("1100"), &params).unwrap();
    assert_eq!((found.n_top, found.n_types), (4, 1));
    let sizes: Vec<(usize, bool)> = found.types.iter().map(|t| (t.n_cells, t.counted)).collect();
    assert_eq!(sizes, [(2, true), (1, false)]);
    let nothing = AgreementParams { n_top: 50, min_cells: 9 };
    let found = marker_agreement(&x(), &labels("aabb"), &labels("1100"), &nothing).unwrap();
    assert!(found.mean.is_nan() && found.n_types == 0);
}

#[test]
fn agreement_needs_two_labels_on_both_sides() {
    let params = AgreementParams::default();
    let run =
        |truth: &str, pred: &str| marker_agreement(&x(), &labels(truth), &labels(pred), &params);
    assert!(matches!(run("aaaa", "1100"), Err(MarkersError::NoRest { .. })));
    assert!(matches!(run("aa..", "..11"), Err(MarkersError::NoGroups)));
    assert!(matches!(run("aab", "1100"), Err(MarkersError::Shape { .. })));
    let none = AgreementParams { n_top: 0, ..params.clone() };
    assert!(marker_agreement(&x(), &labels("aabb"), &labels("1100"), &none).is_err());
}

#[test]
fn genes_that_a_type_lacks_speak_against_it() {
    // g1 is high in a (AUC 7/8), so a type without it is not a; where it is low, nothing changes.
    let found = typed(&[("A", "g0"), ("A2", "g0"), ("A2", "-g1"), ("B", "g2"), ("B", "-g1")], 0.0);
    let found = found.unwrap();
    assert_eq!(found.clusters[0].scores, [1.0, 0.25, -1.75]);
    assert_eq!((found.clusters[0].cell_type, found.clusters[0].margin), (Some(0), 0.75));
    assert_eq!(found.clusters[1].scores[2], 1.0);
    // A list of nothing but such genes has no score.
    let none = typed(&[("A", "g0"), ("N", "-g1"), ("N", "-G9")], 0.0).unwrap();
    assert!(none.clusters[0].scores[1].is_nan());
    assert_eq!(none.missing[1], ["G9"]);
    assert!(typed(&[("N", "-g1")], 0.0).is_err());
}

#[test]
fn ties_are_reported() {
    let twins = typed(&[("B", "g2"), ("A", "g1"), ("A2", "g0"), ("A3", "g0")], 0.05).unwrap();
    assert_eq!((twins.clusters[0].cell_type, &twins.clusters[0].tied), (None, &vec![2, 3]));
    assert!(twins.clusters[1].tied.is_empty());
    let near = typed(&[("A", "g0"), ("A2", "g1")], 0.26).unwrap();
    assert_eq!(near.clusters[0].tied, [0, 1]);
}
