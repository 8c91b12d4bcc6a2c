//! simulate, cluster, evaluate, predict, inspect: what one writes the next one reads.

use std::fs;

use morula::data::{Column, UnsValue, read, write_h5ad};

use crate::sandbox::{Sandbox, dense, two_kinds};

#[test]
fn simulated_types_are_found_and_found_again() {
    let sandbox = Sandbox::new();
    sandbox.ok("simulate --cells 150 --types 3 --genes 200 --out in.h5ad");
    // Small batches: as many steps as a larger data set has.
    fs::write(sandbox.path("run.toml"), "batch_size = 25").unwrap();
    let line = "cluster in.h5ad -k 3 --config run.toml --epochs 40 --out c.h5ad --save-model m";
    let summary = sandbox.ok(&format!("{line} --json")).json();
    assert_eq!(summary["n_cells"], 150);
    assert_eq!(summary["n_clusters"], 3);
    assert_eq!(summary["epochs"], 40);
    let sizes = summary["cluster_sizes"].as_array().unwrap();
    assert_eq!(sizes.iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), 150);

    let scores =
        sandbox.ok("evaluate c.h5ad --truth cell_type --pred jojoscl --json --quiet").json();
    for score in ["ari", "nmi", "ami", "acc", "f1_macro"] {
        assert!(scores[score].as_f64().unwrap() > 0.8, "{score}: {scores}");
    }
    assert_eq!((&scores["n_cells"], &scores["n_cells_dropped"]), (&150.into(), &0.into()));

    // The same cells through the saved model: the same clusters.
    sandbox.ok("predict m in.h5ad --out p.h5ad --json");
    let [clustered, predicted] = ["c.h5ad", "p.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
    let labels = |data: &morula::data::AnnData| data.obs.column("jojoscl").unwrap().labels();
    assert_eq!(labels(&clustered), labels(&predicted));
}

