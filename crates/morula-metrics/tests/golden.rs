//! Scores against scikit-learn 1.9.1: `golden/metrics.json`, and labels from formulas.

use approx::assert_abs_diff_eq;
use morula_metrics::{LabelledPoints, evaluate};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/metrics.json")).unwrap()
}

fn labels(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect()
}

#[test]
fn agreement_scores() {
    for case in golden()["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let scores = evaluate(&labels(&case["truth"]), &labels(&case["pred"])).unwrap();
        let expect = |key: &str| case[key].as_f64().unwrap();
        for (ours, key) in [
            (scores.ari, "ari"),
            (scores.nmi, "nmi_arithmetic"),
            (scores.ami, "ami_arithmetic"),
            (scores.homogeneity, "homogeneity"),
            (scores.completeness, "completeness"),
            (scores.v_measure, "v_measure"),
            (scores.fowlkes_mallows, "fowlkes_mallows"),
            (scores.acc, "acc_hungarian"),
        ] {
            assert!((ours - expect(key)).abs() < 1e-13, "{name} {key}: {ours} {}", expect(key));
        }
        // If several matchings tie, ours has the highest F1, and the file has any of them.
        let f1 = expect("f1_macro_hungarian");
        match name {
            "noisy_4" | "permuted_perfect" | "imbalanced" => {
                assert_abs_diff_eq!(scores.f1_macro, f1, epsilon = 1e-13);
            }
            _ => assert!(scores.f1_macro > f1 - 1e-13, "{name}: {} {f1}", scores.f1_macro),
        }
    }
}

#[test]
fn internal_scores() {
    let golden = &golden()["internal"];
    let x: Vec<f32> = golden["x"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|v| v.as_f64().unwrap() as f32)
        .collect();
    let labels = labels(&golden["labels"]);
    let points = LabelledPoints::new(&x, 3, &labels).unwrap();
    // The file has decimals; rounding to f32 changes them by a relative 3e-8.
    let epsilon = 1e-6;
    let samples = golden["silhouette_samples"].as_array().unwrap();
    for (ours, expect) in points.silhouette_samples().into_iter().zip(samples) {
        assert_abs_diff_eq!(ours, expect.as_f64().unwrap(), epsilon = epsilon);
    }
    let expect = |key: &str| golden[key].as_f64().unwrap();
    let silhouette = expect("silhouette_mean_euclidean");
    assert_abs_diff_eq!(points.silhouette(), silhouette, epsilon = epsilon);
    let ch = expect("calinski_harabasz");
    assert_abs_diff_eq!(points.calinski_harabasz(), ch, epsilon = epsilon * ch);
    assert_abs_diff_eq!(points.davies_bouldin(), expect("davies_bouldin"), epsilon = epsilon);
}

/// `(ari, nmi, ami, homogeneity, completeness, fowlkes_mallows)` by scikit-learn 1.9.1 on 20000
/// cells whose labels are formulas: crossed, pairs, blocks, shifted pairs. The AMI of the last case
/// comes from exact binomials at 50 digits, -5.00025e-5; scikit-learn's differences of log-gamma
/// give -4.99770e-5.
#[test]
fn agreement_scores_of_20000_cells() {
    type Formula = fn(usize) -> usize;
    let cases: [(Formula, Formula, [f64; 6]); 4] = [
        (
            |i| i % 12,
            |i| (i * i / 7 + i) % 9 + (i % 12) / 3,
            [
                0.08258096889063278,
                0.22289640507277084,
                0.2219221207573187,
                0.2172993807952966,
                0.22878937958223977,
                0.16683666962629845,
            ],
        ),
        (
            |i| i % 12,
            |i| i / 2,
            [
                -9.995498725558959e-05,
                0.30640813862581917,
                -0.014439362248687252,
                0.721057049858375,
                0.19453780825267647,
                0.0,
            ],
        ),
        (
            |i| (i / 1700).min(11),
            |i| i / 1300,
            [
                0.6165101651619904,
                0.8033849367220999,
                0.803074265631038,
                0.8478356761682326,
                0.7633629730652916,
                0.6501256099160024,
            ],
        ),
        (
            |i| i / 2,
            |i| i.div_ceil(2),
            [
                -5.0002499999981244e-05,
                0.9247465471282827,
                -5.000249999998125e-05,
                0.9247500268338961,
                0.9247430674488567,
                0.0,
            ],
        ),
    ];
    for (truth, pred, expect) in cases {
        let truth: Vec<usize> = (0..20000).map(truth).collect();
        let pred: Vec<usize> = (0..20000).map(pred).collect();
        let s = evaluate(&truth, &pred).unwrap();
        let ours = [s.ari, s.nmi, s.ami, s.homogeneity, s.completeness, s.fowlkes_mallows];
        for (ours, expect) in ours.into_iter().zip(expect) {
            assert_abs_diff_eq!(ours, expect, epsilon = 1e-10);
        }
    }
}

/// Scikit-learn 1.9.1 on 1000 points of a lattice (exact in `f32` on both sides), with a
/// singleton cluster.
#[test]
fn internal_scores_of_1000_cells() {
    let lattice = [(37, 101), (53, 211), (71, 307), (89, 401), (97, 503)];
    let x: Vec<f32> =
        (0..1000).flat_map(|i| lattice.map(|(a, b)| ((i * a) % b) as f32 / b as f32)).collect();
    let labels: Vec<i32> = (0..1000)
        .map(|i| match i {
            0 => 1000,
            i if i % 17 == 0 => 99,
            i => (i * 37 % 101) / 34,
        })
        .collect();
    let points = LabelledPoints::new(&x, 5, &labels).unwrap();
    let samples = points.silhouette_samples();
    assert_eq!(samples[0], 0.0, "a singleton");
    assert_abs_diff_eq!(samples[1], -0.25545321941720595, epsilon = 1e-12);
    assert_abs_diff_eq!(samples[999], 0.11989095470229474, epsilon = 1e-12);
    assert_abs_diff_eq!(points.silhouette(), 0.04124399986446118, epsilon = 1e-12);
    assert_abs_diff_eq!(points.calinski_harabasz(), 51.24077631144901, epsilon = 1e-10);
    assert_abs_diff_eq!(points.davies_bouldin(), 21.490086254214926, epsilon = 1e-10);
}
