//! scSiameseClu through the same commands as JojoSCL, and each distinct from the other.

use std::fs;

use morula::data::{AnnData, Column, CsrMatrix, UnsValue, read, write_h5ad};

use crate::sandbox::{Run, Sandbox, two_kinds};

/// Two epochs of every stage in small networks.
const QUICK: &str = "model = \"scsiameseclu\"\nn_clusters = 3\nautoencoder_epochs = 2\n\
    graph_epochs = 2\njoint_epochs = 2\nepochs = 2\ncomponents = 10\nwidths = [16, 16]\n\
    graph_widths = [16]\nlatent = 6\nneighbors = 5\nrecipe.n_top_genes = 50\n";

/// With `in.h5ad` and the configuration `run.toml`.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::simulated();
    fs::write(sandbox.path("run.toml"), QUICK).unwrap();
    sandbox
}

fn layers(sandbox: &Sandbox, name: &str) -> AnnData {
    read(sandbox.path(name)).unwrap()
}

#[test]
fn clusters_are_written_under_the_models_name_and_predicted_again() {
    let sandbox = sandbox();
    let line = "cluster in.h5ad --config run.toml --out c.h5ad --save-model m --json";
    let run = sandbox.ok(&format!("{line} --model scsiameseclu --seed 5 --epochs 3"));
    let summary = run.json();
    assert_eq!(summary["model"], "scsiameseclu");
    assert_eq!((&summary["epochs"], &summary["seed"]), (&9.into(), &5.into()));
    for (epoch, stage) in [(1, "autoencoder"), (3, "graph"), (5, "joint"), (9, "main")] {
        let line = format!("epoch {epoch}/9: {stage}, loss");
        assert!(run.stderr.contains(&line), "{line}\n{}", run.stderr);
    }

    let data = layers(&sandbox, "c.h5ad");
    let Column::Categorical(clusters) = data.obs.column("scsiameseclu").unwrap() else { panic!() };
    assert_eq!(clusters.categories(), ["0", "1", "2"]);
    assert!(data.obs.column("scsiameseclu_confidence").is_ok());
    let (proba, latent) = (&data.obsm["scsiameseclu_proba"], &data.obsm["X_scsiameseclu"]);
    assert_eq!((proba.n_cols(), latent.n_cols(), latent.n_rows()), (3, 6, 150));
    assert!(data.layers.is_empty() && data.obs.column("jojoscl").is_err());
    let losses = data.uns["scsiameseclu"].get("losses").unwrap();
    let Some(UnsValue::Texts(stages)) = losses.get("stage") else { panic!("{losses:?}") };
    assert_eq!((stages.len(), stages[1].as_str(), stages[8].as_str()), (9, "autoencoder", "main"));
    let params = data.uns["scsiameseclu"].get("params").unwrap();
    assert_eq!(params.get("latent"), Some(&UnsValue::Int(6)));

    // The folder says which model it holds.
    let summary = sandbox.ok("predict m in.h5ad --out p.h5ad --json").json();
    assert_eq!(summary["model"], "scsiameseclu");
    let predicted = layers(&sandbox, "p.h5ad");
    let labels = predicted.obs.column("scsiameseclu").unwrap().labels();
    assert!(labels.iter().all(Option::is_some) && labels.len() == 150);
}

#[test]
fn a_seed_decides_the_result_and_threads_do_not() {
    let sandbox = sandbox();
    let cluster = |seed: &str, threads: &str| {
        let mut command = sandbox.command();
        command.env("RAYON_NUM_THREADS", threads);
        let line = ["cluster", "in.h5ad", "--config", "run.toml", "--out", "c.h5ad", "--quiet"];
        let run = Run::of(command.args(line).args(["--seed", seed]));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        layers(&sandbox, "c.h5ad")
    };
    let first = cluster("7", "1");
    let again = cluster("7", "2");
    assert_eq!(first.obs, again.obs);
    assert_eq!(first.obsm, again.obsm);
    assert_ne!(first.obsm, cluster("8", "2").obsm);
}

#[test]
fn the_flag_wins_over_the_model_of_the_configuration() {
    let sandbox = sandbox();
    fs::write(sandbox.path("run.toml"), "model = \"scsiameseclu\"\nepochs = 2").unwrap();
    let line = "cluster in.h5ad -k 3 --config run.toml --out c.h5ad --json --model jojoscl";
    assert_eq!(sandbox.ok(line).json()["model"], "jojoscl");
}

#[test]
fn keys_of_one_model_are_refused_for_the_other() {
    let sandbox = sandbox();
    let refuse = |model: &str, key: &str, known: &str| {
        fs::write(sandbox.path("other.toml"), format!("{key} = 1")).unwrap();
        let line =
            format!("cluster in.h5ad -k 3 --model {model} --config other.toml --out out.h5ad");
        let unknown = format!("unknown key \"{key}\" of {model}; there are: model, preset, ");
        sandbox.refuses(&line, 2, &["other.toml", &unknown, known]);
    };
    refuse("scsiameseclu", "momentum", "zinb_weight");
    refuse("jojoscl", "zinb_weight", "momentum");
    fs::write(sandbox.path("other.toml"), "model = \"kmeans\"").unwrap();
    let line = "cluster in.h5ad -k 3 --config other.toml --out out.h5ad";
    sandbox.refuses(line, 2, &["other.toml", "kmeans", "jojoscl, scsiameseclu"]);
}

