//! Properties of the scores for any pair of labellings and any embedding.

use morula_metrics::{Contingency, Evaluation, LabelledPoints, evaluate};
use proptest::prelude::*;

/// Two labellings of the same cells, small enough that ties and singletons are common.
fn labellings() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    (1..6_usize, 1..6_usize, 1..40_usize)
        .prop_flat_map(|(k, l, n)| (prop::collection::vec(0..k, n), prop::collection::vec(0..l, n)))
}

/// Labellings, and an order of the cells.
fn shuffled() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Vec<usize>)> {
    labellings().prop_flat_map(|(truth, pred)| {
        let order = Just((0..truth.len()).collect::<Vec<_>>()).prop_shuffle();
        (Just(truth), Just(pred), order)
    })
}

/// Coordinates on a coarse grid, so that points often coincide, and valid labels.
fn embeddings() -> impl Strategy<Value = (Vec<f32>, usize, Vec<usize>)> {
    (1..7_usize, 5..60_usize).prop_flat_map(|(d, n)| {
        let x = prop::collection::vec((-3..4).prop_map(|v| v as f32 / 2.0), n * d);
        let labels = prop::collection::vec(0..4_usize, n)
            .prop_filter("at least 2 clusters", |l| l.iter().any(|&c| c != l[0]));
        (x, Just(d), labels)
    })
}

fn values(s: &Evaluation) -> [f64; 9] {
    [
        s.ari,
        s.nmi,
        s.ami,
        s.acc,
        s.f1_macro,
        s.homogeneity,
        s.completeness,
        s.v_measure,
        s.fowlkes_mallows,
    ]
}

/// Best `(matched cells, sum of F1)` over all matchings, by exhaustive search.
fn brute_force(table: &Contingency, class: usize, used: &mut Vec<bool>) -> (usize, f64) {
    if class == table.class_sizes().len() {
        return (0, 0.0);
    }
    let mut best = brute_force(table, class + 1, used);
    let overlaps = table.overlaps().iter().filter(|o| o.class == class);
    for o in overlaps {
        if !std::mem::replace(&mut used[o.cluster], true) {
            let (count, f1) = brute_force(table, class + 1, used);
            let joint = table.class_sizes()[class] + table.cluster_sizes()[o.cluster];
            let here = (count + o.count, f1 + 2.0 * o.count as f64 / joint as f64);
            if here.0 > best.0 || (here.0 == best.0 && here.1 > best.1) {
                best = here;
            }
            used[o.cluster] = false;
        }
    }
    best
}

