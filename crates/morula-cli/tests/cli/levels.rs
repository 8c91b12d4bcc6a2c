//! Levels of clusters, their evidence, and cuts.

use std::collections::BTreeSet;

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

/// The second fit of `full` finds the same types in another number of molecules. Half of the counts
/// are lost: in clearer data, network and views give the same evidence.
#[test]
fn evidence_of_the_whole_model() {
    let sandbox = Sandbox::new();
    sandbox.ok("simulate --cells 240 --types 4 --genes 300 --dropout 0.5 --out in.h5ad");
    for model in ["jojoscl", "views"] {
        let epochs = if model == "views" { "" } else { "--epochs 2" };
        let run = format!("cluster in.h5ad --model {model} {epochs} --json --evidence");
        let full = sandbox.ok(&format!("{run} full --out full.h5ad"));
        let views = sandbox.ok(&format!("{run} views --out views.h5ad"));
        assert!(full.stderr.contains("fitted again") && !views.stderr.contains("fitted again"));
        let [full, views] = ["full.h5ad", "views.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
        let of = |data: &AnnData| data.uns[&format!("{model}_evidence")].clone();
        assert_eq!(labels(&full, model), labels(&views, model));
        assert!(model == "views" || of(&full) != of(&views));
        let Some(UnsValue::Ints(supported)) = of(&full).get("supported").cloned() else { panic!() };
        assert!(supported.contains(&1), "{model}");
    }
}

/// Evidence of an earlier run stands beside no other clusters, and levels are those of the new ones.
/// What others wrote stays.
#[test]
fn what_does_not_fit_new_clusters_is_removed() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad --epochs 2 --out c.h5ad --save-model model --quiet");
    let first = read(sandbox.path("c.h5ad")).unwrap();
    assert!(first.obs.column("jojoscl_fine").is_ok() && first.uns.contains_key("jojoscl_evidence"));
    sandbox.ok("cluster in.h5ad --epochs 3 --seed 8 --out e.h5ad --quiet");
    for out in ["p.h5ad", "p.h5ad --drop-filtered"] {
        sandbox.ok(&format!("predict model e.h5ad --quiet --out {out}"));
        let data = read(sandbox.path("p.h5ad")).unwrap();
        assert!(!data.uns.contains_key("jojoscl_evidence"));
        for level in ["jojoscl", "jojoscl_coarse"] {
            assert_eq!(labels(&data, level), labels(&first, level), "{level}");
        }
        // The border between two communities of one type is not as sharp.
        nested(&data, "jojoscl_fine", "jojoscl");
    }
    sandbox.ok("cut p.h5ad --level fine --out x.h5ad");
    let cut = read(sandbox.path("x.h5ad")).unwrap();
    assert_eq!(labels(&cut, "jojoscl_cut"), labels(&cut, "jojoscl_fine"));

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

/// New clusters have their own numbers, so those that `match` gave to earlier ones are forgotten.
#[test]
fn renamed_clusters_are_not_cut_but_later_ones_are() {
    let sandbox = Sandbox::simulated();
    let fit = "--epochs 2 --evidence none --quiet";
    sandbox.ok(&format!("cluster in.h5ad {fit} --out a.h5ad --save-model model"));
    sandbox.ok(&format!("cluster in.h5ad {fit} --seed 3 --out b.h5ad"));
    sandbox.ok("match a.h5ad b.h5ad --out b.h5ad");
    sandbox.refuses("cut b.h5ad -k 2 --out x.h5ad", 1, &["renamed"]);
    for command in [format!("cluster b.h5ad {fit}"), "predict model b.h5ad --quiet".into()] {
        sandbox.ok(&format!("{command} --out again.h5ad"));
        sandbox.ok("cut again.h5ad -k 2 --out x.h5ad");
    }
}

/// A head without a tree leaves no levels of an earlier run.
#[test]
fn clusters_without_a_tree_have_no_levels() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad --epochs 2 --out c.h5ad --quiet");
    std::fs::write(sandbox.path("k.toml"), "head = \"kmeans\"\nn_clusters = 3\n").unwrap();
    sandbox.ok("cluster c.h5ad --epochs 2 --config k.toml --out k.h5ad --quiet");
    let data = read(sandbox.path("k.h5ad")).unwrap();
    assert!(data.obs.column("jojoscl").is_ok() && !data.uns.contains_key("jojoscl_evidence"));
    for level in ["jojoscl_coarse", "jojoscl_fine"] {
        assert!(data.obs.column(level).is_err(), "{level}");
    }
}

/// A saved model is cut as the file that was written beside it.
#[test]
fn models_are_cut_again_without_training() {
    let sandbox = Sandbox::simulated();
    for model in ["jojoscl", "scsiameseclu", "views"] {
        let epochs = if model == "views" { "" } else { "--epochs 2" };
        sandbox.ok(&format!(
            "cluster in.h5ad --model {model} {epochs} --out c.h5ad --save-model model --quiet"
        ));
        for level in ["-k 2", "--level coarse", "--level fine"] {
            sandbox.ok(&format!("cut c.h5ad {level} --out cut.h5ad"));
            let run = sandbox.ok(&format!("cut model {level} --out other --json"));
            let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
            sandbox.ok("predict other in.h5ad --out p.h5ad --quiet");
            let [cut, predicted] =
                ["cut.h5ad", "p.h5ad"].map(|file| read(sandbox.path(file)).unwrap());
            let of_file = labels(&cut, &format!("{model}_cut"));
            let of_model = labels(&predicted, model);
            let Column::Categorical(groups) = predicted.obs.column(model).unwrap() else {
                panic!()
            };
            let k = groups.categories().len();
            assert_eq!(summary["n_clusters"].as_u64(), Some(k as u64), "{summary}");
            // The border between two communities of one type is not as sharp.
            let first = |label: &Option<String>| of_file.iter().position(|other| other == label);
            let whole = |(a, b): (&Option<String>, &Option<String>)| {
                first(a).is_some_and(|at| of_model[at] == *b)
            };
            let same = of_file.iter().zip(&of_model).filter(|pair| whole(*pair)).count();
            let least = if level == "--level fine" { 2 * of_file.len() / 3 } else { of_file.len() };
            assert!(same >= least, "{model} {level}: {same} of {}", of_file.len());
            let distinct = |labels: &[Option<String>]| labels.iter().collect::<BTreeSet<_>>().len();
            assert_eq!([distinct(&of_file), distinct(&of_model)], [k, k], "{model} {level}");
        }
    }
    sandbox.refuses("cut model -k 2 --out model", 2, &["replaced as a whole"]);
    sandbox.refuses("cut model -k 2 --key-added x --out other", 2, &["--key-added"]);
    sandbox.refuses("cut model -k 9999 --out other", 1, &["9999", "at most"]);
    std::fs::write(sandbox.path("k.toml"), "head = \"kmeans\"\nn_clusters = 3\n").unwrap();
    sandbox.ok("cluster in.h5ad --epochs 2 --config k.toml --out c.h5ad --save-model k --quiet");
    sandbox.refuses("cut k -k 2 --out other", 2, &["communities"]);
}
