//! Pictures and the page of a run.

use std::fs;

use morula::data::{UnsValue, read};

use crate::sandbox::Sandbox;

const RUN: &str = "cluster in.h5ad -k 3 --epochs 3 --out c.h5ad --device cpu";

#[test]
fn cluster_and_report_show_the_same_run() {
    let sandbox = Sandbox::simulated();
    let summary = sandbox.ok(&format!("{RUN} --report r --json")).json();
    assert_eq!(summary["report"], "r");
    let data = read(sandbox.path("c.h5ad")).unwrap();
    let layout = &data.obsm["X_umap"];
    assert_eq!((layout.n_rows(), layout.n_cols()), (150, 2));
    let params = data.uns["umap"].get("params").unwrap();
    assert_eq!(params.get("use_rep"), Some(&UnsValue::Text("X_jojoscl".into())));
    let embedding = i64::from(data.obsm["X_jojoscl"].checksum());
    assert_eq!(params.get("use_rep_checksum"), Some(&UnsValue::Int(embedding)));

    let written = sandbox.ok("report c.h5ad --out again --json").json();
    assert_eq!((&written["n_cells"], &written["n_clusters"]), (&150.into(), &3.into()));
    assert_eq!((&written["truth"], written["batch"].is_null()), (&"cell_type".into(), true));
    let pictures =
        ["umap_clusters", "umap_confidence", "umap_truth", "cluster_sizes", "confidence"];
    for picture in
        pictures.into_iter().chain(["cluster_tree", "overlap_truth", "losses", "markers_dots"])
    {
        let png = |folder: &str| fs::read(sandbox.path(format!("{folder}/{picture}.png"))).unwrap();
        assert_eq!(png("r"), png("again"), "{picture}");
        assert!(sandbox.path(format!("r/{picture}.svg")).exists());
    }
    let table = |folder: &str| fs::read(sandbox.path(format!("{folder}/evidence.csv"))).unwrap();
    assert!(table("r").starts_with(b"split,n_cells_first,") && table("r") == table("again"));
    let page = fs::read_to_string(sandbox.path("r/report.html")).unwrap();
    for part in ["--report r --json", "Agreement with cell_type", "150", "learning_rate", "Seconds"]
    {
        assert!(page.contains(part), "{part}");
    }
    let page = fs::read_to_string(sandbox.path("again/report.html")).unwrap();
    assert!(
        page.contains("morula cluster c.h5ad --model jojoscl --n-clusters 3 --epochs 3 --seed 0")
    );
    sandbox.nothing_half_written();

    // The layout alone, the same one; without being asked for, none.
    sandbox.ok(&format!("{RUN} --umap"));
    assert_eq!(&read(sandbox.path("c.h5ad")).unwrap().obsm["X_umap"], layout);
    sandbox.ok(RUN);
    assert!(!read(sandbox.path("c.h5ad")).unwrap().obsm.contains_key("X_umap"));
}

/// The report is made from memory, and is the one that the output's file gives.
#[test]
fn unsure_cells_and_other_layers_have_the_same_report_from_memory_and_from_the_file() {
    let sandbox = Sandbox::simulated();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    data.layers.insert("counts".into(), data.x.clone().unwrap());
    data.x.as_mut().unwrap().data_mut().iter_mut().for_each(|v| *v = v.ln_1p());
    morula::data::write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    let line = "cluster in.h5ad -k 3 --epochs 3 --layer counts --out c.h5ad --json";
    // A limit in the middle, so that some cells are below it and some are not.
    let limit = sandbox.ok(line).json()["mean_confidence"].as_f64().unwrap();
    let run = sandbox.ok(&format!("{line} --report r --min-confidence {limit}"));
    let n = 150 - run.json()["n_cells_unsure"].as_u64().unwrap();
    let again = sandbox.ok("report c.h5ad --layer counts --out again --json");
    assert_eq!(again.json()["n_cells"], n);
    for picture in ["cluster_sizes", "confidence", "losses", "markers_dots", "markers_heatmap"] {
        let svg = |folder: &str| fs::read(sandbox.path(format!("{folder}/{picture}.svg"))).unwrap();
        assert_eq!(svg("r"), svg("again"), "{picture}");
    }
}

#[test]
fn the_other_model_and_cells_left_out_have_a_report() {
    let sandbox = Sandbox::simulated();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let x = data.x.as_mut().unwrap();
    let first = x.indptr()[1];
    x.data_mut()[..first].fill(0.0);
    morula::data::write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    let line = "cluster in.h5ad --model scsiameseclu -k 2 --epochs 2 --out c.h5ad --report r";
    let run = sandbox.ok(&format!("{line} --json"));
    assert_eq!(run.json()["n_cells_filtered"], 1);
    assert!(read(sandbox.path("c.h5ad")).unwrap().obsm["X_umap"].row(0)[0].is_nan());
    let page = fs::read_to_string(sandbox.path("r/report.html")).unwrap();
    assert!(page.contains("1 of 150 left out"));
    sandbox.ok("report c.h5ad --model scsiameseclu --out r --quiet");
    sandbox.refuses("report c.h5ad --out r", 1, &["obs[\"jojoscl\"]", "morula cluster"]);
}

#[test]
fn what_cannot_be_shown_is_found_out_first() {
    let sandbox = Sandbox::simulated();
    let line = |more: &str| format!("cluster in.h5ad -k 3 --epochs 100000 --out out.h5ad {more}");
    fs::create_dir(sandbox.path("thesis")).unwrap();
    fs::write(sandbox.path("thesis/chapter1"), "").unwrap();
    fs::write(sandbox.path("file"), "").unwrap();
    sandbox.refuses(&line("--report thesis"), 2, &["thesis", "chapter1", "another folder"]);
    sandbox.refuses(&line("--report ."), 2, &["another folder"]);
    sandbox.refuses(&line("--report file/r"), 1, &["file"]);
    sandbox.refuses(&line("--report r --truth no_such"), 1, &["no_such", "cell_type"]);
    sandbox.refuses(&line("--report r --batch no_such"), 1, &["no_such"]);
    sandbox.refuses(&line("--truth cell_type"), 2, &["--report"]);
    sandbox.refuses(&line("--report m --save-model m/model"), 2, &["keep them apart"]);
    sandbox.refuses("report in.h5ad --out thesis", 2, &["chapter1"]);
    sandbox.refuses("report in.h5ad --out r", 1, &["obs[\"jojoscl\"]"]);
    sandbox.refuses("report nowhere.h5ad --out r", 1, &["nowhere.h5ad"]);
    assert!(sandbox.path("thesis/chapter1").exists() && !sandbox.path("r").exists());
}
