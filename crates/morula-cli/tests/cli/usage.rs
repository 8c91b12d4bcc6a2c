//! Wrong usage: exit code 2 and a hint.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn wrong_arguments_end_with_code_2() {
    let sandbox = Sandbox::simulated();
    let refuse = |more: &str, parts: &[&str]| {
        sandbox.refuses(&format!("cluster in.h5ad --out out.h5ad {more}"), 2, parts);
    };
    refuse("-k 0", &["0"]);
    refuse("-k three", &["three"]);
    refuse("-k 3 --resume", &["--checkpoint"]);
    refuse("-k 3 --epochs 0", &["epochs", "at least 1"]);
    refuse("-k 3 --device tpu", &["tpu", "cpu"]);
    refuse("-k 3 --model kmeans", &["kmeans", "jojoscl"]);
    refuse("-k 3 --epoch 5", &["--epochs"]);
    sandbox.refuses("simulate --cells 10 --types 20 --out out.h5ad", 2, &["types"]);
    sandbox.refuses("simulate --cells 10 --types 2 --dropout 1 --out out.h5ad", 2, &["dropout"]);
    sandbox.refuses("simulate --cells 10 --types 0 --out out.h5ad", 2, &["types"]);
    assert_eq!(sandbox.run([]).code, 2);
}

#[test]
fn a_gpu_is_refused_where_there_is_none() {
    let sandbox = Sandbox::simulated();
    let devices = sandbox.ok("devices --json").json();
    if devices["devices"].as_array().unwrap().iter().any(|d| d["device"] == "gpu") {
        println!("skipped: there is a GPU");
        return;
    }
    sandbox.refuses("cluster in.h5ad -k 3 --device gpu --out out.h5ad", 1, &["gpu", "cpu"]);
}

#[test]
fn every_command_has_help_with_an_example() {
    let sandbox = Sandbox::new();
    let help = sandbox.ok("--help").stdout;
    assert!(help.contains("Examples:\n  morula "), "{help}");
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 12 && commands.contains(&"transfer"), "{commands:?}");
    for command in commands {
        let help = sandbox.ok(&format!("{command} --help")).stdout;
        assert!(help.contains(&format!("Examples:\n  morula {command}")), "{help}");
    }
}

#[test]
fn a_configuration_sets_parameters_and_flags_win() {
    let sandbox = Sandbox::simulated();
    let config = |text: &str| fs::write(sandbox.path("run.toml"), text).unwrap();
    config("n_clusters = 4\nepochs = 2\nseed = 3\nwidths = [32, 16]\n[recipe]\nn_top_genes = 50\n");
    let run = |more: &str| {
        sandbox.ok(&format!("cluster in.h5ad --config run.toml --out c.h5ad --json {more}")).json()
    };
    let summary = run("");
    assert_eq!((&summary["n_clusters"], &summary["epochs"]), (&4.into(), &2.into()));
    assert_eq!(summary["seed"], 3);
    let data = morula::data::read(sandbox.path("c.h5ad")).unwrap();
    assert_eq!(data.obsm["X_jojoscl"].n_cols(), 16);
    let summary = run("-k 3 --epochs 1 --seed 4");
    assert_eq!((&summary["n_clusters"], &summary["epochs"]), (&3.into(), &1.into()));
    assert_eq!(summary["seed"], 4);
    config("preset = \"published\"\nepochs = 2");
    run("-k 3");

    let refuse = |text: &str, parts: &[&str]| {
        config(text);
        let line = "cluster in.h5ad -k 3 --config run.toml --out out.h5ad";
        sandbox.refuses(line, 2, &[&["run.toml"], parts].concat());
    };
    refuse("learning_rat = 1", &["\"learning_rat\"", "learning_rate"]);
    refuse("[recipe]\ngenes = 1", &["\"genes\"", "n_top_genes"]);
    refuse("epochs = \"many\"", &["epochs"]);
    refuse("epochs = ", &["run.toml"]);
    let line = "cluster in.h5ad -k 3 --config nowhere.toml --out out.h5ad";
    sandbox.refuses(line, 1, &["nowhere.toml"]);
}
