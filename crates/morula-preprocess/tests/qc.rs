//! Quality control: scanpy's numbers, the flags, and doublets that are known.

use morula_data::{Categorical, Column, CsrMatrix};
use morula_preprocess::*;
use serde_json::Value;

fn floats(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn golden() -> (CsrMatrix, Vec<String>, Value) {
    let golden: Value = serde_json::from_str(include_str!("golden/scanpy_qc.json")).unwrap();
    let rows: Vec<Vec<f64>> = golden["counts"].as_array().unwrap().iter().map(floats).collect();
    let values: Vec<f32> = rows.iter().flatten().map(|&v| v as f32).collect();
    let genes: Vec<String> = serde_json::from_value(golden["genes"].clone()).unwrap();
    (CsrMatrix::from_dense(rows.len(), genes.len(), &values).unwrap(), genes, golden)
}

#[track_caller]
fn same(columns: Vec<(String, Column)>, golden: &Value) {
    let golden = golden.as_object().unwrap();
    assert_eq!(columns.len(), golden.len());
    for (name, column) in columns {
        let found: Vec<f64> = match column {
            Column::Float(values) => values,
            Column::Int(values) => values.into_iter().map(|v| v.unwrap() as f64).collect(),
            _ => panic!("{name}"),
        };
        for (f, want) in found.iter().zip(floats(&golden[&name])) {
            assert!((f - want).abs() <= 1e-6 * want.abs().max(1.0), "{name}: {f}, scanpy {want}");
        }
    }
}

#[test]
fn every_metric_is_that_of_scanpy() {
    let (x, genes, golden) = golden();
    let qc = calculate_qc_metrics(&x, &GeneSet::usual(&genes)).unwrap();
    same(qc.obs(), &golden["obs"]);
    same(qc.var(), &golden["var"]);
}

#[test]
fn flags_are_taken_within_samples() {
    // Two samples of 40 cells at different depths; one cell of each is far from its sample.
    let depth = |i: usize| if i < 40 { 2 } else { 50 };
    let odd = |i: usize| if i == 3 || i == 77 { 40 } else { 1 };
    let row = |i: usize| {
        (0..60).map(move |j| (odd(i) * (depth(i) + i % 9 + (i * 13 + j * 7) % 5)) as f32)
    };
    let x = CsrMatrix::from_dense(80, 60, &(0..80).flat_map(row).collect::<Vec<_>>()).unwrap();
    let samples = Categorical::from_labels((0..80).map(|i| Some(if i < 40 { "a" } else { "b" })));
    let params = QcParams { doublets: None, ..Default::default() };
    let names: Vec<String> = (0..60).map(|j| format!("g{j}")).collect();
    let sets = GeneSet::usual(&names);
    let found = quality_control(&x, &sets, Some(&samples), &params).unwrap();
    assert!(found.outlier[3] && found.outlier[77]);
    assert!(found.mt_outlier.iter().all(|flag| !flag), "there are no such genes");
    assert_eq!(found.samples.len(), 2);
    assert_eq!(found.samples[1].name.as_deref(), Some("b"));
    assert_eq!(found.passes().iter().zip(&found.outlier).filter(|(p, o)| p == o).count(), 0);

    let some = Categorical::from_labels((0..80).map(|i| (i != 5).then_some("a")));
    let error = quality_control(&x, &sets, Some(&some), &params).unwrap_err().to_string();
    assert!(error.contains("cell 5"), "{error}");
    let params = QcParams { max_pct_mt: 101.0, ..params };
    assert!(quality_control(&x, &sets, None, &params).is_err());
}

#[test]
fn mitochondrial_counts_are_judged_by_both_rules() {
    // 49 cells with 1 to 4% and one with 7%: beyond 3 deviations, below 8%.
    let row = |i: usize| {
        let mt = if i == 49 { 7 } else { 1 + i % 4 };
        (0..10).map(move |j| if j == 0 { mt as f32 } else { (100 - mt) as f32 / 9.0 })
    };
    let x = CsrMatrix::from_dense(50, 10, &(0..50).flat_map(row).collect::<Vec<_>>()).unwrap();
    let mt = GeneSet { name: "mt".into(), genes: vec![0] };
    let of = |n_mads_mt: f64, max_pct_mt: f64| {
        let params = QcParams { n_mads_mt, max_pct_mt, doublets: None, ..Default::default() };
        let found = quality_control(&x, std::slice::from_ref(&mt), None, &params).unwrap();
        (0..50).filter(|&i| found.mt_outlier[i]).collect::<Vec<usize>>()
    };
    assert_eq!(of(3.0, 8.0), [49]);
    assert_eq!(of(30.0, 6.5), [49]);
    assert!(of(30.0, 8.0).is_empty());
}

/// Simulated cells, and after them doublets that are sums of two cells of different types.
fn with_doublets() -> (CsrMatrix, usize) {
    let params =
        SimulateParams { cells: 400, genes: 600, types: 4, type_ratio: 1.0, ..Default::default() };
    let simulated = simulate(&params).unwrap();
    let mut rows = simulated.counts.x().to_dense();
    let n = 400;
    for d in 0..40 {
        let a = d * 7 % n;
        let b = (1..n).map(|s| (a + s) % n).find(|&b| simulated.types[a] != simulated.types[b]);
        let b = b.unwrap();
        let sum: Vec<f32> = (0..600).map(|j| rows[a * 600 + j] + rows[b * 600 + j]).collect();
        rows.extend(sum);
    }
    (CsrMatrix::from_dense(440, 600, &rows).unwrap(), n)
}

/// The share of pairs of a doublet and a cell in which the doublet has the higher score.
fn area(scores: &[f64], n_cells: usize) -> f64 {
    let (cells, doublets) = scores.split_at(n_cells);
    let above = |d: &f64| {
        cells
            .iter()
            .map(|c| f64::from(u8::from(d > c)) + 0.5 * f64::from(u8::from(d == c)))
            .sum::<f64>()
    };
    doublets.iter().map(above).sum::<f64>() / (cells.len() * doublets.len()) as f64
}

#[test]
fn doublets_of_two_types_are_found() {
    let (x, n) = with_doublets();
    let params = DoubletParams { rate: DoubletRate::Fixed(0.1), seed: 0 };
    let found = score_doublets(&x, &params).unwrap().unwrap();
    let area = area(&found.scores, n);
    assert!(area > 0.85, "{area}");
    assert_eq!(found.simulated.len(), 880);
    assert!(found.scores.iter().all(|s| (0.0..=1.0).contains(s)));
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one.install(|| score_doublets(&x, &params)).unwrap().unwrap(), found);
    // The rate scales the scores and keeps their order.
    let low = DoubletParams { rate: DoubletRate::Recovered, seed: 0 };
    let low = score_doublets(&x, &low).unwrap().unwrap();
    assert_eq!(low.expected_rate, 440.0 * 8e-6);
    assert_eq!(low.called(), found.called());
    let order =
        |scores: &[f64]| scores.windows(2).map(|w| w[0].total_cmp(&w[1])).collect::<Vec<_>>();
    assert_eq!(order(&low.scores), order(&found.scores));
}

#[test]
fn samples_without_enough_cells_have_no_scores() {
    let params = DoubletParams::default();
    let few = CsrMatrix::from_dense(10, 3, &[1.0; 30]).unwrap();
    assert_eq!(score_doublets(&few, &params).unwrap(), None);
    let equal = CsrMatrix::from_dense(50, 3, &[1.0; 150]).unwrap();
    assert_eq!(score_doublets(&equal, &params).unwrap(), None);
    let bad = DoubletParams { rate: DoubletRate::Fixed(1.0), seed: 0 };
    assert!(score_doublets(&equal, &bad).is_err());
    let (x, _) = with_doublets();
    let mut rows = x.to_dense();
    rows[..600].fill(0.0);
    let x = CsrMatrix::from_dense(440, 600, &rows).unwrap();
    let found = score_doublets(&x, &params).unwrap().unwrap();
    assert!(found.scores[0].is_nan() && found.scores[1..].iter().all(|s| !s.is_nan()));
}
