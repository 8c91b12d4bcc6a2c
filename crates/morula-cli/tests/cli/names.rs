//! Names of genes and cells: of another column, in tables and on terminals; and cells left out.

use std::fs;

use morula::data::{AnnData, Column, DataFrame, read, write_h5ad};

use crate::sandbox::Sandbox;

/// Ensembl ids with a version, as some tools write them.
fn versioned(data: &AnnData) -> Vec<String> {
    (0..data.n_vars()).map(|j| format!("ENSG{:011}.{}", j, 1 + j % 17)).collect()
}

/// The data with other names of genes, and the old ones as the column `symbol` of var.
fn with_genes(data: &AnnData, names: Vec<String>) -> AnnData {
    let old = data.var_names().iter().cloned().map(Some).collect();
    let mut var = DataFrame::new(names);
    var.set("symbol", Column::Text(old)).unwrap();
    AnnData { var, ..data.clone() }
}

fn labels(sandbox: &Sandbox, file: &str) -> Vec<Option<String>> {
    read(sandbox.path(file)).unwrap().obs.column("jojoscl").unwrap().labels()
}

#[test]
fn genes_are_named_by_a_column_and_a_mismatch_is_explained() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 5 --out c.h5ad --save-model m");
    let data = read(sandbox.path("in.h5ad")).unwrap();
    let own = data.var_names()[..3].join(", ");
    let ids = with_genes(&data, versioned(&data));
    write_h5ad(sandbox.path("ids.h5ad"), &ids).unwrap();
    let hint = "120 of 120 names match the column symbol of var; give --gene-column symbol";
    let shown = ["for example gene", "the data has ENSG00000000000.1, ENSG00000000001.2", hint];
    sandbox.refuses("predict m ids.h5ad --out out.h5ad", 1, &shown);
    sandbox.ok("predict m ids.h5ad --gene-column symbol --out p.h5ad");
    assert_eq!(labels(&sandbox, "p.h5ad"), labels(&sandbox, "c.h5ad"));
    assert_eq!(read(sandbox.path("p.h5ad")).unwrap().var, ids.var);
    sandbox.refuses("predict m ids.h5ad --gene-column gene --out out.h5ad", 1, &["gene", "symbol"]);

    // A model of versioned ids, and data without versions; in capitals or not.
    sandbox.ok("cluster ids.h5ad -k 3 --epochs 5 --out ci.h5ad --save-model mi");
    assert_eq!(labels(&sandbox, "ci.h5ad"), labels(&sandbox, "c.h5ad"));
    let bare = |name: &String| name.split('.').next().unwrap_or_default().to_string();
    let plain = with_genes(&data, ids.var_names().iter().map(bare).collect());
    write_h5ad(sandbox.path("plain.h5ad"), &plain).unwrap();
    let parts = ["for example ENSG", "120 of 120 names match without the version", "(.3)"];
    sandbox.refuses("predict mi plain.h5ad --out out.h5ad", 1, &parts);
    let lower = ids.var_names().iter().map(|name| name.to_lowercase()).collect();
    write_h5ad(sandbox.path("lower.h5ad"), &with_genes(&data, lower)).unwrap();
    let parts = ["ensg00000000000.1", "120 of 120 names match without regard to capitals"];
    sandbox.refuses("predict mi lower.h5ad --out out.h5ad", 1, &parts);

    // The same names in the other commands.
    let markers = "markers ids.h5ad --groupby cell_type --n-genes 5";
    sandbox.ok(&format!("{markers} --out ids.csv"));
    sandbox.ok(&format!("{markers} --gene-column symbol --out symbols.csv"));
    sandbox.ok("markers in.h5ad --groupby cell_type --n-genes 5 --out own.csv");
    let table = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap();
    assert!(table("ids.csv").contains("ENSG") && table("symbols.csv") == table("own.csv"));
    let list = data.var_names().iter().take(9).map(|gene| format!("a,{gene}\n"));
    let list = "type,gene\n".to_string() + &list.collect::<String>();
    fs::write(sandbox.path("types.csv"), list).unwrap();
    let annotate = "annotate ids.h5ad --groupby cell_type --markers types.csv";
    let own = format!("the list has {own}");
    let parts = [own.as_str(), "9 of 9 names match the column symbol of var"];
    sandbox.refuses(&format!("{annotate} --out out.h5ad"), 1, &parts);
    let run = sandbox.ok(&format!("{annotate} --gene-column symbol --out a.h5ad"));
    assert!(!run.stderr.contains("not among"), "{}", run.stderr);
    // One of ten matches: said, but no error.
    fs::write(
        sandbox.path("types.csv"),
        fs::read_to_string(sandbox.path("types.csv")).unwrap() + "a," + &ids.var_names()[0] + "\n",
    )
    .unwrap();
    let run = sandbox.ok(&format!("{annotate} --out a.h5ad"));
    assert!(run.stderr.contains("9 of the 10 genes of the list are not among"), "{}", run.stderr);
    assert!(run.stderr.contains("--gene-column symbol"), "{}", run.stderr);
}

