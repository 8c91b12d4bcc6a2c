//! markers against one group, over batches, between conditions, and sums by sample.

use std::fs;

use morula::data::{Column, read, write_h5ad};

use crate::sandbox::Sandbox;

/// Simulated cells of four donors, two of each condition.
fn donors() -> Sandbox {
    let sandbox = Sandbox::simulated();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let n = data.n_obs();
    let donor = (0..n).map(|i| Some(format!("d{}", i % 4)));
    let stim = (0..n).map(|i| Some(if i % 4 < 2 { "ctrl" } else { "stim" }));
    data.obs.set("donor", Column::categorical(donor)).unwrap();
    data.obs.set("stim", Column::categorical(stim)).unwrap();
    write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    sandbox
}

fn rows(sandbox: &Sandbox, file: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(sandbox.path(file)).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_string).collect()).collect()
}

#[test]
fn one_group_is_compared_with_one_other() {
    let sandbox = donors();
    let line = "markers in.h5ad --groupby cell_type --out m.csv";
    let found = sandbox.ok(&format!("{line} --versus type1 --min-lfc 0.5 --json")).json();
    let groups: Vec<&str> =
        found["groups"].as_array().unwrap().iter().map(|g| g["group"].as_str().unwrap()).collect();
    assert_eq!(groups, ["type0", "type2"]);
    let table = rows(&sandbox, "m.csv");
    assert!(table.len() > 3);
    for row in &table[1..] {
        assert!(row[4].parse::<f64>().unwrap() >= 0.5, "{row:?}");
    }
    sandbox.ok(&format!("{line} --min-fraction 1 --min-lfc 50"));
    assert_eq!(rows(&sandbox, "m.csv").len(), 1, "only the header");
    let refuse = |more: &str, code, parts: &[&str]| {
        sandbox.refuses(
            &format!("markers in.h5ad --groupby cell_type --out out.h5ad {more}"),
            code,
            parts,
        );
    };
    refuse("--versus type9", 1, &["type9", "type0"]);
    refuse("--versus type1 --conserved donor", 2, &["--conserved"]);
    refuse("--versus type1 --h5ad x.h5ad", 2, &["--h5ad"]);
    refuse("--min-fraction 2", 2, &["min-fraction"]);
    refuse("--pseudobulk p", 2, &["--sample"]);
}

#[test]
fn conserved_markers_have_columns_for_every_batch() {
    let sandbox = donors();
    let line = "markers in.h5ad --groupby cell_type --conserved stim --n-genes 5 --out m.csv";
    let found = sandbox.ok(&format!("{line} --json")).json();
    assert_eq!(found["groups"].as_array().unwrap().len(), 3);
    let table = rows(&sandbox, "m.csv");
    let header = "group,rank,gene,score,ctrl_logfoldchange,ctrl_pval,stim_logfoldchange,stim_pval,\
                  max_pval,max_pval_adj,minimump_pval,pct_in,pct_out";
    assert_eq!(table[0].join(","), header);
    assert_eq!(table.len(), 16);
    // The best of each type are its true markers.
    let input = read(sandbox.path("in.h5ad")).unwrap();
    let marker_of = input.var.column("marker_of").unwrap().labels();
    for row in table[1..].iter().step_by(5) {
        let gene = input.var_names().iter().position(|name| *name == row[2]).unwrap();
        assert_eq!(marker_of[gene].as_deref(), Some(row[0].as_str()));
    }
    sandbox.refuses(
        "markers in.h5ad --groupby cell_type --conserved cell_type --out out.h5ad",
        1,
        &["two of the 3 batches"],
    );
}

#[test]
fn conditions_are_compared_within_groups_and_sums_written() {
    let sandbox = donors();
    let line = "markers in.h5ad --groupby cell_type --condition stim --sample donor --pseudobulk \
                sums --n-genes 3 --out m.csv";
    let run = sandbox.ok(&format!("{line} --json"));
    assert!(run.stderr.contains("too small"), "{}", run.stderr);
    assert!(run.stderr.contains("fewer than 3 samples"), "{}", run.stderr);
    assert_eq!(run.json()["groups"][0]["within"], "type0");
    let table = rows(&sandbox, "m.csv");
    assert_eq!(table[0][..3], ["within", "group", "rank"]);
    assert_eq!(table.len(), 1 + 3 * 2 * 3);
    let (counts, samples) = (rows(&sandbox, "sums/counts.csv"), rows(&sandbox, "sums/samples.csv"));
    assert_eq!((counts.len(), counts[0].len(), samples.len()), (121, 13, 13));
    assert_eq!(samples[1][..4], ["type0:d0", "type0", "d0", "ctrl"]);
    let all: f64 =
        counts[1..].iter().flat_map(|row| &row[1..]).map(|v| v.parse::<f64>().unwrap()).sum();
    let input = read(sandbox.path("in.h5ad")).unwrap();
    assert_eq!(all, input.x.unwrap().data().iter().map(|&v| f64::from(v)).sum::<f64>());
    let mixed = "markers in.h5ad --groupby cell_type --condition cell_type --sample donor \
                 --pseudobulk s --out out.h5ad";
    sandbox.refuses(mixed, 1, &["has two conditions"]);
}

#[test]
fn valid_markers_are_fewer_and_groups_of_noise_have_none() {
    let sandbox = Sandbox::new();
    sandbox.ok("simulate --cells 300 --types 3 --seed 1 --out in.h5ad");
    let markers = |input: &str, groupby: &str, more: &str| -> u64 {
        let line = format!("markers {input} --groupby {groupby} --out m.csv --json {more}");
        let run = sandbox.ok(&line);
        let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        summary["groups"].as_array().unwrap().iter().map(|g| g["n_markers"].as_u64().unwrap()).sum()
    };
    let (naive, valid) =
        (markers("in.h5ad", "cell_type", ""), markers("in.h5ad", "cell_type", "--valid"));
    assert!(valid > 30 && valid <= naive, "{valid} of {naive}");
    // In a file, with the groups that they are of.
    markers("in.h5ad", "cell_type", "--valid --h5ad v.h5ad");
    let uns = &read(sandbox.path("v.h5ad")).unwrap().uns;
    let params = uns["rank_genes_valid"].get("params").unwrap();
    assert!(params.get("labels_checksum").is_some() && !uns.contains_key("rank_genes_groups"));
    // One type, cut in two at random: no group is found again.
    sandbox.ok("simulate --cells 200 --types 1 --seed 2 --out noise.h5ad");
    let mut data = read(sandbox.path("noise.h5ad")).unwrap();
    let half = Column::categorical((0..200).map(|i| Some(if i % 2 == 0 { "a" } else { "b" })));
    data.obs.set("half", half).unwrap();
    write_h5ad(sandbox.path("noise.h5ad"), &data).unwrap();
    let line = "markers noise.h5ad --groupby half --out m.csv --valid";
    sandbox.refuses(line, 1, &["found again"]);
    sandbox.refuses(&format!("{line} --versus a"), 2, &["--valid"]);
}
