//! The page about the quality of cells, and the section of a run's report.

use morula_data::Categorical;
use morula_preprocess::{GeneSet, QcParams, Quality, SimulateParams, quality_control, simulate};
use morula_report::{CellQuality, Report, Run};

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
        doublets: vec![false, false, true, true],
    };
    let report = Report::new(&run).unwrap();
    assert!(report.html().contains("Quality by cluster"));
    assert!(report.html().contains("Cluster &lt;1&gt;</strong>: 100% of its cells are called"));
    assert!(report.html().contains("30.0% of its counts"));
    run.quality.doublets.pop();
    assert!(Report::new(&run).is_err());
}
