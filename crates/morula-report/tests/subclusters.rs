//! The section about clusters within clusters.

mod common;

use common::{HOSTILE, clustered, splits, tree};
use morula_cluster::evidence;
use morula_data::UnsValue;
use morula_report::{Report, Run, Source};

/// A fit within a cluster, as `morula subcluster` describes it.
fn fit(of: &str, names: &[&str], sizes: &[i64]) -> UnsValue {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    UnsValue::map()
        .with("of", of)
        .with("model", "views")
        .with("names", names)
        .with("n_cells", sizes.to_vec())
}

#[test]
fn divided_clusters_are_shown_with_their_evidence() {
    let source = Source { name: "six".into(), model: "jojoscl".into(), ..Default::default() };
    let mut data = clustered();
    let page = |run: &Run| Report::new(run).unwrap().html().to_string();
    let plain = Run::from_anndata(&data, &source).unwrap();
    assert!(plain.divided.is_empty() && !page(&plain).contains("Clusters within clusters"));

    let fits = UnsValue::map()
        .with("10", fit("1", &["1"], &[3]))
        .with("9", fit(HOSTILE, &["0.1", "0.2"], &[2, 1]));
    data.uns.insert("jojoscl_subcluster".into(), UnsValue::map().with("fits", fits));
    let (two, found) = (tree(2), splits(&tree(2)));
    let of = [HOSTILE, "1", HOSTILE].map(String::from).to_vec();
    let rows = evidence::to_uns(&two, &found).unwrap().with("of", of);
    data.uns.insert("jojoscl_subcluster_evidence".into(), rows.clone());
    // Without the column of the parts they are those of other clusters.
    assert!(Run::from_anndata(&data, &source).unwrap().divided.is_empty());
    let column = data.obs.column("jojoscl").unwrap().clone();
    data.obs.set("jojoscl_subcluster", column).unwrap();
    let run = Run::from_anndata(&data, &source).unwrap();
    let names: Vec<&str> = run.divided.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, [HOSTILE, "1"]);
    assert_eq!(run.divided[0].parts, [("0.1".into(), 2), ("0.2".into(), 1)]);
    let of_first: Vec<_> = run.divided[0].splits.iter().map(|split| split.2.clone()).collect();
    assert_eq!(of_first, [found[0].clone(), found[2].clone()]);
    let html = page(&run);
    assert!(html.contains("Clusters within clusters") && !html.contains(HOSTILE));
    assert!(html.contains("0.1 (2), 0.2 (1)") && html.contains("one cluster"));
    // Of the splits, the one between the two parts.
    assert_eq!(html.matches("<td>yes</td>").count() + html.matches("<td>no</td>").count(), 1);

    // Lists that do not fit are no evidence.
    let short = rows.with("split", vec!["0 | 1".to_string()]);
    data.uns.insert("jojoscl_subcluster_evidence".into(), short);
    let run = Run::from_anndata(&data, &source).unwrap();
    assert!(run.divided.len() == 2 && run.divided.iter().all(|cluster| cluster.splits.is_empty()));
    data.uns.insert("jojoscl_subcluster".into(), UnsValue::from("someone else's"));
    assert!(Run::from_anndata(&data, &source).unwrap().divided.is_empty());
}
