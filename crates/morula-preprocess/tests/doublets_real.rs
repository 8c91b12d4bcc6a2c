//! Doublets made of two cells of real data sets, in the folder `MORULA_DATA`: as many are found as
//! by the package scrublet.

use morula_data::{CsrMatrix, read_counts};
use morula_preprocess::{DoubletParams, DoubletRate, score_doublets};
use morula_testing::data_folder;

/// Areas under the curve of scrublet 0.2.3, five seeds (`scripts/scrublet_doublets.py`).
const SCRUBLET: &str = include_str!("golden/scrublet.json");

/// All cells, and after them sums of two, a tenth of all.
fn with_doublets(x: &CsrMatrix) -> CsrMatrix {
    let n = x.n_rows();
    let (mut indptr, mut indices, mut data) =
        (x.indptr().to_vec(), x.indices().to_vec(), x.data().to_vec());
    for k in 0..n / 9 {
        let mut sum = std::collections::BTreeMap::new();
        for cell in [2 * k, 2 * k + 1] {
            let (columns, values) = x.row(cell * 7919 % n);
            columns.iter().zip(values).for_each(|(&j, v)| *sum.entry(j).or_insert(0.0) += v);
        }
        indices.extend(sum.keys());
        data.extend(sum.values());
        indptr.push(data.len());
    }
    CsrMatrix::new(n + n / 9, x.n_cols(), indptr, indices, data).unwrap()
}

/// The share of pairs of a doublet and a cell in which the doublet has the higher score.
fn area(scores: &[f64], n_cells: usize) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut below, mut sum) = (0.0, 0.0);
    for ties in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let cells = ties.iter().filter(|&&i| i < n_cells).count() as f64;
        sum += (ties.len() as f64 - cells) * (below + cells / 2.0);
        below += cells;
    }
    sum / (below * (scores.len() as f64 - below))
}

#[test]
fn doublets_are_found_as_by_scrublet() {
    let Some(folder) = data_folder() else { return };
    let golden: serde_json::Value = serde_json::from_str(SCRUBLET).unwrap();
    for (name, areas) in golden.as_object().unwrap() {
        let areas: Vec<f64> = serde_json::from_value(areas.clone()).unwrap();
        let want = areas.iter().sum::<f64>() / areas.len() as f64;
        let counts = read_counts(folder.join(format!("{name}.h5ad")), None).unwrap();
        let x = with_doublets(counts.x());
        let found: Vec<f64> = (0..3)
            .map(|seed| {
                let params = DoubletParams { rate: DoubletRate::Fixed(0.1), seed };
                let found = score_doublets(&x, &params).unwrap().unwrap();
                println!("{name}: threshold {:?}", found.threshold);
                area(&found.scores, counts.n_obs())
            })
            .collect();
        let mean = found.iter().sum::<f64>() / 3.0;
        println!("{name}: {mean:.4} ({found:.4?}), scrublet {want:.4} ({areas:?})");
        assert!((mean - want).abs() < 0.01, "{name}: {mean}, scrublet {want}");
    }
}
