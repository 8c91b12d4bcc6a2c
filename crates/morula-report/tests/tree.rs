//! The tree of the clusters and its evidence: picture, section and table.

mod common;

use common::{HOSTILE, clustered, hostile, splits, tree};
use morula_cluster::{ClusterTree, Merge, evidence};
use morula_data::UnsValue;
use morula_report::{Report, Run, Source};
use roxmltree::Document;

/// The texts of a picture.
fn texts(svg: &str) -> Vec<String> {
    let svg = Document::parse(svg).unwrap();
    let texts = svg.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text().map(str::to_string)).collect()
}

fn drawn(run: &Run) -> Option<Vec<String>> {
    let report = Report::new(run).unwrap();
    report.figures().iter().find(|f| f.name == "cluster_tree").map(|f| texts(f.svg()))
}

/// A run of two clusters, as they are numbered, with the tree of [`tree`].
fn two() -> Run {
    let mut run = hostile(20, 2);
    run.clusters = vec!["0".into(), "1".into()];
    run
}

#[test]
fn every_split_has_its_numbers() {
    let mut run = two();
    let report = Report::new(&run).unwrap();
    let texts = drawn(&run).unwrap();
    for text in ["0.1", "1.2", "10 | 11", "12 | 13", "21 | 25", "0.111", "0.80", "1e-18", "0.10"] {
        assert!(texts.iter().any(|t| t == text), "{text} in {texts:?}");
    }
    assert_eq!(texts.iter().filter(|t| *t == "no").count(), 1);
    assert_eq!(texts.iter().filter(|t| *t == "yes").count(), 2);
    let html = report.html();
    assert!(html.contains("1 of 1 splits between clusters, 1 of 2 within clusters"), "{html}");
    assert!(html.contains("3 of 4 groups") && html.contains("not the same as discrete"));
    let table = &report.tables()[0];
    assert_eq!(table.0, "evidence");
    let lines: Vec<&str> = table.1.lines().collect();
    assert_eq!(
        lines[0],
        "split,n_cells_first,n_cells_second,contact,found_again,p,supported,error,n_markers"
    );
    assert_eq!(lines[1], "0.2 | 0.1,10,11,1.0,0.8,1.0,True,0.1,0.0");
    assert_eq!(lines[2], "1.2 | 1.1,12,13,0.2,0.3,,False,,");
    assert_eq!(lines.len(), 4);

    // Without evidence the tree alone.
    run.splits.clear();
    let report = Report::new(&run).unwrap();
    assert!(report.tables().is_empty() && !report.html().contains("discrete"));
    assert!(!drawn(&run).unwrap().contains(&"supported".to_string()));
    run.tree = None;
    assert_eq!(drawn(&run), None);
}

#[test]
fn clusters_without_support_are_one() {
    let mut run = two();
    for split in &mut run.splits {
        (split.supported, split.p) = (false, Some(0.6));
    }
    let html = Report::new(&run).unwrap().html().to_string();
    assert!(html.contains("One cluster is supported.") && html.contains("None of the 3 splits"));
    // A split below a first one without support.
    run.splits[0].supported = true;
    let html = Report::new(&run).unwrap().html().to_string();
    assert!(!html.contains("One cluster is supported.") && html.contains("The first split has no"));
    let mut single = hostile(5, 1);
    single.tree = ClusterTree::from_parts(0.4, vec![0], vec![5], Vec::new()).ok();
    single.splits.clear();
    let report = Report::new(&single).unwrap();
    assert!(report.html().contains("there is no split to test"));
}

#[test]
fn large_trees_and_odd_names_are_drawn() {
    let run = hostile(400, 60);
    let texts = drawn(&run).unwrap();
    assert_eq!(texts.iter().filter(|t| t.contains(" | ")).count(), 39);
    let report = Report::new(&run).unwrap();
    let figure = report.figures().iter().find(|f| f.name == "cluster_tree").unwrap();
    assert!(figure.caption.contains("The first 39 of 119 splits"));
    assert!(figure.size().1 < 1800.0);
    // A name in a table is no formula and no line of its own.
    let mut run = two();
    run.clusters = vec!["=1+1".into(), HOSTILE.into()];
    let report = Report::new(&run).unwrap();
    let csv = &report.tables()[0].1;
    assert!(csv.contains("\n'=1+1.2 | =1+1.1,") && !csv.contains('\u{1}'), "{csv}");
    assert_eq!(csv.lines().count(), 4);
}

#[test]
fn trees_of_files_are_read_if_they_fit() {
    let source = Source { name: "six".into(), model: "jojoscl".into(), ..Default::default() };
    let with = |tree: &ClusterTree, evidence: UnsValue| {
        let mut data = clustered();
        let about = data.uns.remove("jojoscl").unwrap().with("tree", tree.to_uns());
        data.uns.insert("jojoscl".into(), about);
        data.uns.insert("jojoscl_evidence".into(), evidence);
        Run::from_anndata(&data, &source).unwrap()
    };
    let (two, splits) = (tree(2), splits(&tree(2)));
    let stored = evidence::to_uns(&two, &splits).unwrap();
    let run = with(&two, stored.clone());
    assert_eq!((run.tree, run.splits), (Some(two.clone()), splits));
    let run = with(&two, UnsValue::Text("someone else's".into()));
    assert!(run.tree.is_some() && run.splits.is_empty());
    // Of three clusters, while the column has two.
    let run = with(&tree(3), stored.clone());
    assert!(run.tree.is_none() && run.splits.is_empty());
    let merges = vec![Merge { parts: [0, 1], contact: 0.1 }];
    let other = ClusterTree::from_parts(0.4, vec![0, 1], vec![2, 3], merges).unwrap();
    assert!(with(&other, stored).splits.is_empty());

    let mut run = Run::from_anndata(&clustered(), &source).unwrap();
    (run.tree, run.splits) = (Some(two), common::splits(&tree(1)));
    let error = Report::new(&run).unwrap_err().to_string();
    assert!(error.contains("splits with evidence"), "{error}");
}
