//! Names of genes: another column of var for them, and why two lists of names do not match.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use morula::data::{AnnData, Column, CountMatrix, DataFrame};

use crate::args::CountsArgs;

/// How many names a message shows.
const EXAMPLES: usize = 3;

/// The column of var with the feature types of 10x, and the type of genes.
const TYPES: &str = "feature_types";
const GENE: &str = "Gene Expression";

/// Counts whose genes have the names in a column of var. Genes without a name there keep their own;
/// repeated names are made unique as anndata does.
pub fn renamed(
    counts: CountMatrix,
    var: &DataFrame,
    layer: &str,
    column: &str,
) -> Result<CountMatrix> {
    let named = var.column(column)?.labels();
    let genes: Vec<usize> = match counts.n_vars() == var.n_rows() {
        true => (0..var.n_rows()).collect(),
        false => genes_of(var),
    };
    if genes.len() != counts.n_vars() {
        let (n, of) = (counts.n_vars(), var.n_rows());
        bail!("var has {of} rows for {n} genes; --gene-column is not possible here");
    }
    let names = genes.iter().map(|&j| (named[j].clone(), &var.index()[j]));
    let names = names.map(|(name, own)| match name {
        Some(name) if !name.trim().is_empty() => name,
        _ => own.clone(),
    });
    let names: Vec<String> = names.collect();
    let (x, cells, _) = counts.into_parts();
    Ok(CountMatrix::from_layer(layer, x, cells, names, false)?)
}

/// The annotations of the genes of a layer.
pub fn var(data: AnnData, layer: &str) -> Result<DataFrame> {
    match layer {
        "raw" => Ok(data.raw.context("the data has no raw")?.var),
        _ => Ok(data.var),
    }
}

/// The rows of var that 10x calls genes; the counts have no other features.
fn genes_of(var: &DataFrame) -> Vec<usize> {
    let types = var.column(TYPES).map(Column::labels).unwrap_or_default();
    (0..types.len()).filter(|&j| types[j].as_deref() == Some(GENE)).collect()
}

/// What would make more names match, a line each after the names of both sides.
pub fn advice(both: String, wanted: &[String], there: &[String], counts: &CountsArgs) -> String {
    // The error comes first; without var there is less to say.
    let var = counts.read_data().and_then(|data| var(data, &counts.layer)).unwrap_or_default();
    [vec![both], matches(wanted, there, &var)].concat().join("\n  ")
}

/// Names of both sides.
pub fn both(whose: &str, wanted: &[String], there: &[String]) -> String {
    format!("{whose} has {}; the data has {}", examples(wanted), examples(there))
}

/// The ways in which more names match than as they are.
fn matches(wanted: &[String], there: &[String], var: &DataFrame) -> Vec<String> {
    let same = matching(wanted, there.iter().map(String::as_str), str::to_string);
    let of = wanted.len();
    let mut lines = Vec::new();
    let mut better = |n: usize, what: String| {
        if n > same {
            lines.push(format!("{n} of {of} names match {what}"));
        }
    };
    let names = || there.iter().map(String::as_str);
    better(
        matching(wanted, names(), |name| unversioned(name).to_string()),
        format!(
            "without the version at their end (.3); take it off in {}, in Python: \
             adata.var_names = adata.var_names.str.split(\".\").str[0]",
            if there.iter().any(|name| unversioned(name) != name) {
                "the data"
            } else {
                "the data that the other side was made from"
            }
        ),
    );
    better(
        matching(wanted, names(), str::to_uppercase),
        "without regard to capitals; check the species: genes of a mouse are written like Cd4, \
         those of a human like CD4"
            .into(),
    );
    for (column, values) in var.columns() {
        if !matches!(values, Column::Text(_) | Column::Categorical(_)) {
            continue;
        }
        let values = values.labels();
        let values = || values.iter().flatten().map(String::as_str);
        let exact = matching(wanted, values(), str::to_string);
        better(exact, format!("the column {column} of var; give --gene-column {column}"));
        let loose = matching(wanted, values(), |name| unversioned(name).to_uppercase());
        if loose > exact {
            better(loose, format!("the column {column} of var without versions (.3) and capitals"));
        }
    }
    lines
}

/// How many of the wanted names are there, after a change to both.
fn matching<'a>(
    wanted: &[String],
    there: impl Iterator<Item = &'a str>,
    change: impl Fn(&str) -> String,
) -> usize {
    let there: HashSet<String> = there.map(&change).collect();
    wanted.iter().filter(|name| there.contains(&change(name))).count()
}

/// A name without the version at its end, as in ENSG00000139618.17.
fn unversioned(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((start, end)) if !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()) => start,
        _ => name,
    }
}

fn examples(names: &[String]) -> String {
    let first: Vec<&str> = names.iter().take(EXAMPLES).map(String::as_str).collect();
    let more = if names.len() > EXAMPLES { ", ..." } else { "" };
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_would_match_is_said() {
        let wanted = names(&["ENSG1.3", "ENSG2.11", "ENSG4"]);
        let there = names(&["ENSG1", "ENSG2", "ENSG3", "ENSG9"]);
        let mut var = DataFrame::new(there.clone());
        let text = both("the list", &wanted, &there);
        assert!(text.contains("the list has ENSG1.3, ENSG2.11, ENSG4; the data has"), "{text}");
        assert!(text.ends_with("ENSG3, ..."), "{text}");
        let compared = |wanted: &[String], there: &[String], var: &DataFrame| {
            matches(wanted, there, var).join("\n")
        };
        let text = compared(&wanted, &there, &var);
        assert!(text.contains("2 of 3 names match without"), "{text}");
        assert!(!text.contains("capitals") && !text.contains("--gene-column"), "{text}");

        let symbols = ["ENSG4", "ensg1.3", "ENSG2.11", "x"].map(Some);
        var.set("symbol", Column::categorical(symbols)).unwrap();
        let text = compared(&wanted, &there, &var);
        assert!(text.contains("2 of 3 names match the column symbol of var; give"), "{text}");
        assert!(text.contains("3 of 3 names match the column symbol of var without"), "{text}");

        let text = compared(&names(&["CD4"]), &names(&["Cd4"]), &var);
        assert!(text.contains("1 of 1 names match without regard to capitals"), "{text}");
        let text = compared(&names(&["CD4"]), &names(&["x"]), &DataFrame::default());
        assert_eq!(text, "");
    }

    #[test]
    fn only_numbers_at_the_end_are_versions() {
        let of = ["ENSG1.17", "RP11-34P13.7", "HLA.A", "A.", ".5", "A"].map(unversioned);
        assert_eq!(of, ["ENSG1", "RP11-34P13", "HLA.A", "A.", "", "A"]);
    }
}