#[test]
fn the_output_is_the_input_and_the_results() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 6 --seed 5 --out c.h5ad");
    let [input, output] = ["in.h5ad", "c.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
    assert_eq!(input.x, output.x);
    assert_eq!(input.var, output.var);
    assert_eq!(input.obs.column("cell_type").unwrap(), output.obs.column("cell_type").unwrap());
    assert_eq!(input.uns["simulation"], output.uns["simulation"]);

    let Column::Categorical(clusters) = output.obs.column("jojoscl").unwrap() else { panic!() };
    assert_eq!(clusters.categories(), ["0", "1", "2"]);
    let (proba, latent) = (&output.obsm["jojoscl_proba"], &output.obsm["X_jojoscl"]);
    assert_eq!((proba.n_rows(), proba.n_cols(), latent.n_rows()), (150, 3, 150));
    let Column::Float(confidence) = output.obs.column("jojoscl_confidence").unwrap() else {
        panic!()
    };
    for (i, c) in confidence.iter().enumerate() {
        assert!((proba.row(i).iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert_eq!(f64::from(proba.row(i)[clusters.codes()[i] as usize]), *c);
    }

    let uns = &output.uns["jojoscl"];
    assert_eq!(uns.get("seed"), Some(&UnsValue::Int(5)));
    assert_eq!(uns.get("params").unwrap().get("epochs"), Some(&UnsValue::Int(6)));
    assert!(matches!(uns.get("device"), Some(UnsValue::Text(d)) if d.contains("PU")));
    assert!(matches!(uns.get("version"), Some(UnsValue::Text(_))));
    assert!(matches!(uns.get("b"), Some(UnsValue::Floats(b)) if b.len() == 3));
    let losses = uns.get("losses").unwrap();
    for name in ["total", "instance", "reconstruction"] {
        assert!(matches!(losses.get(name), Some(UnsValue::Floats(l)) if l.len() == 6), "{name}");
    }
}

#[test]
fn unsure_cells_are_left_without_a_cluster() {
    let sandbox = Sandbox::simulated();
    let line = "cluster in.h5ad -k 3 --epochs 2 --json";
    let all = sandbox.ok(&format!("{line} --out all.h5ad")).json();
    // A limit in the middle, so that some cells are below it and some are not.
    let limit = all["mean_confidence"].as_f64().unwrap() as f32;
    let sure = sandbox.ok(&format!("{line} --out sure.h5ad --min-confidence {limit}")).json();
    assert_eq!(
        (&all["n_cells_unsure"], &all["mean_confidence"]),
        (&0.into(), &sure["mean_confidence"])
    );
    let [all, output] = ["all.h5ad", "sure.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
    let clusters = |data: &morula::data::AnnData| data.obs.column("jojoscl").unwrap().labels();
    let confidence = output.obs.column("jojoscl_confidence").unwrap();
    assert_eq!(confidence, all.obs.column("jojoscl_confidence").unwrap());
    let Column::Float(confidence) = confidence else { panic!() };
    let mut unsure = 0;
    for ((with, without), p) in clusters(&output).iter().zip(clusters(&all)).zip(confidence) {
        assert_eq!(*with, without.filter(|_| *p as f32 >= limit));
        unsure += usize::from(with.is_none());
    }
    assert_eq!(sure["n_cells_unsure"], unsure);
    let fine = output.obs.column("jojoscl_fine").unwrap().labels();
    assert_eq!(fine.iter().filter(|label| label.is_none()).count(), unsure);
    assert!((1..150).contains(&unsure), "{unsure} of 150 cells");
    sandbox.refuses("cluster in.h5ad --out o.h5ad --min-confidence 2", 2, &["min-confidence"]);
}

/// Without a number the clusters that the data show are found, with the evidence.
#[test]
fn the_number_of_clusters_is_found() {
    let sandbox = Sandbox::simulated();
    let run = sandbox.ok("cluster in.h5ad --epochs 6 --out c.h5ad --save-model m --json").json();
    assert_eq!(run["n_clusters"], 3, "{run}");
    assert_eq!(run["levels"]["n_splits_supported"], 2, "{run}");
    let output = read(sandbox.path("c.h5ad")).unwrap();
    assert!(output.uns["jojoscl"].get("tree").is_some());
    let scores = sandbox.ok("evaluate c.h5ad --truth cell_type --pred jojoscl --json").json();
    assert!(scores["ari"].as_f64().unwrap() > 0.8, "{scores}");
    sandbox.ok("predict m in.h5ad --out p.h5ad");
    sandbox.ok("cluster in.h5ad -k auto --epochs 6 --out again.h5ad");
    let [a, b, p] = ["c.h5ad", "again.h5ad", "p.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
    let labels = |data: &morula::data::AnnData| data.obs.column("jojoscl").unwrap().labels();
    assert_eq!(labels(&a), labels(&b));
    assert_eq!(labels(&a), labels(&p));
}

#[test]
fn empty_cells_and_genes_are_filtered_reported_and_keep_their_rows() {
    let sandbox = Sandbox::new();
    let mut values = two_kinds();
    values[12 * 4..12 * 5].fill(0.0);
    values.chunks_mut(12).for_each(|row| row[7] = 0.0);
    sandbox.write(12, &values);
    let run = sandbox.ok("cluster in.h5ad -k 2 --epochs 5 --out c.h5ad --save-model m --json");
    let summary = run.json();
    assert_eq!(
        (&summary["n_cells_filtered"], &summary["n_genes_filtered"]),
        (&1.into(), &1.into())
    );
    assert!(run.stderr.contains("filtered: 1 of 20 cells and 1 genes"), "{}", run.stderr);
    sandbox.ok("predict m in.h5ad --out p.h5ad");

    for file in ["c.h5ad", "p.h5ad"] {
        let data = read(sandbox.path(file)).unwrap();
        let labels = data.obs.column("jojoscl").unwrap().labels();
        let missing: Vec<usize> = (0..20).filter(|&i| labels[i].is_none()).collect();
        assert_eq!(missing, [4], "{file}");
        let confidence = data.obs.column("jojoscl_confidence").unwrap().labels();
        assert!(confidence[4].is_none() && confidence[5].is_some());
        for name in ["X_jojoscl", "jojoscl_proba"] {
            let matrix = &data.obsm[name];
            assert!(matrix.row(4).iter().all(|v| v.is_nan()));
            assert!(matrix.row(5).iter().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn evaluate_leaves_out_cells_without_a_label() {
    let sandbox = Sandbox::new();
    let mut data = dense(1, &[1.0; 6]);
    let column = |labels: [Option<&str>; 6]| Column::categorical(labels);
    let (a, b) = (Some("a"), Some("b"));
    data.obs.set("truth", column([a, a, b, b, None, a])).unwrap();
    data.obs.set("found", column([b, b, a, a, a, None])).unwrap();
    data.obs.set("none", Column::Float(vec![f64::NAN; 6])).unwrap();
    write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    let run = sandbox.ok("evaluate in.h5ad --truth truth --pred found --json");
    let scores = run.json();
    assert_eq!((&scores["n_cells"], &scores["n_cells_dropped"]), (&4.into(), &2.into()));
    assert_eq!(scores["ari"], 1.0);
    assert!(run.stderr.contains("2 cells"), "{}", run.stderr);
    sandbox.refuses("evaluate in.h5ad --truth truth --pred none", 1, &["truth", "none"]);
    sandbox.refuses("evaluate in.h5ad --truth truth --pred other", 1, &["other", "found"]);
}

#[test]
fn inspect_and_devices_describe_what_there_is() {
    let sandbox = Sandbox::simulated();
    let description = sandbox.ok("inspect in.h5ad --json").json();
    assert_eq!((&description["n_cells"], &description["n_genes"]), (&150.into(), &120.into()));
    assert_eq!(description["layers"][0]["raw_counts"], true);
    assert_eq!(description["obs"][0]["name"], "cell_type");
    assert!(description["memory"]["expected_peak_mb"].as_u64().unwrap() > 0);
    assert!(sandbox.ok("inspect in.h5ad").stdout.contains("raw counts"));

    sandbox.write(2, &[0.5, 1.0, 2.0, 3.0]);
    let description = sandbox.ok("inspect in.h5ad --json").json();
    assert_eq!(description["layers"][0]["raw_counts"], false);
    assert!(description["layers"][0]["problem"].as_str().unwrap().contains("c0"));
    assert!(description["memory"].is_null());

    let devices = sandbox.ok("devices --json").json();
    assert_eq!(devices["devices"][0]["auto"], true);
}
