//! Edge cases: few cells, few groups, nothing to compare, values that are not numbers.

mod common;

use common::{labels, matrix, names};
use morula_data::{Categorical, CsrMatrix};
use morula_markers::{MarkersError, MarkersParams, rank_genes_groups};

fn run(x: &CsrMatrix, groups: &Categorical) -> Result<morula_markers::Markers, MarkersError> {
    rank_genes_groups(x, groups, &MarkersParams::default())
}

#[test]
fn one_group_or_none_is_refused() {
    let x = matrix(2, &[1.0, 0.0, 2.0, 3.0]);
    let error = run(&x, &labels("aa")).unwrap_err();
    assert!(
        matches!(&error, MarkersError::NoRest { group, n_cells: 2 } if group == "a"),
        "{error}"
    );
    assert!(matches!(run(&x, &labels("..")), Err(MarkersError::NoGroups)));
    assert!(matches!(run(&matrix(1, &[1.0]), &labels("a")), Err(MarkersError::NoRest { .. })));
    let none = CsrMatrix::from_dense(0, 2, &[]).unwrap();
    assert!(matches!(run(&none, &labels("")), Err(MarkersError::NoGroups)));
    assert!(matches!(run(&x, &labels("a")), Err(MarkersError::Shape { .. })));
}

#[test]
fn a_group_beside_unlabelled_cells_has_a_rest() {
    let x = matrix(1, &[3.0, 4.0, 0.0, 1.0]);
    let found = run(&x, &labels("aa..")).unwrap();
    assert_eq!(found.groups().len(), 1);
    let marker = found.groups()[0].genes()[0];
    assert_eq!((marker.auc, marker.pct_in, marker.pct_out), (1.0, 1.0, 0.5));
}

#[test]
fn a_group_of_one_cell_has_its_rank() {
    let found = run(&matrix(1, &[5.0, 1.0, 0.0, 0.0]), &labels("abbb")).unwrap();
    let [a, b] = found.groups() else { panic!() };
    // W = 4, mean 2.5, ties of 2 zeros: c = 1 - 6 / 60.
    let z = 1.5 / (0.9f64 * 3.0 * 5.0 / 12.0).sqrt();
    approx::assert_relative_eq!(a.genes()[0].score, z, max_relative = 1e-14);
    approx::assert_relative_eq!(b.genes()[0].score, -z, max_relative = 1e-14);
    assert_eq!((a.n_cells, a.genes()[0].auc), (1, 1.0));
}

#[test]
fn genes_and_cells_that_say_nothing() {
    // Gene 0 is constant, no cell expresses gene 1, and cell 3 has only the constant gene.
    let x = matrix(3, &[2., 0., 1., 2., 0., 3., 2., 0., 0., 2., 0., 0.]);
    let found = run(&x, &labels("aabb")).unwrap();
    for group in found.groups() {
        for marker in &group.genes()[..2] {
            assert_eq!((marker.score, marker.pval, marker.pval_adj, marker.auc), (0., 1., 1., 0.5));
            assert_eq!(marker.logfoldchange, 0.0);
        }
    }
    // Equal scores are in order of the genes.
    let order: Vec<usize> = found.groups()[0].ranked().map(|m| m.gene).collect();
    assert_eq!(order, [2, 0, 1]);
    let order: Vec<usize> = found.groups()[1].ranked().map(|m| m.gene).collect();
    assert_eq!(order, [0, 1, 2]);
    let empty = CsrMatrix::from_dense(4, 3, &[0.0; 12]).unwrap();
    assert!(run(&empty, &labels("aabb")).is_ok());
}

#[test]
fn values_that_are_none_are_named() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let x = matrix(2, &[1.0, 0.0, 0.0, 0.0, 0.0, bad]);
        let error = run(&x, &labels("aab")).unwrap_err();
        assert!(matches!(error, MarkersError::NotFinite { row: 2, col: 1, .. }), "{error}");
    }
}

#[test]
fn stored_zeros_are_zeros() {
    let plain = matrix(2, &[0.0, 1.0, 2.0, 0.0, 0.0, 4.0]);
    let stored = CsrMatrix::new(
        3,
        2,
        vec![0, 2, 4, 6],
        vec![0, 1, 0, 1, 0, 1],
        vec![0.0, 1.0, 2.0, -0.0, 0.0, 4.0],
    );
    let groups = labels("abb");
    assert_eq!(run(&plain, &groups).unwrap(), run(&stored.unwrap(), &groups).unwrap());
}

#[test]
fn categories_without_cells_are_left_out() {
    let groups = Categorical::new(vec![2, 0, 2], ["x", "y", "z"].map(String::from).to_vec(), false);
    let found = run(&matrix(1, &[1.0, 0.0, 2.0]), &groups.unwrap()).unwrap();
    let names: Vec<&str> = found.groups().iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["x", "z"]);
}

#[test]
fn rare_genes_can_be_left_out() {
    let x = matrix(3, &[1., 0., 1., 1., 0., 2., 1., 2., 0.]);
    let groups = labels("aab");
    let found = MarkersParams::default().min_cells(2).run(&x, &groups).unwrap();
    assert_eq!(found.tested().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(found.groups()[0].top(5).len(), 2);
    let none = MarkersParams::default().min_cells(4).run(&x, &groups);
    assert!(matches!(none, Err(MarkersError::NoGenes { n_genes: 3, min_cells: 4 })));
    // In scanpy's layout the tables have the tested genes only.
    let uns = found.to_uns(&names(3), "leiden", None, 1).unwrap();
    let Some(morula_data::UnsValue::Frame(pts)) = uns.get("pts") else { panic!() };
    assert_eq!(pts.index(), ["g0", "g2"]);
    let Some(morula_data::UnsValue::Records(best)) = uns.get("names") else { panic!() };
    assert_eq!(best.len(), 1);
    assert!(found.to_uns(&names(2), "leiden", None, 1).is_err());
}
