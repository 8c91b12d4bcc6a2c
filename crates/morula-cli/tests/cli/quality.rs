//! qc, and cluster with its flags.

use std::fs;

use morula::data::{AnnData, Column, CsrMatrix, read, write_h5ad};

use crate::sandbox::Sandbox;

/// 150 simulated cells, and after them two broken ones and 15 doublets of cells of two types.
fn with_flags() -> Sandbox {
    let sandbox = Sandbox::simulated();
    let data = read(sandbox.path("in.h5ad")).unwrap();
    let (x, n_genes) = (data.x.as_ref().unwrap().to_dense(), data.n_vars());
    let types = data.obs.column("cell_type").unwrap().labels();
    let row = |i: usize| &x[i * n_genes..(i + 1) * n_genes];
    let mut rows = x.clone();
    for times in [20.0, 30.0] {
        rows.extend(row(0).iter().map(|v| v * times));
    }
    for d in 0..15 {
        let other = (0..150).rev().find(|&b| types[b] != types[d]).unwrap() - d;
        rows.extend(row(d).iter().zip(row(other)).map(|(a, b)| a + b));
    }
    let n = rows.len() / n_genes;
    let x = CsrMatrix::from_dense(n, n_genes, &rows).unwrap();
    let names = (0..n).map(|i| format!("c{i}")).collect();
    let mut genes = data.var_names().to_vec();
    genes[0] = "MT-CO1".into();
    let mut data = AnnData::new(x, names, genes).unwrap();
    let sample = (0..n).map(|i| Some(if i % 2 == 0 { "s1" } else { "s2" }));
    data.obs.set("donor", Column::categorical(sample)).unwrap();
    write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    sandbox
}

fn flags(data: &AnnData, name: &str) -> Vec<bool> {
    let Column::Bool(flags) = data.obs.column(name).unwrap() else { panic!("{name}") };
    flags.iter().map(|flag| flag.unwrap()).collect()
}

#[test]
fn broken_cells_are_flagged_and_kept() {
    let sandbox = with_flags();
    let line = "qc in.h5ad --out q.h5ad --report quality --max-mt 100 --mt-mads 50";
    let found = sandbox.ok(&format!("{line} --json")).json();
    let data = read(sandbox.path("q.h5ad")).unwrap();
    assert_eq!(data.n_obs(), 167);
    let outlier = flags(&data, "outlier");
    assert!(outlier[150] && outlier[151]);
    assert_eq!(found["outliers"], outlier.iter().filter(|o| **o).count());
    let pass = flags(&data, "qc_pass");
    assert_eq!(found["n_pass"], pass.iter().filter(|o| **o).count());
    for (i, pass) in pass.iter().enumerate() {
        let any = ["outlier", "mt_outlier", "predicted_doublet"].map(|f| flags(&data, f)[i]);
        assert_eq!(*pass, any == [false; 3]);
    }
    for name in ["total_counts", "pct_counts_in_top_20_genes", "pct_counts_mt", "doublet_score"] {
        assert!(matches!(data.obs.column(name).unwrap(), Column::Float(_)), "{name}");
    }
    assert_eq!(found["gene_sets"][0][1], 1);
    let sample = &found["samples"][0];
    assert_eq!(sample["bounds"].as_array().unwrap().len(), 4);
    assert!(sample["doublets"]["expected_rate"].as_f64().unwrap() > 0.0);
    assert!(data.uns["morula_qc"].get("params").is_some());
    for file in ["report.html", "qc_counts.png", "qc_counts.svg", "qc_mt.png", "qc_doublets.svg"] {
        assert!(fs::read(sandbox.path("quality").join(file)).unwrap().len() > 500, "{file}");
    }
    // The same counts; a second run replaces the columns.
    let before = read(sandbox.path("in.h5ad")).unwrap();
    assert_eq!((before.x, before.var), (data.x.clone(), data.var.clone()));
    sandbox.ok("qc q.h5ad --out q.h5ad --no-doublets --quiet");
    let again = read(sandbox.path("q.h5ad")).unwrap();
    assert_eq!(flags(&again, "outlier"), outlier);
    assert!(!flags(&again, "predicted_doublet").contains(&true));
}

