//! Levels of clusters, their evidence, and cuts.

use morula::data::{AnnData, Column, UnsValue, read, write_h5ad};

use crate::sandbox::Sandbox;

fn labels(data: &AnnData, column: &str) -> Vec<Option<String>> {
    data.obs.column(column).unwrap().labels()
}

/// Every group of `fine` lies in one group of `coarse`.
fn nested(data: &AnnData, fine: &str, coarse: &str) {
    let mut whole = std::collections::BTreeMap::new();
    for (fine, coarse) in labels(data, fine).into_iter().zip(labels(data, coarse)) {
        let known = whole.entry(fine.clone()).or_insert(coarse.clone());
        assert_eq!(*known, coarse, "{fine:?}");
    }
}

#[test]
fn a_fit_has_nested_levels_and_evidence() {
    let sandbox = Sandbox::simulated();
    let run = sandbox.ok("cluster in.h5ad --epochs 2 --out c.h5ad --json");
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let levels = &summary["levels"];
    assert!(levels["n_fine"].as_u64() >= summary["n_clusters"].as_u64(), "{summary}");
    assert!(levels["n_coarse"].as_u64() <= summary["n_clusters"].as_u64(), "{summary}");
    assert!(levels["n_supported"].as_u64() > Some(1), "{summary}");
    let data = read(sandbox.path("c.h5ad")).unwrap();
    nested(&data, "jojoscl_fine", "jojoscl");
    nested(&data, "jojoscl", "jojoscl_coarse");
    let evidence = &data.uns["jojoscl_evidence"];
    let Some(UnsValue::Texts(splits)) = evidence.get("split") else { panic!("names") };
    let Some(UnsValue::Ints(merges)) =
        data.uns["jojoscl"].get("tree").and_then(|t| t.get("merges")?.get("first"))
    else {
        panic!("merges")
    };
    assert_eq!(splits.len(), merges.len());
    let Some(UnsValue::Ints(supported)) = evidence.get("supported") else { panic!() };
    assert!(supported.contains(&1));
    assert!(splits.iter().all(|split| split.contains(" | ")), "{splits:?}");

    sandbox.ok("cluster in.h5ad --epochs 2 --out none.h5ad --evidence none --quiet");
    let none = read(sandbox.path("none.h5ad")).unwrap();
    assert!(!none.uns.contains_key("jojoscl_evidence"));
    assert_eq!(labels(&none, "jojoscl"), labels(&data, "jojoscl"));
}

/// Levels and evidence of an earlier run stand beside no other clusters. What others wrote stays.
#[test]
fn what_does_not_fit_new_clusters_is_removed() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad --epochs 2 --out c.h5ad --save-model model --quiet");
    let first = read(sandbox.path("c.h5ad")).unwrap();
    assert!(first.obs.column("jojoscl_fine").is_ok() && first.uns.contains_key("jojoscl_evidence"));
    let gone = |data: &AnnData| {
        assert!(!data.uns.contains_key("jojoscl_evidence"));
        for level in ["jojoscl_coarse", "jojoscl_fine"] {
            assert!(data.obs.column(level).is_err(), "{level}");
        }
    };
    sandbox.ok("predict model c.h5ad --out p.h5ad --quiet");
    gone(&read(sandbox.path("p.h5ad")).unwrap());
    sandbox.ok("predict model c.h5ad --out d.h5ad --drop-filtered --quiet");
    gone(&read(sandbox.path("d.h5ad")).unwrap());
    sandbox.refuses("cut p.h5ad --level fine --out x.h5ad", 1, &["jojoscl_fine"]);

    sandbox.ok("cluster c.h5ad --epochs 2 --evidence none --out n.h5ad --quiet");
    let none = read(sandbox.path("n.h5ad")).unwrap();
    assert!(none.obs.column("jojoscl_fine").is_ok() && !none.uns.contains_key("jojoscl_evidence"));
    // An entry of that name that somebody else wrote is not touched.
    let mut other = first;
    let note = UnsValue::map().with("note", "ours");
    other.uns.insert("jojoscl_evidence".into(), note.clone());
    write_h5ad(sandbox.path("other.h5ad"), &other).unwrap();
    sandbox.ok("predict model other.h5ad --out o.h5ad --quiet");
    assert_eq!(read(sandbox.path("o.h5ad")).unwrap().uns["jojoscl_evidence"], note);
}

#[test]
fn results_are_cut_again_without_training() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad --epochs 2 --out c.h5ad --quiet");
    let before = read(sandbox.path("c.h5ad")).unwrap();
    for (flag, same) in
        [("default", "jojoscl"), ("coarse", "jojoscl_coarse"), ("fine", "jojoscl_fine")]
    {
        sandbox.ok(&format!("cut c.h5ad --level {flag} --out cut.h5ad"));
        let data = read(sandbox.path("cut.h5ad")).unwrap();
        assert_eq!(labels(&data, "jojoscl_cut"), labels(&before, same), "{flag}");
    }
    sandbox.ok("cut c.h5ad -k 2 --key-added two --out c.h5ad");
    sandbox.ok("cut c.h5ad --resolution 0.3 --key-added at --out c.h5ad");
    let data = read(sandbox.path("c.h5ad")).unwrap();
    let Column::Categorical(two) = data.obs.column("two").unwrap() else { panic!() };
    assert_eq!(two.categories().len(), 2);
    nested(&data, "jojoscl", "two");
    assert_eq!(data.obsm, before.obsm);

    sandbox.refuses("cut c.h5ad -k 9999 --out x.h5ad", 1, &["9999", "at most"]);
    sandbox.refuses("cut c.h5ad --out x.h5ad", 2, &["--level"]);
    sandbox.refuses("cut in.h5ad -k 2 --out x.h5ad", 1, &["in.h5ad", "morula cluster"]);
    sandbox.refuses("cut c.h5ad -k 2 --result other --out x.h5ad", 1, &["other"]);
}
