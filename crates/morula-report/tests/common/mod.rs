//! Runs to draw. Each test file uses a part of this module.
#![allow(dead_code)]

use morula_cluster::evidence::Split;
use morula_cluster::{ClusterTree, Merge};
use morula_data::{AnnData, Categorical, Column, CsrMatrix, DenseMatrix, UnsValue};
use morula_report::{Annotation, Expression, Role, Run};

/// Without escaping, this name would be markup, a formula, or invalid XML.
pub const HOSTILE: &str = "<script>alert(1)</script> & \"q\" 'r' $x^2$ \u{1}é";

/// `n` cells in `k` clusters, with hostile names throughout.
pub fn hostile(n: usize, k: usize) -> Run {
    let name = |i: usize| format!("{i}{HOSTILE}");
    let mut run = Run::new(HOSTILE, HOSTILE, (0..k).map(name).collect());
    run.labels = (0..n).map(|i| i % k).collect();
    run.confidence = (0..n).map(|i| 1.0 / (1 + i % 3) as f64).collect();
    let turn = |i: usize| (i as f32 * 0.7).sin_cos();
    run.layout = (0..n).flat_map(|i| [turn(i).0 * i as f32, turn(i).1 * i as f32]).collect();
    run.splits = splits(&tree(k));
    run.tree = Some(tree(k));
    let labels = |m: usize| (0..n).map(|i| (i % 5 > 0).then(|| name(i % m))).collect();
    run.annotations = vec![
        Annotation { name: HOSTILE.into(), role: Role::Truth, labels: labels(4) },
        Annotation { name: "batch".into(), role: Role::Batch, labels: labels(2) },
    ];
    run.losses.stages = ["a", "a", HOSTILE, HOSTILE].map(String::from).to_vec();
    run.losses.terms = vec![
        ("total".into(), vec![3.0, 2.0, 1.5, 1.0]),
        (HOSTILE.into(), vec![f64::NAN, f64::NAN, 1.0, f64::INFINITY]),
        ("flat".into(), vec![0.0; 4]),
    ];
    let genes = 6;
    let value = |(i, g): (usize, usize)| if i % k == g { 3.0 } else { ((i * g) % 3) as f32 };
    let x: Vec<f32> = (0..n).flat_map(|i| (0..genes).map(move |g| (i, g))).map(value).collect();
    let x = CsrMatrix::from_dense(n, genes, &x).unwrap();
    run.expression = Some(Expression::new(x, (0..genes).map(name).collect()).unwrap());
    run.facts = vec![(HOSTILE.into(), HOSTILE.into())];
    run.parameters = vec![(HOSTILE.into(), HOSTILE.into())];
    run.versions = vec![(HOSTILE.into(), HOSTILE.into())];
    run.command = Some(HOSTILE.into());
    run
}

/// A tree of `k` clusters with two parts each, which join one after the other.
pub fn tree(k: usize) -> ClusterTree {
    let merge = |a, b| Merge { parts: [a, b], contact: 1.0 / (a + b) as f64 };
    let within = (0..k).map(|i| merge(2 * i, 2 * i + 1));
    let between = (1..k).map(|i| match i {
        1 => merge(2 * k, 2 * k + 1),
        _ => merge(3 * k + i - 2, 2 * k + i),
    });
    let clusters = (0..2 * k).map(|leaf| leaf / 2).collect();
    let sizes = (0..2 * k).map(|leaf| 10 + leaf).collect();
    ClusterTree::from_parts(0.4, clusters, sizes, within.chain(between).collect()).unwrap()
}

/// Evidence for the splits of a tree, of which every third has no support.
pub fn splits(tree: &ClusterTree) -> Vec<Split> {
    let split = |(i, merge): (usize, &Merge)| Split {
        contact: merge.contact,
        found_again: if i % 3 == 1 { 0.3 } else { 0.8 },
        p: (i % 3 != 1).then(|| 10f64.powi(-(9 * i as i32))),
        supported: i % 3 != 1,
        error: (i % 3 != 1).then_some(0.1),
        n_markers: (i % 3 != 1).then_some(i),
    };
    tree.merges().iter().enumerate().map(split).collect()
}

/// Six cells as `morula cluster` writes them. The third has no counts and is left out.
pub fn clustered() -> AnnData {
    let counts = [9., 1., 0., 8., 2., 0., 0., 0., 0., 0., 1., 9., 1., 0., 8., 0., 2., 7.];
    let names = |letter: &str, n: usize| (0..n).map(|i| format!("{letter}{i}")).collect();
    let x = CsrMatrix::from_dense(6, 3, &counts).unwrap();
    let mut data = AnnData::new(x, names("c", 6), names("g", 3)).unwrap();
    let codes = vec![0, 0, -1, 1, 1, 1];
    let clusters = Categorical::new(codes, vec!["0".into(), "1".into()], false).unwrap();
    data.obs.set("jojoscl", Column::Categorical(clusters)).unwrap();
    let confidence = vec![0.9, 0.8, f64::NAN, 0.7, 1.0, 0.6];
    data.obs.set("jojoscl_confidence", Column::Float(confidence)).unwrap();
    let types = [Some("a"), Some("a"), Some("a"), Some("b"), Some("b"), None];
    data.obs.set("cell_type", Column::categorical(types)).unwrap();
    data.obs.set("donor", Column::categorical([Some("only one"); 6])).unwrap();
    let place = |i: usize| if i == 2 { f32::NAN } else { i as f32 };
    let embedding = (0..6).flat_map(|i| [place(i), 1.0, 2.0 * place(i)]).collect();
    data.obsm.insert("X_jojoscl".into(), DenseMatrix::new(6, 3, embedding).unwrap());
    let losses = UnsValue::map().with("total", vec![2.0, 1.0]).with("cluster", vec![1.0, 0.5]);
    let about = UnsValue::map()
        .with("seed", 3)
        .with("device", "CPU")
        .with("version", "0.1.0")
        .with("params", UnsValue::map().with("epochs", 2))
        .with("losses", losses);
    data.uns.insert("jojoscl".into(), about);
    data
}
