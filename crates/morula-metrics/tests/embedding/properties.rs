//! Properties of the scores for any embedding, labels and batches.

use morula_metrics::silhouette_batch;
use proptest::prelude::*;

use crate::search::Found;

/// A small embedding on a coarse grid, so that points coincide and votes tie.
#[derive(Debug, Clone)]
struct Input {
    x: Vec<f32>,
    n_dims: usize,
    labels: Vec<usize>,
    batches: Vec<usize>,
    order: Vec<usize>,
    k: usize,
}

fn inputs() -> impl Strategy<Value = Input> {
    (1..4_usize, 12..50_usize, 5..12_usize).prop_flat_map(|(n_dims, n, k)| {
        let x = prop::collection::vec((-4..5).prop_map(|v| v as f32 / 2.0), n * n_dims);
        let labels = prop::collection::vec(0..4_usize, n);
        let batches = prop::collection::vec(0..3_usize, n);
        let order = Just((0..n).collect::<Vec<_>>()).prop_shuffle();
        (x, labels, batches, order).prop_map(move |(x, mut labels, mut batches, order)| {
            // Two labels and two batches at least, and a label whose batches can be compared.
            labels[..4].copy_from_slice(&[0, 0, 0, 1]);
            batches[..4].copy_from_slice(&[0, 0, 1, 1]);
            Input { x, n_dims, labels, batches, order, k }
        })
    })
}

impl Input {
    /// All scores, those of single cells as their sum.
    fn scores(&self, found: &Found) -> [f64; 7] {
        let graph = found.graph();
        let votes = graph.knn_scores(&self.labels).unwrap();
        [
            votes.accuracy,
            votes.f1_macro,
            graph.ilisi(&self.batches).unwrap(),
            graph.clisi(&self.labels).unwrap(),
            graph.graph_connectivity(&self.labels).unwrap(),
            silhouette_batch(&self.x, self.n_dims, &self.labels, &self.batches).unwrap(),
            graph.lisi(&self.labels).unwrap().iter().sum(),
        ]
    }

    fn found(&self) -> Found {
        Found::new(&self.x, self.n_dims, self.k)
    }
}

