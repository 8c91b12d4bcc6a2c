//! Clusters within clusters.

use std::fs;

use morula::data::{AnnData, Column, UnsValue, read, write_h5ad};

use crate::sandbox::{Run, Sandbox};

const KEY: &str = "jojoscl_subcluster";

/// With `c.h5ad`: two clusters of cells of four types.
fn clustered() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok("simulate --cells 240 --types 4 --genes 200 --out in.h5ad");
    sandbox.ok("cluster in.h5ad -k 2 --epochs 2 --out c.h5ad --quiet");
    sandbox
}

fn labels(data: &AnnData, column: &str) -> Vec<Option<String>> {
    data.obs.column(column).unwrap().labels()
}

fn texts(entry: &UnsValue, name: &str) -> Vec<String> {
    match entry.get(name) {
        Some(UnsValue::Texts(texts)) => texts.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn parts_are_named_and_the_rest_keeps_its_labels() {
    let sandbox = clustered();
    let run = sandbox.ok("subcluster c.h5ad --of 0 --out s.h5ad --json");
    let summary = run.json();
    let divided = &summary["divided"][0];
    let names = divided["names"].as_array().unwrap();
    let sizes: Vec<u64> =
        divided["cluster_sizes"].as_array().unwrap().iter().flat_map(|n| n.as_u64()).collect();
    assert!(names.len() > 1 && sizes.is_sorted_by(|a, b| a >= b), "{summary}");
    assert!(names.iter().enumerate().all(|(i, name)| *name == format!("0.{}", i + 1)));
    assert!(divided["n_splits_supported"].as_u64() > Some(0), "{summary}");
    assert_eq!((&summary["model"], &summary["column"]), (&"jojoscl".into(), &KEY.into()));

    let [before, after] = ["c.h5ad", "s.h5ad"].map(|file| read(sandbox.path(file)).unwrap());
    for (old, new) in labels(&before, "jojoscl").iter().zip(labels(&after, KEY)) {
        match old.as_deref() {
            Some("0") => assert!(new.is_some_and(|name| name.starts_with("0."))),
            _ => assert_eq!(*old, new),
        }
    }
    let Column::Categorical(groups) = after.obs.column(KEY).unwrap() else { panic!() };
    assert_eq!(groups.categories().len(), names.len() + 1);
    assert_eq!(groups.categories().last().map(String::as_str), Some("1"));
    for (part, &size) in sizes.iter().enumerate() {
        let of_part = groups.codes().iter().filter(|&&code| code == part as i32).count();
        assert_eq!(of_part as u64, size);
    }
    // Everything that was there stays.
    for (name, column) in before.obs.columns() {
        assert_eq!(after.obs.column(name).unwrap(), column, "{name}");
    }
    assert_eq!((&before.x, &before.obsm, &before.var), (&after.x, &after.obsm, &after.var));
    assert!(before.uns.iter().all(|(name, value)| after.uns[name] == *value));
    let confidence = |name: &str| match after.obs.column(name).unwrap() {
        Column::Float(values) => values.clone(),
        other => panic!("{other:?}"),
    };
    let (whole, part) =
        (confidence("jojoscl_confidence"), confidence(&format!("{KEY}_confidence")));
    let old = labels(&before, "jojoscl");
    for ((whole, part), label) in whole.iter().zip(part).zip(old) {
        assert!(if label.as_deref() == Some("0") { part <= *whole } else { part == *whole });
    }

    let evidence = &after.uns[&format!("{KEY}_evidence")];
    let splits = texts(evidence, "split");
    assert!(splits.iter().any(|split| split.contains("0.1")), "{splits:?}");
    assert!(texts(evidence, "of").iter().all(|of| of == "0"));
    // The form is that of other evidence.
    let usual = &before.uns["jojoscl_evidence"];
    let UnsValue::Map(usual) = usual else { panic!() };
    assert!(usual.keys().all(|column| evidence.get(column).is_some()));
    let fit = after.uns[KEY].get("fits").and_then(|fits| fits.get("0")).unwrap();
    assert_eq!(fit.get("params").and_then(|p| p.get("epochs")), Some(&UnsValue::Int(2)));
    assert_eq!(texts(fit, "names").len(), names.len());

    // The same again, on any number of threads.
    let mut command = sandbox.command();
    command.env("RAYON_NUM_THREADS", "1");
    let line = "subcluster c.h5ad --of 0 --out t.h5ad --quiet";
    assert_eq!(Run::of(command.args(line.split(' '))).code, 0);
    assert_eq!(
        fs::read(sandbox.path("s.h5ad")).unwrap(),
        fs::read(sandbox.path("t.h5ad")).unwrap()
    );
    sandbox.ok("subcluster c.h5ad --of 0 --out u.h5ad --evidence none");
    let data = read(sandbox.path("u.h5ad")).unwrap();
    assert_eq!(labels(&data, KEY), labels(&after, KEY));
    assert!(!data.uns.contains_key(&format!("{KEY}_evidence")));
}

#[test]
fn parts_are_divided_further_and_clusters_one_by_one() {
    let sandbox = clustered();
    sandbox.ok("subcluster c.h5ad --of 1,0 -k 2 --out both.h5ad");
    sandbox.ok("subcluster c.h5ad --of 0 -k 2 --out s.h5ad");
    let run = sandbox.ok("subcluster s.h5ad --of 1 -k 2 --out s.h5ad");
    assert!(run.stderr.contains("clusters of obs jojoscl_subcluster"), "{}", run.stderr);
    let [both, one] = ["both.h5ad", "s.h5ad"].map(|file| read(sandbox.path(file)).unwrap());
    assert_eq!(both.obs.column(KEY).unwrap(), one.obs.column(KEY).unwrap());

    sandbox.ok("subcluster s.h5ad --of 0.1 -k 2 --out s.h5ad");
    let data = read(sandbox.path("s.h5ad")).unwrap();
    let Column::Categorical(groups) = data.obs.column(KEY).unwrap() else { panic!() };
    assert_eq!(groups.categories(), ["0.1.1", "0.1.2", "0.2", "1.1", "1.2"]);
    let of = texts(&data.uns[&format!("{KEY}_evidence")], "of");
    assert!(["0", "1", "0.1"].iter().all(|name| of.iter().any(|of| of == name)), "{of:?}");
    assert_eq!(data.uns[KEY].get("groupby"), Some(&"jojoscl".into()));
    sandbox.refuses(
        "subcluster s.h5ad --of 0 --out out.h5ad",
        1,
        &["split already", "0.1.1, 0.1.2, 0.2", "--groupby jojoscl"],
    );
    // From the clusters of the model again, or under another name.
    sandbox.ok("subcluster s.h5ad --of 0 -k 3 --groupby jojoscl --out s.h5ad --evidence none");
    let data = read(sandbox.path("s.h5ad")).unwrap();
    let Column::Categorical(groups) = data.obs.column(KEY).unwrap() else { panic!() };
    assert_eq!(groups.categories(), ["0.1", "0.2", "0.3", "1"]);
    assert!(!data.uns.contains_key(&format!("{KEY}_evidence")));
    sandbox.ok("subcluster s.h5ad --of 1 --groupby jojoscl --key-added mine --out s.h5ad");
    let data = read(sandbox.path("s.h5ad")).unwrap();
    assert!(data.uns.contains_key("mine") && data.uns.contains_key("mine_evidence"));
    assert!(labels(&data, "mine").iter().flatten().any(|label| label == "0"));

    // One part keeps the name.
    let run = sandbox.ok("subcluster c.h5ad --of 0 -k 1 --out one.h5ad");
    assert!(run.stderr.contains("one cluster is found, which keeps its name"), "{}", run.stderr);
    let data = read(sandbox.path("one.h5ad")).unwrap();
    assert_eq!(labels(&data, KEY), labels(&data, "jojoscl"));
}

#[test]
fn every_model_and_any_clusters() {
    let sandbox = clustered();
    let run = sandbox.ok("subcluster c.h5ad --model views --of 0 --out v.h5ad --json");
    assert_eq!(run.json()["model"], "views");
    fs::write(sandbox.path("k.toml"), "model = \"scsiameseclu\"\nautoencoder_epochs = 1\n")
        .unwrap();
    let run = sandbox.ok("subcluster c.h5ad --config k.toml --of 0 --out v.h5ad --json");
    assert_eq!(run.json()["model"], "scsiameseclu");
    let run = sandbox.ok("subcluster c.h5ad --of 0 --evidence full --out v.h5ad --seed 3 --json");
    assert!(run.json()["divided"][0]["n_supported"].as_u64() > Some(1), "{}", run.stdout);

    // A result under another name, as Python writes it, with clusters of other names.
    let mut data = read(sandbox.path("c.h5ad")).unwrap();
    let about = data.uns.remove("jojoscl").unwrap();
    data.uns.insert("mine".into(), about);
    let named = labels(&data, "jojoscl").into_iter().map(|label| label.map(|l| format!("T, {l}")));
    data.obs.set("mine", Column::categorical(named)).unwrap();
    write_h5ad(sandbox.path("mine.h5ad"), &data).unwrap();
    let mut command = sandbox.command();
    command.args(["subcluster", "mine.h5ad", "--result", "mine", "--of", "T, 0", "-k", "2"]);
    let run = Run::of(command.args(["--out", "m.h5ad", "--json"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let names = &run.json()["divided"][0]["names"];
    assert_eq!(*names, serde_json::json!(["T, 0.1", "T, 0.2"]));
    sandbox.refuses("subcluster mine.h5ad --of 0 --out out.h5ad", 1, &["morula cluster"]);
}

#[test]
fn cells_without_a_cluster_stay_without() {
    let sandbox = Sandbox::simulated();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let x = data.x.as_mut().unwrap();
    let end = x.indptr()[3];
    let start = x.indptr()[2];
    x.data_mut()[start..end].iter_mut().for_each(|v| *v = 0.0);
    write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    sandbox.ok("cluster in.h5ad --model views -k 2 --out c.h5ad --quiet");
    sandbox.ok("cluster in.h5ad --model views -k 2 --drop-filtered --out d.h5ad --quiet");
    for (file, n_cells) in [("c.h5ad", 150), ("d.h5ad", 149)] {
        sandbox.ok(&format!("subcluster {file} --of 0 -k 2 --out s.h5ad"));
        let data = read(sandbox.path("s.h5ad")).unwrap();
        let found = labels(&data, "views_subcluster");
        assert_eq!(found.len(), n_cells);
        for (cluster, part) in labels(&data, "views").iter().zip(&found) {
            assert_eq!(cluster.is_none(), part.is_none());
        }
        assert_eq!(found.iter().filter(|label| label.is_none()).count(), n_cells - 149);
    }
}

#[test]
fn what_cannot_be_divided_is_refused() {
    let sandbox = clustered();
    let refuse = |more: &str, code: i32, parts: &[&str]| {
        sandbox.refuses(&format!("subcluster c.h5ad --out out.h5ad {more}"), code, parts);
    };
    refuse("--of 7", 1, &["no cluster \"7\" in jojoscl", "0, 1"]);
    refuse("--of 0,7", 1, &["\"7\""]);
    refuse("", 2, &["--of"]);
    refuse("--of 0 -k 5000", 1, &["\"0\"", "5000"]);
    refuse("--of 0 --result views", 1, &["views", "morula cluster"]);
    refuse("--of 0 --groupby nothing", 1, &["nothing", "jojoscl_coarse"]);
    refuse("--of 0 --layer counts", 1, &["counts"]);
    refuse("--of 0 --batch donor", 1, &["donor"]);
    // Results of others are not replaced.
    for key in ["jojoscl", "jojoscl_fine", "cell_type", "jojoscl_evidence"] {
        refuse(&format!("--of 0 --key-added {key}"), 2, &[key, "another name"]);
    }
    sandbox.refuses("subcluster in.h5ad --of 0 --out out.h5ad", 1, &["in.h5ad", "morula cluster"]);
    sandbox.ok("cluster c.h5ad --model views --out two.h5ad --quiet");
    sandbox.refuses(
        "subcluster two.h5ad --of 0 --out out.h5ad",
        2,
        &["jojoscl, views", "--result"],
    );
    sandbox.ok("subcluster two.h5ad --of 0 --result views --out s.h5ad");

    let mut data = read(sandbox.path("c.h5ad")).unwrap();
    let mut few = labels(&data, "jojoscl");
    few[..4].iter_mut().for_each(|label| *label = Some("9".into()));
    data.obs.set("jojoscl", Column::categorical(few)).unwrap();
    write_h5ad(sandbox.path("few.h5ad"), &data).unwrap();
    sandbox.refuses("subcluster few.h5ad --of 9 --out out.h5ad", 1, &["\"9\" has 4 cells", "6"]);
    data.x.as_mut().unwrap().data_mut()[0] = 0.5;
    write_h5ad(sandbox.path("few.h5ad"), &data).unwrap();
    sandbox.refuses("subcluster few.h5ad --of 0 --out out.h5ad", 1, &["raw count"]);
}

/// The rules of outputs are those of every command.
#[test]
fn outputs_cost_no_input() {
    let sandbox = clustered();
    fs::write(sandbox.path("k.toml"), "epochs = 1\n").unwrap();
    let line = "subcluster c.h5ad --of 0 --config k.toml --out";
    sandbox.refuses(&format!("{line} k.toml"), 2, &["k.toml", "another name"]);
    sandbox.refuses(&format!("{line} ."), 2, &["folder"]);
    sandbox.refuses(&format!("{line} nowhere/s.h5ad"), 1, &["nowhere"]);
    assert_eq!(fs::read_to_string(sandbox.path("k.toml")).unwrap(), "epochs = 1\n");
    let before = read(sandbox.path("c.h5ad")).unwrap();
    sandbox.ok(&format!("{line} c.h5ad"));
    let after = read(sandbox.path("c.h5ad")).unwrap();
    assert_eq!(before.obsm, after.obsm);
    assert!(after.obs.column(KEY).is_ok());

    // Parts of other clusters than the present ones are forgotten.
    sandbox.ok("cluster c.h5ad --epochs 1 --seed 4 --out n.h5ad --quiet");
    let data = read(sandbox.path("n.h5ad")).unwrap();
    for part in [KEY.to_string(), format!("{KEY}_confidence"), format!("{KEY}_evidence")] {
        assert!(data.obs.column(&part).is_err() && !data.uns.contains_key(&part), "{part}");
    }
    let mut data = after;
    let swapped = labels(&data, "jojoscl").into_iter().map(|label| label.map(|l| l + "x"));
    data.obs.set("jojoscl", Column::categorical(swapped)).unwrap();
    write_h5ad(sandbox.path("renamed.h5ad"), &data).unwrap();
    let line = "subcluster renamed.h5ad --of 0x --out out.h5ad";
    sandbox.refuses(line, 2, &[KEY, "--groupby"]);
    sandbox.ok("subcluster renamed.h5ad --of 0x --groupby jojoscl --out s.h5ad");
}

/// Columns that others named as ours would be are neither replaced nor removed.
#[test]
fn columns_of_others_stay() {
    let sandbox = clustered();
    let mut data = read(sandbox.path("c.h5ad")).unwrap();
    let column = Column::Float(vec![0.25; 240]);
    for name in [KEY.to_string(), format!("{KEY}_confidence"), "mine_confidence".into()] {
        data.obs.set(name, column.clone()).unwrap();
    }
    data.uns.insert("other_evidence".into(), "a text".into());
    write_h5ad(sandbox.path("own.h5ad"), &data).unwrap();
    for key in ["mine", "other"] {
        let line = format!("subcluster own.h5ad --of 0 --key-added {key} --out own.h5ad");
        sandbox.refuses(&line, 2, &[key, "another name"]);
    }
    for out in ["own.h5ad", "own.zarr"] {
        sandbox.ok(&format!("cluster own.h5ad --epochs 1 -k 2 --out {out} --quiet"));
        let after = read(sandbox.path(out)).unwrap();
        for name in [KEY.to_string(), format!("{KEY}_confidence"), "mine_confidence".into()] {
            assert_eq!(after.obs.column(&name).unwrap(), &column, "{out} {name}");
        }
    }
    sandbox.refuses("cluster own.h5ad --out own.zarr.zip", 2, &["own.zarr.zip", ".zarr or .h5ad"]);
}

#[test]
fn batches_are_corrected_within_clusters() {
    let sandbox = Sandbox::new();
    sandbox.ok("simulate --cells 240 --types 4 --batches 2 --genes 200 --out in.h5ad");
    sandbox.ok("cluster in.h5ad --model views -k 2 --batch batch --out c.h5ad --quiet");
    let run = sandbox.ok("subcluster c.h5ad --of 0 --out s.h5ad");
    assert!(run.stderr.contains("with --batch OBS"), "{}", run.stderr);
    let run = sandbox.ok("subcluster c.h5ad --of 0 --batch batch --out s.h5ad");
    assert!(!run.stderr.contains("with --batch OBS"), "{}", run.stderr);
    let data = read(sandbox.path("s.h5ad")).unwrap();
    let fit = data.uns["views_subcluster"].get("fits").and_then(|fits| fits.get("0")).unwrap();
    assert_eq!(texts(fit, "batches").len(), 2);
    // A cluster of one batch.
    let mut data = read(sandbox.path("c.h5ad")).unwrap();
    data.obs.set("views", data.obs.column("batch").unwrap().clone()).unwrap();
    write_h5ad(sandbox.path("b.h5ad"), &data).unwrap();
    let first = labels(&data, "batch")[0].clone().unwrap();
    let run = sandbox.ok(&format!("subcluster b.h5ad --of {first} --batch batch --out s.h5ad"));
    assert!(run.stderr.contains("too few batches"), "{}", run.stderr);
}