#[test]
fn folders_of_other_models_are_refused() {
    let sandbox = sandbox();
    sandbox.ok("cluster in.h5ad --config run.toml --out c.h5ad --save-model m");
    let path = sandbox.path("m/model.json");
    let manifest = fs::read_to_string(&path).unwrap();
    let renamed = |to: &str| manifest.replace("\"model\":\"scsiameseclu\"", to);
    let predict = "predict m in.h5ad --out out.h5ad";
    fs::write(&path, renamed("\"model\":\"jojoscl\"")).unwrap();
    sandbox.refuses(predict, 1, &["model.json", "checksum"]);
    // The model of another program, or of a version to come.
    fs::create_dir(sandbox.path("other")).unwrap();
    let other = "predict other in.h5ad --out out.h5ad";
    fs::write(sandbox.path("other/model.json"), renamed("\"model\":\"tomorrow\"")).unwrap();
    sandbox.refuses(other, 1, &["other: ", "\"tomorrow\"", "jojoscl, scsiameseclu"]);
    fs::write(sandbox.path("other/model.json"), manifest.as_bytes()).unwrap();
    sandbox.refuses(other, 1, &["other/checksums.json", "missing"]);
    fs::create_dir(sandbox.path("empty")).unwrap();
    sandbox.refuses("predict empty in.h5ad --out out.h5ad", 1, &["empty"]);
}

#[test]
fn denoised_counts_have_entries_at_modelled_genes_of_kept_cells_alone() {
    let sandbox = sandbox();
    // Another layer, and a cell without counts.
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let mut values = data.x.as_ref().unwrap().to_dense();
    values[120 * 4..120 * 5].fill(0.0);
    let x = CsrMatrix::from_dense(150, 120, &values).unwrap();
    data.layers.insert("counts".into(), x.clone());
    data.x = Some(x);
    write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();

    let line = "cluster in.h5ad --config run.toml --out c.h5ad --save-model m --denoised";
    sandbox.ok(line);
    sandbox.ok("predict m in.h5ad --out p.h5ad --denoised --layer counts");
    for file in ["c.h5ad", "p.h5ad"] {
        let output = layers(&sandbox, file);
        assert_eq!(output.layers["counts"], data.layers["counts"], "{file}");
        let Column::Bool(modelled) = output.var.column("scsiameseclu_modelled").unwrap() else {
            panic!()
        };
        let modelled: Vec<u32> = (0..120).filter(|&j| modelled[j as usize] == Some(true)).collect();
        assert_eq!(modelled.len(), 50, "{file}");
        let denoised = &output.layers["denoised"];
        for (i, (genes, values)) in denoised.rows().enumerate() {
            let expected = if i == 4 { &[][..] } else { &modelled };
            assert_eq!(genes, expected, "{file}, cell {i}");
            assert!(values.iter().all(|v| v.is_finite() && *v >= 0.0), "{file}, cell {i}");
        }
        // The other columns of var are still there.
        assert_eq!(output.var.column("marker_of").unwrap(), data.var.column("marker_of").unwrap());
    }
    // A new donor in which genes are missing, in another order, still gets its own.
    let reversed: Vec<usize> = (5..120).rev().collect();
    let x = data.x.as_ref().unwrap().select_cols(&reversed);
    let names = reversed.iter().map(|&j| data.var_names()[j].clone()).collect();
    let donor = AnnData::new(x, data.obs_names().to_vec(), names).unwrap();
    write_h5ad(sandbox.path("donor.h5ad"), &donor).unwrap();
    sandbox.ok("predict m donor.h5ad --out d.h5ad --denoised");
    let [whole, donor] = ["p.h5ad", "d.h5ad"].map(|file| layers(&sandbox, file));
    let modelled_in = |data: &AnnData, name: &str| {
        let at = data.var_names().iter().position(|n| n == name).unwrap();
        data.var.column("scsiameseclu_modelled").unwrap().labels()[at].clone()
    };
    for name in donor.var_names() {
        assert_eq!(modelled_in(&donor, name), modelled_in(&whole, name), "{name}");
    }
    // Written over with other results, the layer is replaced.
    sandbox.ok("predict m c.h5ad --out c.h5ad --denoised");
    assert_eq!(layers(&sandbox, "c.h5ad").layers.len(), 2);
}

#[test]
fn denoised_counts_of_a_model_without_them_are_wrong_usage() {
    let sandbox = Sandbox::new();
    sandbox.write(12, &two_kinds());
    let line = "cluster in.h5ad -k 2 --epochs 1 --out";
    sandbox.refuses(&format!("{line} out.h5ad --denoised"), 2, &["jojoscl", "--denoised"]);
    sandbox.ok(&format!("{line} c.h5ad --save-model m"));
    sandbox.refuses("predict m in.h5ad --out out.h5ad --denoised", 2, &["jojoscl", "--denoised"]);
    let raw = "--model scsiameseclu --layer raw --denoised";
    sandbox.refuses(&format!("{line} out.h5ad {raw}"), 2, &["raw", "--denoised"]);
}