proptest! {
    #[test]
    fn scores_stay_within_their_bounds(input in inputs()) {
        let scores = input.scores(&input.found());
        for score in &scores[..6] {
            prop_assert!((0.0..=1.0).contains(score), "{scores:?}");
        }
        for lisi in input.found().graph().lisi(&input.labels).unwrap() {
            prop_assert!((1.0 - 1e-12..=4.0 + 1e-12).contains(&lisi), "{lisi}");
        }
    }

    #[test]
    fn the_order_of_cells_does_not_matter(input in inputs()) {
        let Input { x, n_dims, labels, batches, order, .. } = &input;
        let pick = |values: &[usize]| order.iter().map(|&i| values[i]).collect::<Vec<_>>();
        let rows = order.iter().flat_map(|&i| &x[i * n_dims..][..*n_dims]).copied().collect();
        let shuffled =
            Input { x: rows, labels: pick(labels), batches: pick(batches), ..input.clone() };
        let found = input.found();
        let (a, b) = (input.scores(&found), shuffled.scores(&found.reordered(order)));
        for (a, b) in a.into_iter().zip(b) {
            prop_assert!((a - b).abs() < 1e-11, "{a} {b}");
        }
    }

    #[test]
    fn renaming_labels_and_batches_changes_nothing(input in inputs()) {
        let names: Vec<String> = input.labels.iter().map(|l| format!("type {}", 9 - l)).collect();
        let lots: Vec<i64> = input.batches.iter().map(|&b| -(b as i64)).collect();
        let found = input.found();
        let graph = found.graph();
        let votes = graph.knn_scores(&names).unwrap();
        let renamed = [
            votes.accuracy,
            votes.f1_macro,
            graph.ilisi(&lots).unwrap(),
            graph.clisi(&names).unwrap(),
            graph.graph_connectivity(&names).unwrap(),
            silhouette_batch(&input.x, input.n_dims, &names, &lots).unwrap(),
            graph.lisi(&names).unwrap().iter().sum(),
        ];
        prop_assert_eq!(input.scores(&found), renamed);
    }

    #[test]
    fn scale_does_not_matter(input in inputs(), power in -60..60_i32) {
        let scale = 2_f32.powi(power);
        let scaled = Input { x: input.x.iter().map(|v| v * scale).collect(), ..input.clone() };
        let (a, b) = (input.scores(&input.found()), scaled.scores(&scaled.found()));
        // LISI stops at an error of 1e-5 in the entropy, from another start at another scale.
        let cells = input.labels.len() as f64;
        let tolerance = [1e-12, 1e-12, 1e-3, 1e-3, 1e-12, 1e-9, 1e-3 * cells];
        for ((a, b), tolerance) in a.into_iter().zip(b).zip(tolerance) {
            prop_assert!((a - b).abs() < tolerance, "{a} {b}");
        }
    }

    /// The weights of LISI as they are defined: of that perplexity, and falling exponentially.
    #[test]
    fn lisi_of_distinct_labels_is_that_of_its_weights(input in inputs()) {
        let found = input.found();
        let distinct: Vec<usize> = (0..input.labels.len()).collect();
        let lisi = found.graph().lisi(&distinct).unwrap();
        let perplexity = ((input.k + 1) / 3) as f64;
        for ((_, distances), lisi) in found.rows().zip(lisi) {
            let weights_at = |rate: f64| {
                let raw = distances.iter().map(|d| (-rate * f64::from(d - distances[0])).exp());
                let raw: Vec<f64> = raw.collect();
                let sum: f64 = raw.iter().sum();
                raw.into_iter().map(|w| w / sum).collect::<Vec<_>>()
            };
            let entropy = |rate: f64| -> f64 {
                let weights = weights_at(rate).into_iter().filter(|&w| w > 0.0);
                -weights.map(|w| w * w.ln()).sum::<f64>()
            };
            let (mut low, mut high) = (0.0, 1e4);
            for _ in 0..200 {
                let middle = (low + high) / 2.0;
                if entropy(middle) > perplexity.ln() { low = middle } else { high = middle }
            }
            let expect = 1.0 / weights_at(low).iter().map(|w| w * w).sum::<f64>();
            prop_assert!((lisi - expect).abs() < 1e-3, "{lisi} {expect}");
        }
    }

    #[test]
    fn votes_equal_their_definition(input in inputs()) {
        let found = input.found();
        let label_of = |j: &u32| input.labels[*j as usize];
        let mut pairs = Vec::new();
        for ((row, _), &truth) in found.rows().zip(&input.labels) {
            let count = |label: usize| row.iter().filter(|j| label_of(j) == label).count();
            let most = (0..4).map(count).max().unwrap();
            let vote = row.iter().map(label_of).find(|&label| count(label) == most).unwrap();
            pairs.push((truth, vote));
        }
        let right = pairs.iter().filter(|(t, v)| t == v).count() as f64;
        let (mut f1, mut present) = (0.0, 0.0);
        for label in 0..4 {
            let of = |test: fn(bool, bool) -> bool| {
                pairs.iter().filter(|(t, v)| test(*t == label, *v == label)).count() as f64
            };
            if of(|t, _| t) > 0.0 {
                present += 1.0;
                let (precision, recall) =
                    (of(|t, v| t && v) / of(|_, v| v).max(1.0), of(|t, v| t && v) / of(|t, _| t));
                let sum = precision + recall;
                f1 += if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
            }
        }
        let scores = found.graph().knn_scores(&input.labels).unwrap();
        prop_assert_eq!(scores.accuracy, right / pairs.len() as f64);
        prop_assert!((scores.f1_macro - f1 / present).abs() < 1e-12);
    }

    /// Components by spreading from cell to cell.
    #[test]
    fn connectivity_equals_its_definition(input in inputs(), k in 1..4_usize) {
        let found = Found::new(&input.x, input.n_dims, k);
        let n = input.labels.len();
        let mut linked = vec![false; n * n];
        for (i, (row, _)) in found.rows().enumerate() {
            for &j in row.iter().filter(|&&j| input.labels[j as usize] == input.labels[i]) {
                linked[i * n + j as usize] = true;
                linked[j as usize * n + i] = true;
            }
        }
        let reached_from = |start: usize| {
            let (mut seen, mut open) = (vec![false; n], vec![start]);
            while let Some(i) = open.pop() {
                if !std::mem::replace(&mut seen[i], true) {
                    open.extend((0..n).filter(|&j| linked[i * n + j]));
                }
            }
            seen.into_iter().filter(|&s| s).count()
        };
        let mut shares = Vec::new();
        for label in 0..4 {
            let cells: Vec<usize> = (0..n).filter(|&i| input.labels[i] == label).collect();
            if let Some(largest) = cells.iter().map(|&i| reached_from(i)).max() {
                shares.push(largest as f64 / cells.len() as f64);
            }
        }
        let expect = shares.iter().sum::<f64>() / shares.len() as f64;
        let share = found.graph().graph_connectivity(&input.labels).unwrap();
        prop_assert!((share - expect).abs() < 1e-12, "{share} {expect}");
    }
}