#[test]
fn genes_without_a_name_in_the_column_keep_their_own() {
    let sandbox = Sandbox::simulated();
    let data = read(sandbox.path("in.h5ad")).unwrap();
    let mut gaps = data.clone();
    let names = (0..120).map(|j| match j % 4 {
        0 => None,
        1 => Some(" ".to_string()),
        _ => Some(format!("S{}", j / 2)),
    });
    gaps.var.set("symbol", Column::Text(names.collect())).unwrap();
    write_h5ad(sandbox.path("gaps.h5ad"), &gaps).unwrap();
    sandbox.ok("markers gaps.h5ad --groupby cell_type --gene-column symbol --out m.csv");
    let table = fs::read_to_string(sandbox.path("m.csv")).unwrap();
    let genes: std::collections::BTreeSet<&str> =
        table.lines().skip(1).filter_map(|line| line.split(',').nth(2)).collect();
    assert_eq!(genes.len(), 120);
    for gene in [&data.var_names()[0], &data.var_names()[1], "S1", "S1-1"] {
        assert!(genes.contains(gene), "{gene} is not in {genes:?}");
    }
}

#[test]
fn cells_without_a_result_can_be_left_out_of_the_output() {
    let sandbox = Sandbox::simulated();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let x = data.x.as_mut().unwrap();
    for cell in [0, 77] {
        let range = x.indptr()[cell]..x.indptr()[cell + 1];
        x.data_mut()[range].fill(0.0);
    }
    data.layers.insert("counts".into(), data.x.clone().unwrap());
    write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    let line = "cluster in.h5ad -k 3 --epochs 2 --umap --save-model m --out";
    sandbox.ok(&format!("{line} all.h5ad"));
    sandbox.ok(&format!("{line} kept.h5ad --drop-filtered"));
    let [all, kept] = ["all.h5ad", "kept.h5ad"].map(|name| read(sandbox.path(name)).unwrap());
    assert_eq!((all.n_obs(), kept.n_obs(), kept.n_vars()), (150, 148, 120));
    assert!(all.obsm["X_jojoscl"].values()[0].is_nan());
    for (name, matrix) in &kept.obsm {
        assert!(matrix.values().iter().all(|v| v.is_finite()), "{name}");
    }
    let here: Vec<usize> = (0..150).filter(|i| ![0, 77].contains(i)).collect();
    let names: Vec<&String> = here.iter().map(|&i| &all.obs_names()[i]).collect();
    assert_eq!(kept.obs_names().iter().collect::<Vec<_>>(), names);
    for column in ["cell_type", "jojoscl", "jojoscl_confidence"] {
        let all = all.obs.column(column).unwrap().labels();
        let expected: Vec<_> = here.iter().map(|&i| all[i].clone()).collect();
        assert_eq!(kept.obs.column(column).unwrap().labels(), expected);
        assert!(expected.iter().all(Option::is_some));
    }
    assert_eq!(kept.x.as_ref().unwrap(), &all.x.unwrap().select_rows(&here));
    assert_eq!(kept.layers["counts"], all.layers["counts"].select_rows(&here));
    assert_eq!((&kept.var, &kept.uns["simulation"]), (&all.var, &all.uns["simulation"]));
    sandbox.ok("predict m in.h5ad --drop-filtered --out p.h5ad");
    assert_eq!(read(sandbox.path("p.h5ad")).unwrap().n_obs(), 148);
}

