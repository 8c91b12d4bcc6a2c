//! markers, annotate, agreement and transfer.

use std::fs;

use morula::data::{Column, UnsValue, read, write_h5ad};

use crate::sandbox::Sandbox;

#[test]
fn markers_come_as_a_table_and_in_the_layout_of_scanpy() {
    let sandbox = Sandbox::simulated();
    let line = "markers in.h5ad --groupby cell_type --n-genes 7 --out m.csv --h5ad m.h5ad --json";
    let summary = sandbox.ok(line).json();
    assert_eq!((&summary["n_cells"], &summary["n_genes_tested"]), (&150.into(), &120.into()));
    assert_eq!(summary["groups"].as_array().unwrap().len(), 3);

    let table = fs::read_to_string(sandbox.path("m.csv")).unwrap();
    let header = "group,rank,gene,score,logfoldchange,pval,pval_adj,pct_in,pct_out";
    assert_eq!((table.lines().next(), table.lines().count()), (Some(header), 1 + 3 * 7));

    let [input, output] = ["in.h5ad", "m.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
    assert_eq!((&input.x, &input.obs, &input.var), (&output.x, &output.obs, &output.var));
    assert_eq!(input.uns["simulation"], output.uns["simulation"]);
    assert!(output.layers.contains_key("lognorm") && output.not_loaded.is_empty());
    let uns = &output.uns["rank_genes_groups"];
    let params = uns.get("params").unwrap();
    assert_eq!(params.get("groupby"), Some(&"cell_type".into()));
    assert_eq!(params.get("layer"), Some(&"lognorm".into()));
    let Some(UnsValue::Records(names)) = uns.get("names") else { panic!() };
    assert_eq!((names.len(), names.fields().len()), (7, 3));
    let Some(UnsValue::Frame(pts)) = uns.get("pts") else { panic!() };
    assert_eq!(pts.n_rows(), 120);

    // The true markers: the first of the table are among them.
    let marker_of = input.var.column("marker_of").unwrap().labels();
    for line in table.lines().skip(1).step_by(7) {
        let fields: Vec<&str> = line.split(',').collect();
        let gene = input.var_names().iter().position(|name| name == fields[2]).unwrap();
        assert_eq!(marker_of[gene].as_deref(), Some(fields[0]));
    }
}

#[test]
fn markers_refuse_what_they_cannot_do() {
    let sandbox = Sandbox::simulated();
    sandbox.refuses(
        "markers in.h5ad --groupby louvain --out out.h5ad",
        1,
        &["louvain", "cell_type"],
    );
    let line = |more: &str| format!("markers in.h5ad --groupby cell_type --out out.h5ad {more}");
    sandbox.refuses(&line("--n-genes 0"), 2, &["n-genes"]);
    sandbox.refuses(&line("--h5ad out.h5ad"), 2, &["same file"]);
    sandbox.refuses(&line("--h5ad m.h5ad --layer raw"), 2, &["--h5ad"]);
    sandbox.refuses(&line("--min-cells 1000"), 1, &["min_cells"]);
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    data.x.as_mut().unwrap().data_mut()[0] = 0.5;
    data.obs.set("one", Column::categorical(vec![Some("a"); 150])).unwrap();
    write_h5ad(sandbox.path("bad.h5ad"), &data).unwrap();
    let bad = "markers bad.h5ad --groupby cell_type --out out.h5ad";
    sandbox.refuses(bad, 1, &["raw count"]);
    data.x.as_mut().unwrap().data_mut()[0] = 1.0;
    write_h5ad(sandbox.path("bad.h5ad"), &data).unwrap();
    sandbox.refuses("markers bad.h5ad --groupby one --out out.h5ad", 1, &["two groups"]);
}

/// The true markers as a list, CSV.
fn lists(sandbox: &Sandbox) -> String {
    let data = read(sandbox.path("in.h5ad")).unwrap();
    let types = data.var.column("marker_of").unwrap().labels();
    let rows = types.iter().zip(data.var_names()).filter_map(|(t, gene)| Some((t.as_ref()?, gene)));
    rows.fold("type,gene\n".into(), |text, (t, gene)| format!("{text}{t},{gene}\n"))
}

#[test]
fn clusters_get_the_types_of_their_markers() {
    let sandbox = Sandbox::simulated();
    fs::write(sandbox.path("types.csv"), lists(&sandbox) + "other,NOGENE\n").unwrap();
    let line = "annotate in.h5ad --groupby cell_type --markers types.csv --out a.h5ad";
    let run = sandbox.ok(&format!("{line} --json"));
    assert_eq!(run.json()["clusters"].as_array().unwrap().len(), 3);
    assert_eq!(run.json()["genes_missing"][0]["missing"][0], "NOGENE");
    assert!(run.stderr.contains("NOGENE"), "{}", run.stderr);
    let data = read(sandbox.path("a.h5ad")).unwrap();
    let labels = |name: &str| data.obs.column(name).unwrap().labels();
    assert_eq!(labels("morula_cell_type"), labels("cell_type"));
    let Column::Float(margins) = data.obs.column("morula_cell_type_margin").unwrap() else {
        panic!()
    };
    assert!(margins.iter().all(|m| (0.05..=2.0).contains(m)));

    sandbox.ok(&format!("{line} --margin 2 --unknown ?"));
    let data = read(sandbox.path("a.h5ad")).unwrap();
    assert_eq!(data.obs.column("morula_cell_type").unwrap().labels()[0].as_deref(), Some("?"));
}

#[test]
fn damaged_marker_lists_are_named_with_their_line() {
    let sandbox = Sandbox::simulated();
    let line = "annotate in.h5ad --groupby cell_type --markers types.csv --out out.h5ad";
    sandbox.refuses(line, 1, &["types.csv"]);
    for (text, parts) in [
        ("", &["types.csv", "empty"][..]),
        ("type,gene\na,b\nc\n", &["types.csv", "line 3"]),
        ("a\t-\n", &["types.csv", "line 1", "GMT"]),
        ("type,gene\na,INS\n", &["INS", "species"]),
    ] {
        fs::write(sandbox.path("types.csv"), text).unwrap();
        sandbox.refuses(line, 1, parts);
    }
    sandbox.refuses(&format!("{line} --margin 3"), 2, &["margin"]);
}

#[test]
fn agreement_is_full_where_clusters_are_the_types() {
    let sandbox = Sandbox::simulated();
    let line = "agreement in.h5ad --truth cell_type --pred cell_type --min-cells 10 --out agree";
    let found = sandbox.ok(&format!("{line} --n-genes 20 --json")).json();
    assert_eq!(
        (&found["mean"], &found["n_types"], &found["n_top"]),
        (&1.0.into(), &3.into(), &20.into())
    );
    for file in found["files"].as_array().unwrap() {
        let content = fs::read(sandbox.path("agree").join(file.as_str().unwrap())).unwrap();
        assert!(content.len() > 50, "{file}");
    }
    let table = fs::read_to_string(sandbox.path("agree/types.csv")).unwrap();
    assert_eq!(table.lines().count(), 4);
    let text = sandbox.ok(&format!("{line} --quiet")).stdout;
    assert!(text.contains("mean over 3 types: 1.000"), "{text}");
    sandbox.refuses("agreement in.h5ad --truth cell_type --pred none --out x", 1, &["none"]);
    assert!(!sandbox.path("x").exists());
}

#[test]
fn labels_go_over_to_new_cells() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 3 --out c.h5ad --save-model m");
    sandbox.ok("predict m in.h5ad --out p.h5ad");
    let line = "transfer c.h5ad p.h5ad --label cell_type --embedding X_jojoscl --out t.h5ad";
    let summary = sandbox.ok(&format!("{line} --max-novelty 1 --json")).json();
    assert_eq!((&summary["n_cells"], &summary["n_missing"]), (&150.into(), &0.into()));
    let data = read(sandbox.path("t.h5ad")).unwrap();
    let labels = |name: &str| data.obs.column(name).unwrap().labels();
    let (truth, given) = (labels("cell_type"), labels("morula_transferred"));
    // The same cells again; a few epochs are enough for most.
    assert!(truth.iter().zip(&given).filter(|(a, b)| a == b).count() > 100);
    assert!(labels("morula_transferred_confidence").iter().all(Option::is_some));
    assert!(data.obs.column("morula_transferred_novelty").is_ok());

    let refuse = |line: &str, code, parts: &[&str]| {
        sandbox.refuses(&format!("transfer {line} --out out.h5ad"), code, parts);
    };
    let with = |obsm: &str| format!("c.h5ad in.h5ad --label cell_type --embedding {obsm}");
    refuse(&with("X_jojoscl"), 1, &["in.h5ad", "X_jojoscl"]);
    refuse("c.h5ad p.h5ad --label cell_type --embedding X_pca", 1, &["c.h5ad", "X_jojoscl"]);
    refuse("c.h5ad p.h5ad --label no --embedding X_jojoscl", 1, &["c.h5ad", "no"]);
    let more = "c.h5ad p.h5ad --label cell_type --embedding X_jojoscl --min-probability 2";
    refuse(more, 2, &["min_probability"]);
}