#[test]
fn samples_have_bounds_of_their_own() {
    let sandbox = with_flags();
    fs::write(sandbox.path("mine.txt"), "gene1\ngene2\nNOGENE\n").unwrap();
    let line = "qc in.h5ad --out q.h5ad --sample donor --genes mine=mine.txt --loaded-cells 5000";
    let run = sandbox.ok(&format!("{line} --json"));
    assert!(run.stderr.contains("NOGENE"), "{}", run.stderr);
    let found = run.json();
    assert_eq!(found["samples"].as_array().unwrap().len(), 2);
    assert_eq!(found["samples"][1]["sample"], "s2");
    let rate = found["samples"][0]["doublets"]["expected_rate"].as_f64().unwrap();
    assert!((rate - 5000.0 * 8e-6 / 1.65).abs() < 1e-12, "{rate}");
    let data = read(sandbox.path("q.h5ad")).unwrap();
    assert!(data.obs.column("pct_counts_mine").is_ok());
    let text = sandbox.ok(line).stdout;
    assert!(text.contains("s1: ") && text.contains("all: "), "{text}");
}

#[test]
fn qc_refuses_what_it_cannot_do() {
    let sandbox = with_flags();
    let refuse = |more: &str, code, parts: &[&str]| {
        sandbox.refuses(&format!("qc in.h5ad --out out.h5ad {more}"), code, parts);
    };
    refuse("--sample no", 1, &["no", "donor"]);
    refuse("--mads 0", 2, &["n_mads"]);
    refuse("--max-mt 101", 2, &["max_pct_mt"]);
    refuse("--doublet-rate 1", 2, &["doublet rate"]);
    refuse("--doublet-rate 0.1 --loaded-cells 3", 2, &["loaded-cells"]);
    refuse("--genes mt", 2, &["mt=genes.txt"]);
    refuse("--genes mt=none.txt", 1, &["none.txt"]);
    fs::write(sandbox.path("mt.txt"), "NOGENE\n").unwrap();
    refuse("--genes mt=mt.txt", 1, &["none of its 1 genes"]);
}

#[test]
fn clusters_are_found_without_the_flagged_cells() {
    let sandbox = with_flags();
    sandbox.ok("qc in.h5ad --out q.h5ad --no-doublets --max-mt 100 --mt-mads 50");
    let pass = flags(&read(sandbox.path("q.h5ad")).unwrap(), "qc_pass");
    let left_out = pass.iter().filter(|pass| !**pass).count();
    let line = "-k 3 --epochs 2 --out c.h5ad --report report --json";
    let run = sandbox.ok(&format!("cluster q.h5ad --qc {line}"));
    assert!(run.stderr.contains(&format!("left out by --qc: {left_out} of 167")), "{}", run.stderr);
    assert_eq!(
        (&run.json()["n_cells"], &run.json()["n_cells_flagged"]),
        (&167.into(), &left_out.into())
    );
    let data = read(sandbox.path("c.h5ad")).unwrap();
    let labels = data.obs.column("jojoscl").unwrap().labels();
    for (label, pass) in labels.iter().zip(&pass) {
        assert_eq!(label.is_some(), *pass);
    }
    let page = fs::read_to_string(sandbox.path("report/report.html")).unwrap();
    assert!(page.contains("Quality by cluster") && page.contains("pct_counts_mt"));

    // Without the column the flags are computed, and written.
    sandbox.ok("cluster in.h5ad --qc -k 3 --epochs 2 --out c.h5ad --quiet");
    let data = read(sandbox.path("c.h5ad")).unwrap();
    let pass = flags(&data, "qc_pass");
    assert!(!pass[150] && !pass[151]);
    let labels = data.obs.column("jojoscl").unwrap().labels();
    assert!(labels.iter().zip(&pass).all(|(label, pass)| label.is_none() || *pass));
    assert!(data.uns.contains_key("morula_qc"));
}

#[test]
fn a_batch_may_have_no_cell_left() {
    let sandbox = with_flags();
    sandbox.ok("qc in.h5ad --out q.h5ad --no-doublets --max-mt 100 --mt-mads 50");
    let mut data = read(sandbox.path("q.h5ad")).unwrap();
    let pass = flags(&data, "qc_pass");
    let batch = pass.iter().enumerate().map(|(i, pass)| match (pass, i % 2) {
        (false, _) => Some("broken"),
        (true, 0) => Some("a"),
        _ => Some("b"),
    });
    data.obs.set("donor", Column::categorical(batch)).unwrap();
    write_h5ad(sandbox.path("q.h5ad"), &data).unwrap();
    sandbox.ok("cluster q.h5ad --qc --batch donor -k 3 --epochs 2 --out c.h5ad --quiet");
}
