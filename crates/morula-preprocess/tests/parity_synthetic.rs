//! Every step against scanpy on a small synthetic matrix (`scripts/scanpy_golden.py`; the golden
//! file has the versions). Tolerance 1e-5, sets identical.

mod common;

use common::*;
use morula_data::CsrMatrix;
use morula_preprocess::*;
use serde_json::Value;

struct Input {
    golden: Value,
    counts: CsrMatrix,
    kept: CsrMatrix,
    batches: Vec<usize>,
}

fn input() -> Input {
    let golden = golden("scanpy_synthetic.json");
    let list = |name: &str| positions(&golden[name]);
    let (n, g) = (golden["n_obs"].as_u64().unwrap(), golden["n_vars"].as_u64().unwrap());
    let counts = CsrMatrix::new(
        n as usize,
        g as usize,
        list("indptr"),
        list("indices").into_iter().map(|j| j as u32).collect(),
        list("data").into_iter().map(|v| v as f32).collect(),
    )
    .unwrap();
    let genes = filter_genes(&counts, 3);
    let narrow = counts.select_cols(&genes);
    let cells = filter_cells(&narrow, 1.0, 0);
    assert_eq!(genes, list("kept_genes"));
    assert_eq!(cells, list("kept_cells"));
    let batches = cells.iter().map(|&i| list("batches")[i]).collect();
    Input { kept: narrow.select_rows(&cells), counts, golden, batches }
}

fn logs(input: &Input) -> CsrMatrix {
    let mut x = input.kept.clone();
    normalize_total(&mut x, TargetSum::Median).unwrap();
    log1p(&mut x);
    x
}

fn params(input: &Input, flavor: HvgFlavor) -> HvgParams {
    let n_top_genes = input.golden["n_top"].as_u64().unwrap() as usize;
    HvgParams { flavor, n_top_genes, ..Default::default() }
}

/// Log expression of the genes that scanpy's `seurat` selects.
fn chosen(input: &Input) -> CsrMatrix {
    logs(input).select_cols(&positions(&input.golden["hvg"]["seurat"]["selected"]))
}

#[test]
fn quality_measures() {
    let input = input();
    let mt = GeneSet { name: "mt".into(), genes: (0..20).collect() };
    let qc = calculate_qc_metrics(&input.counts, &[mt]).unwrap();
    let percent: Vec<f64> = qc.sets[0].pct_counts.iter().map(|p| p.max(0.0)).collect();
    let want = |name: &str| floats(&input.golden["qc"][name]);
    let genes: Vec<f64> = qc.n_genes_by_counts.iter().map(|&n| n as f64).collect();
    assert_close("pct_counts_mt", &percent, &want("pct_counts_mt"));
    assert_close("n_genes_by_counts", &genes, &want("n_genes_by_counts"));
    assert_close("mean_counts", &qc.mean_counts, &want("mean_counts"));
    let dropout = want("pct_dropout_by_counts");
    assert_close("pct_dropout_by_counts", &qc.pct_dropout_by_counts, &dropout);
}

#[test]
fn normalisation_and_logarithm() {
    let input = input();
    let mut x = input.kept.clone();
    normalize_total(&mut x, TargetSum::Median).unwrap();
    let sampled = |x: &CsrMatrix| wide(x.data()).into_iter().step_by(50).collect::<Vec<_>>();
    assert_close("normalized", &sampled(&x), &floats(&input.golden["normalized"]));
    log1p(&mut x);
    assert_close("log1p", &sampled(&x), &floats(&input.golden["log1p"]));
}

#[test]
fn variable_genes_of_every_flavour() {
    let input = input();
    let logs = logs(&input);
    for (name, flavor) in FLAVORS {
        let x = if flavor.reads_counts() { &input.kept } else { &logs };
        let found = highly_variable_genes(x, &params(&input, flavor)).unwrap();
        let want = &input.golden["hvg"][name];
        assert_close(&format!("{name} means"), &found.means, &floats(&want["means"]));
        assert_close(&format!("{name} score"), &found.score, &floats(&want["score"]));
        assert_eq!(found.selected, positions(&want["selected"]), "{name}");
    }
}

#[test]
fn variable_genes_within_batches() {
    let input = input();
    let logs = logs(&input);
    for (name, flavor) in FLAVORS {
        let x = if flavor.reads_counts() { &input.kept } else { &logs };
        let found =
            highly_variable_genes_by_batch(x, &input.batches, &params(&input, flavor)).unwrap();
        let want = &input.golden["hvg"][&format!("{name}_batch")];
        assert_close(&format!("{name} by batch"), &found.score, &floats(&want["score"]));
        assert_eq!(found.selected, positions(&want["selected"]), "{name}");
    }
}

#[test]
fn scaling() {
    let chosen = chosen(&input());
    for (name, clip) in [("scaled", None), ("clipped", Some(2.0))] {
        let (z, _) = scale(&chosen, clip).unwrap();
        assert_close(name, &every(&z, chosen.n_cols(), 12), &floats(&input().golden[name]));
    }
}

#[test]
fn principal_components() {
    let input = input();
    let chosen = chosen(&input);
    let n_comps = input.golden["k"].as_u64().unwrap() as usize;
    let params = PcaParams { n_comps, ..Default::default() };
    let (z, _) = scale(&chosen, None).unwrap();
    let of = [
        ("pca_log", pca(&chosen, &params).unwrap()),
        ("pca_scaled", pca_dense(&z, chosen.n_cols(), &params).unwrap()),
    ];
    for (name, found) in of {
        let want = |what: &str| floats(&input.golden[name][what]);
        assert_close(&format!("{name} variance"), &found.explained_variance, &want("variance"));
        assert_close(&format!("{name} ratio"), &found.explained_variance_ratio, &want("ratio"));
        let scores = every(&found.scores, n_comps, 3);
        assert_close(&format!("{name} scores"), &scores, &want("scores"));
        let loadings = every(&found.loadings, n_comps, 3);
        assert_close(&format!("{name} loadings"), &loadings, &want("loadings"));
    }
}

#[test]
fn nearest_neighbours() {
    let input = input();
    let chosen = chosen(&input);
    let n_comps = input.golden["k"].as_u64().unwrap() as usize;
    let (z, _) = scale(&chosen, None).unwrap();
    let params = PcaParams { n_comps, ..Default::default() };
    let scores = pca_dense(&z, chosen.n_cols(), &params).unwrap().scores;
    let found = neighbors(&scores, n_comps, 15).unwrap();
    let want = &input.golden["neighbors"];
    let rows = found.indices.chunks(15).step_by(6);
    for (row, want) in rows.zip(want["indices"].as_array().unwrap()) {
        let row: Vec<usize> = row.iter().map(|&j| j as usize).collect();
        assert_eq!(row, positions(want));
    }
    assert_close("distances", &every(&found.distances, 15, 6), &floats(&want["distances"]));
}