/// Two types of 200 cells, 1024 apart, each along a line with batches in turn; `shift` is the
/// distance between the batches.
fn lines(shift: f32) -> (Vec<f32>, Vec<usize>, Vec<usize>) {
    let labels: Vec<usize> = (0..400).map(|i| i / 200).collect();
    let batches: Vec<usize> = (0..400).map(|i| i % 2).collect();
    let at = |i: usize| (i % 200) as f32 / 128.0;
    let x = (0..400).map(|i| at(i) + 1024.0 * labels[i] as f32 + shift * batches[i] as f32);
    (x.collect(), labels, batches)
}

#[test]
fn mixed_batches_score_high() {
    let (x, labels, batches) = lines(0.0);
    let found = Found::new(&x, 1, 89);
    // By scib-metrics 0.5.10. Below 1, because the cell itself does not count: its own batch has
    // a little less weight around it.
    assert!((found.graph().ilisi(&batches).unwrap() - 0.9838409564826702).abs() < 1e-11);
    assert_eq!(found.graph().clisi(&labels).unwrap(), 1.0);
    assert_eq!(found.graph().graph_connectivity(&labels).unwrap(), 1.0);
    assert!(silhouette_batch(&x, 1, &labels, &batches).unwrap() > 0.98);
    let across = Found::among(&x, 1, 15, |i, j| batches[i] != batches[j]);
    assert_eq!(across.graph().knn_scores_across(&labels, &batches).unwrap().accuracy, 1.0);
}

#[test]
fn separate_batches_score_low() {
    let (x, labels, batches) = lines(100.0);
    let found = Found::new(&x, 1, 60);
    assert!(found.graph().ilisi(&batches).unwrap() < 1e-12);
    assert_eq!(found.graph().graph_connectivity(&labels).unwrap(), 0.5);
    assert!(silhouette_batch(&x, 1, &labels, &batches).unwrap() < 0.02);
    assert_eq!(found.graph().knn_scores(&labels).unwrap().accuracy, 1.0);
}

/// With a shift of 1024, the second batch of the first type is where the first batch of the second
/// type is. Those two halves get each other's label, and the outer halves their own.
#[test]
fn types_that_take_each_others_place_lose_the_votes_of_other_batches() {
    let (x, labels, batches) = lines(1024.0);
    let across = Found::among(&x, 1, 15, |i, j| batches[i] != batches[j]);
    let scores = across.graph().knn_scores_across(&labels, &batches).unwrap();
    assert_eq!((scores.accuracy, scores.f1_macro), (0.5, 0.5));
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let (x, labels, batches) = lines(0.3);
    let found = Found::new(&x, 1, 40);
    let scores = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (graph, asw) = (found.graph(), silhouette_batch(&x, 1, &labels, &batches));
            (graph.lisi(&batches).unwrap(), graph.knn_scores(&batches).unwrap(), asw.unwrap())
        })
    };
    assert_eq!(scores(1), scores(7));
}
