//! The page about the quality of cells, and the section of a run's report.

mod common;

use morula_data::{Categorical, Column};
use morula_preprocess::{GeneSet, QcParams, Quality, SimulateParams, quality_control, simulate};
use morula_report::{CellQuality, Report, Run, Source};

fn quality(n_samples: usize) -> Quality {
    let params = SimulateParams { cells: 200, genes: 300, types: 3, ..Default::default() };
    let simulated = simulate(&params).unwrap();
    let mt = GeneSet { name: "mt".into(), genes: vec![0, 1, 2] };
    let samples = (0..200).map(|i| Some(format!("<s{}>", i % n_samples)));
    let samples = Categorical::from_labels(samples);
    let samples = (n_samples > 1).then_some(&samples);
    quality_control(simulated.counts.x(), &[mt], samples, &QcParams::default()).unwrap()
}

#[test]
fn every_metric_and_sample_is_drawn() {
    let report = Report::of_quality("a & b", &quality(2)).unwrap();
    let names: Vec<&str> = report.figures().iter().map(|figure| figure.name).collect();
    assert_eq!(names, ["qc_counts", "qc_genes", "qc_top_genes", "qc_mt", "qc_doublets"]);
    for figure in report.figures() {
        assert!(figure.png().starts_with(b"\x89PNG"));
        roxmltree::Document::parse(figure.svg()).unwrap();
    }
    assert!(report.html().contains("a &amp; b") && report.html().contains("&lt;s1&gt;"));
    assert!(!report.html().contains("<s1>"));
    let folder = tempfile::tempdir().unwrap();
    report.write(&folder.path().join("quality")).unwrap();
    assert!(folder.path().join("quality/qc_mt.svg").exists());
    let many = Report::of_quality("x", &quality(14)).unwrap();
    assert!(many.figures()[0].caption.contains("The first 12 of 14 samples"));
}

#[test]
fn a_run_shows_quality_by_cluster_with_warnings() {
    let mut run = Run::new("cells", "m", vec!["0".into(), "<1>".into()]);
    run.labels = vec![0, 0, 1, 1];
    run.confidence = vec![1.0; 4];
    run.layout = vec![0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
    assert!(!Report::new(&run).unwrap().html().contains("Quality by cluster"));
    run.quality = CellQuality {
        metrics: vec![("pct_counts_mt".into(), vec![1.0, 2.0, 30.0, f64::NAN])],
        flags: vec![
            ("mt_outlier".into(), vec![false, true, true, false]),
            ("predicted_doublet".into(), vec![false, false, true, true]),
        ],
    };
    let report = Report::new(&run).unwrap();
    assert!(report.html().contains("Quality by cluster"));
    assert!(report.html().contains("Cluster &lt;1&gt;</strong>: 100% of its cells are called"));
    // Half of the cells of both clusters are flagged for mitochondrial counts: not more than half.
    assert!(!report.html().contains("are flagged for mitochondrial counts"));
    assert!(report.html().contains("<td class=\"n\">30</td><td class=\"n\">50.0%</td>"));
    let figure = report.figures().iter().find(|f| f.name == "cluster_quality").unwrap();
    roxmltree::Document::parse(figure.svg()).unwrap();
    assert!(figure.svg().contains("predicted_doublet") && !figure.svg().contains("NaN"));
    run.quality.flags[1].1.pop();
    let error = Report::new(&run).unwrap_err().to_string();
    assert!(error.contains("predicted_doublet"), "{error}");
}

#[test]
fn columns_of_quality_control_are_read_for_the_cells_with_a_cluster() {
    let mut data = common::clustered();
    let found = quality(1);
    for (name, column) in found.obs() {
        let column = match column {
            Column::Float(all) => Column::Float(all[..6].to_vec()),
            Column::Int(all) => Column::Int(all[..6].to_vec()),
            Column::Bool(all) => Column::Bool(all[..6].to_vec()),
            other => panic!("{other:?}"),
        };
        data.obs.set(name, column).unwrap();
    }
    let source = Source { name: "six".into(), model: "jojoscl".into(), ..Default::default() };
    let run = Run::from_anndata(&data, &source).unwrap();
    let names: Vec<&str> = run.quality.metrics.iter().map(|m| m.0.as_str()).collect();
    assert_eq!(names, ["total_counts", "n_genes_by_counts", "pct_counts_mt", "doublet_score"]);
    let names: Vec<&str> = run.quality.flags.iter().map(|f| f.0.as_str()).collect();
    assert_eq!(names, ["mt_outlier", "predicted_doublet"]);
    // The third cell has no cluster.
    let counts = [0, 1, 3, 4, 5].map(|i| found.metrics.total_counts[i]);
    assert_eq!(run.quality.metrics[0].1, counts);
    assert!(Report::new(&run).unwrap().html().contains("Quality by cluster"));
    // A column of the same name with other values is left out.
    data.obs.set("predicted_doublet", Column::categorical([Some("no"); 6])).unwrap();
    let run = Run::from_anndata(&data, &source).unwrap();
    assert_eq!(run.quality.flags.len(), 1);
}