proptest! {
    #[test]
    fn renaming_labels_changes_nothing((truth, pred) in labellings(), salt in 1..1000_usize) {
        let names: Vec<String> = truth.iter().map(|t| format!("{}", t * salt % 1009)).collect();
        let renamed: Vec<i64> = pred.iter().map(|&p| 7 - p as i64).collect();
        prop_assert_eq!(evaluate(&truth, &pred).unwrap(), evaluate(&names, &renamed).unwrap());
    }

    #[test]
    fn the_order_of_cells_does_not_matter((truth, pred, order) in shuffled()) {
        let pick = |labels: &[usize]| order.iter().map(|&i| labels[i]).collect::<Vec<_>>();
        let scores = evaluate(&truth, &pred).unwrap();
        let shuffled = evaluate(&pick(&truth), &pick(&pred)).unwrap();
        for (a, b) in values(&scores).into_iter().zip(values(&shuffled)) {
            prop_assert!((a - b).abs() < 1e-10, "{scores:?} {shuffled:?}");
        }
    }

    #[test]
    fn truth_and_prediction_are_symmetric((truth, pred) in labellings()) {
        let (s, r) = (evaluate(&truth, &pred).unwrap(), evaluate(&pred, &truth).unwrap());
        prop_assert_eq!(s.n_clusters_true, r.n_clusters_pred);
        for (a, b) in [
            (s.ari, r.ari),
            (s.nmi, r.nmi),
            (s.ami, r.ami),
            (s.acc, r.acc),
            (s.homogeneity, r.completeness),
            (s.v_measure, r.v_measure),
            (s.fowlkes_mallows, r.fowlkes_mallows),
        ] {
            prop_assert!((a - b).abs() < 1e-10, "{s:?} {r:?}");
        }
    }

    #[test]
    fn scores_stay_within_their_bounds((truth, pred) in labellings()) {
        let s = evaluate(&truth, &pred).unwrap();
        for value in values(&s) {
            prop_assert!(value <= 1.0 + 1e-12, "{s:?}");
        }
        for value in [s.nmi, s.acc, s.f1_macro, s.homogeneity, s.completeness, s.fowlkes_mallows] {
            prop_assert!(value >= 0.0, "{s:?}");
        }
        prop_assert!(s.ari >= -0.5 && s.ami >= -1.0, "{s:?}");
        prop_assert!(s.acc >= 1.0 / s.n_clusters_true.max(s.n_clusters_pred) as f64 / 2.0);
        let (h, c) = (s.homogeneity, s.completeness);
        let harmonic = if h + c == 0.0 { 0.0 } else { 2.0 * h * c / (h + c) };
        prop_assert!((s.v_measure - harmonic).abs() < 1e-12, "{s:?}");
    }

    #[test]
    fn a_perfect_clustering_scores_one((truth, _) in labellings(), shift in 1..100_usize) {
        let renamed: Vec<usize> = truth.iter().map(|&t| (t + shift) % 101).collect();
        let s = evaluate(&truth, &renamed).unwrap();
        prop_assert_eq!([s.ari, s.ami, s.acc], [1.0; 3]);
        for one in [s.nmi, s.f1_macro, s.homogeneity, s.completeness, s.v_measure] {
            prop_assert!((one - 1.0).abs() < 1e-14, "{s:?}");
        }
        let some_pair = s.n_clusters_true < s.n_cells;
        prop_assert!((s.fowlkes_mallows - f64::from(some_pair)).abs() < 1e-14);
    }

    #[test]
    fn the_matching_is_the_best_of_all((truth, pred) in labellings()) {
        let table = Contingency::new(&truth, &pred).unwrap();
        let matching = table.best_matching();
        let mut used = vec![false; table.cluster_sizes().len()];
        let (count, f1) = brute_force(&table, 0, &mut used);
        prop_assert_eq!(matching.accuracy(), count as f64 / table.n_cells() as f64);
        prop_assert!((matching.f1_macro() - f1 / table.class_sizes().len() as f64).abs() < 1e-11);
        let mut clusters: Vec<_> = matching.pairs().iter().map(|p| p.cluster).collect();
        clusters.sort_unstable();
        clusters.dedup();
        prop_assert_eq!(clusters.len(), matching.pairs().len());
    }

    #[test]
    fn ari_is_the_pair_count((truth, pred) in labellings()) {
        let (mut both, mut t, mut p, mut all) = (0.0, 0.0, 0.0, 0.0);
        for i in 0..truth.len() {
            for j in 0..i {
                let (same_t, same_p) = (truth[i] == truth[j], pred[i] == pred[j]);
                both += f64::from(same_t && same_p);
                t += f64::from(same_t);
                p += f64::from(same_p);
                all += 1.0;
            }
        }
        let chance = if all == 0.0 { 0.0 } else { t * p / all };
        let top = (t + p) / 2.0 - chance;
        let ari = if top == 0.0 { 1.0 } else { (both - chance) / top };
        prop_assert!((evaluate(&truth, &pred).unwrap().ari - ari).abs() < 1e-12);
    }

    #[test]
    fn silhouette_equals_its_definition((x, d, labels) in embeddings()) {
        let samples = LabelledPoints::new(&x, d, &labels).unwrap().silhouette_samples();
        let mean_distance = |i: usize, cluster: usize| {
            let others: Vec<usize> =
                (0..labels.len()).filter(|&j| j != i && labels[j] == cluster).collect();
            let distance = |j: usize| {
                let squares = (0..d).map(|f| f64::from(x[i * d + f] - x[j * d + f]).powi(2));
                squares.sum::<f64>().sqrt()
            };
            let sum: f64 = others.iter().map(|&j| distance(j)).sum();
            (!others.is_empty()).then(|| sum / others.len() as f64)
        };
        for (i, &sample) in samples.iter().enumerate() {
            let nearest = (0..4)
                .filter(|&c| c != labels[i])
                .filter_map(|c| mean_distance(i, c))
                .fold(f64::INFINITY, f64::min);
            let expect = match mean_distance(i, labels[i]) {
                Some(within) if within.max(nearest) > 0.0 => {
                    (nearest - within) / within.max(nearest)
                }
                _ => 0.0,
            };
            prop_assert!((sample - expect).abs() < 1e-12, "cell {i}: {sample} {expect}");
            prop_assert!((-1.0..=1.0).contains(&sample));
        }
    }

    #[test]
    fn internal_scores_ignore_names_shifts_and_scale((x, d, labels) in embeddings()) {
        let moved: Vec<f32> = x.iter().map(|v| 4.0 * v + 32.0).collect();
        let names: Vec<String> = labels.iter().map(|l| format!("c{}", 9 - l)).collect();
        let (a, b) = (
            LabelledPoints::new(&x, d, &labels).unwrap(),
            LabelledPoints::new(&moved, d, &names).unwrap(),
        );
        for (a, b) in [
            (a.silhouette(), b.silhouette()),
            (a.calinski_harabasz(), b.calinski_harabasz()),
        ] {
            prop_assert!(a.is_finite() && (a - b).abs() <= 1e-9 * a.abs().max(1.0), "{a} {b}");
        }
        prop_assert!(a.davies_bouldin() >= 0.0 && b.davies_bouldin().is_finite());
    }
}
