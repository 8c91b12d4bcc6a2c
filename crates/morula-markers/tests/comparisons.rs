//! Markers against one group, over batches, and sums for tests between samples.

use morula_data::{Categorical, CsrMatrix};
use morula_markers::*;

fn labels(text: &str) -> Categorical {
    Categorical::from_labels(text.chars().map(|c| (c != ' ').then(|| c.to_string())))
}

/// 24 cells x 4 genes: gene 0 marks a, gene 1 marks b, gene 2 c; gene 3 is the same everywhere.
fn cells() -> (CsrMatrix, Categorical) {
    let types = "aaaaaaaabbbbbbbbcccccccc";
    let value = |i: usize, j: usize, kind: usize| match j {
        3 => 1.0,
        j if j == kind => 2.0 + (i % 3) as f32,
        _ => ((i + j) % 2) as f32,
    };
    let rows = types
        .bytes()
        .enumerate()
        .flat_map(|(i, t)| (0..4).map(move |j| value(i, j, usize::from(t - b'a'))));
    (CsrMatrix::from_dense(24, 4, &rows.collect::<Vec<_>>()).unwrap(), labels(types))
}

#[test]
fn one_group_is_compared_with_one_other() {
    let (x, groups) = cells();
    let params = MarkersParams::default();
    let found = rank_genes_versus(&x, &groups, "b", &params).unwrap();
    let names: Vec<&str> = found.groups().iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
    // The same as ranking the cells of the two groups alone.
    let cells: Vec<usize> = (0..16).collect();
    let alone = rank_genes_groups(&x.select_rows(&cells), &labels("aaaaaaaabbbbbbbb"), &params);
    assert_eq!(found.groups()[0], alone.unwrap().groups()[0]);
    assert_eq!(found.groups()[1].top(1).next().unwrap().gene, 2);
    let error = rank_genes_versus(&x, &groups, "d", &params).unwrap_err().to_string();
    assert!(error.contains("no group d") && error.contains("a, b, c"), "{error}");
    assert!(rank_genes_versus(&x, &groups, "b", &params.min_cells(25)).is_err());
    let one = labels("aaaaaaaaaaaaaaaaaaaaaaaa");
    let alone = rank_genes_versus(&x, &one, "a", &MarkersParams::default());
    assert!(matches!(alone, Err(MarkersError::NoRest { .. })));
}

#[test]
fn a_marker_of_one_batch_is_not_conserved() {
    let (x, groups) = cells();
    let mut rows = x.to_dense();
    // In the second batch gene 0 is gone, and gene 1 marks a and b alike.
    let batches = labels("111122221111222211112222");
    (0..24).filter(|i| (i / 4) % 2 == 1).for_each(|i| rows[4 * i] = 0.0);
    let x = CsrMatrix::from_dense(24, 4, &rows).unwrap();
    let found = conserved_markers(&x, &groups, &batches, &MarkersParams::default()).unwrap();
    assert_eq!(found[0].batches, ["1", "2"]);
    let of = |g: usize, gene: usize| found[g].markers.iter().find(|m| m.gene == gene).unwrap();
    assert_eq!(of(0, 0).max_pval, 1.0);
    assert!(of(0, 0).minimump_pval < 0.05 && of(0, 0).pct_in == 0.0);
    assert_eq!(found[1].markers[0].gene, 1);
    assert!(of(1, 1).max_pval < 0.05 && of(1, 1).score > 0.0);
    let both = of(1, 1);
    let least = both.pvals[0].min(both.pvals[1]);
    approx::assert_relative_eq!(both.minimump_pval, 1.0 - (1.0 - least).powi(2), epsilon = 1e-12);
    assert!(both.max_pval_adj >= both.max_pval);
}

#[test]
fn conserved_markers_need_two_batches() {
    let (x, groups) = cells();
    let params = MarkersParams::default();
    let one = labels("111111111111111111111111");
    let none = conserved_markers(&x, &groups, &one, &params);
    assert!(matches!(none, Err(MarkersError::NoConserved { n_batches: 1 })));
    // c is in one batch only; a and b are in both.
    let some = labels("111122221111222211111111");
    let found = conserved_markers(&x, &groups, &some, &params).unwrap();
    assert!(found[2].markers.is_empty() && found[2].batches == ["1"]);
    assert_eq!(found[0].markers.len(), 4);
}

#[test]
fn sums_keep_every_count() {
    let x = CsrMatrix::from_dense(5, 2, &[1., 2., 3., 0., 5., 6., 7., 8., 9., 9.]).unwrap();
    let found = pseudobulk(&x, &labels("aab b"), &labels("xyxxx")).unwrap();
    assert_eq!(found.columns, [(0, 0, 1), (0, 1, 1), (1, 0, 2)]);
    assert_eq!(found.sums, [vec![1.0, 2.0], vec![3.0, 0.0], vec![14.0, 15.0]]);
    assert!(pseudobulk(&x, &labels("aab"), &labels("xyxxx")).is_err());
}