#[test]
fn tables_and_terminals_get_no_formulas_and_no_escape_sequences() {
    let sandbox = Sandbox::simulated();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    let evil = ["=HYPERLINK(\"x\")", "\u{1b}[2J\u{1b}]0;owned\u{7}", "-1"];
    let groups = (0..150).map(|i| Some(evil[i % 3]));
    data.obs.set("group", Column::categorical(groups)).unwrap();
    data.obs.set("\u{1b}[31mred\nline", Column::Float(vec![0.0; 150])).unwrap();
    let mut names: Vec<String> = data.var_names().to_vec();
    names[0] = "@SUM(1)".into();
    names[1] = "a\r\nb\u{9b}".into();
    names[2] = "-".into();
    data.var = DataFrame::new(names);
    write_h5ad(sandbox.path("evil.h5ad"), &data).unwrap();

    let run = sandbox.ok("markers evil.h5ad --groupby group --out m.csv");
    let table = fs::read_to_string(sandbox.path("m.csv")).unwrap();
    let agree = "agreement evil.h5ad --truth group --pred group --out agree";
    let texts = [
        run.stdout + &run.stderr,
        sandbox.ok("markers evil.h5ad --groupby group --out m.csv --json").stdout,
        sandbox.ok("inspect evil.h5ad").stdout,
        sandbox.ok("inspect evil.h5ad --json").stdout,
        sandbox.ok(agree).stdout,
        sandbox.run("markers evil.h5ad --groupby none --out m.csv".split(' ')).stderr,
        table.clone(),
        fs::read_to_string(sandbox.path("agree/overlap.csv")).unwrap(),
        fs::read_to_string(sandbox.path("agree/clusters.csv")).unwrap(),
    ];
    for text in &texts {
        let bad = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None, "{text:?}");
    }
    assert!(texts[2].contains("red\\nline: float"), "{}", texts[2]);

    let mut reader = csv_rows(&table);
    let header = reader.remove(0);
    assert_eq!(header[..3], ["group", "rank", "gene"]);
    assert_eq!(reader.len(), 360);
    for row in &reader {
        for text in &row[..3] {
            let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
            assert!(!formula, "{text}");
        }
    }
    let has = |at: usize, text: &str| reader.iter().any(|row| row[at] == text);
    assert!(
        has(0, "'=HYPERLINK(\"x\")") && has(0, "-1") && has(0, "\\u{1b}[2J\\u{1b}]0;owned\\u{7}")
    );
    assert!(has(2, "'@SUM(1)") && has(2, "a\\r\\nb\\u{9b}") && has(2, "'-"));
    // Scores are numbers, which may be negative.
    assert!(reader.iter().any(|row| row[3].starts_with('-')));
}

/// The rows of a CSV table, with its header.
fn csv_rows(table: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(String::from).collect()).collect()
}

#[test]
fn lists_come_as_tables_with_tabs_or_semicolons_too() {
    let sandbox = Sandbox::simulated();
    let data = read(sandbox.path("in.h5ad")).unwrap();
    let genes = data.var.column("marker_of").unwrap().labels();
    let pairs: Vec<(String, &String)> =
        genes.into_iter().zip(data.var_names()).filter_map(|(t, g)| Some((t?, g))).collect();
    let mut found = Vec::new();
    for separator in [",", "\t", ";"] {
        let rows = pairs.iter().map(|(t, gene)| format!("{t}{separator}{gene}\n"));
        let text = format!("type{separator}gene\n") + &rows.collect::<String>();
        fs::write(sandbox.path("types"), text).unwrap();
        let line = "annotate in.h5ad --groupby cell_type --markers types --out a.h5ad --json";
        found.push(sandbox.ok(line).json()["clusters"].clone());
    }
    assert!(found.iter().all(|clusters| clusters == &found[0]));
}
