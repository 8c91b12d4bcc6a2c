//! `morula match`: clusters of one run with the names of another.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use morula::cluster::{ClusterMatch, Similarity};
use morula::data::{
    Additions, Categorical, Column, OutputPlan, ReadOptions, UnsValue, check_output, read_obs,
    write_from,
};
use morula::markers::{Profiled, correlate_profiles};
use morula::models::{MODELS, ModelKind};
use serde::Serialize;

use crate::args::{CountsArgs, PrintArgs};
use crate::choices::model;
use crate::console::Console;
use crate::expression::{Expression, groups};
use crate::outputs::Outputs;
use crate::text::one_line;
use crate::{interrupt, summary};

/// The entry of uns with the old and new names.
pub const ENTRY: &str = "morula_match";
/// The least correlation of clusters that share a name.
const LEAST: f64 = 0.3;

/// Whether the clusters in a column have been renamed since they were found.
pub fn has_renamed(uns: &BTreeMap<String, UnsValue>, column: &str) -> bool {
    let of = uns.get(ENTRY).and_then(|by| by.get("column"));
    of.is_some_and(|of| *of == UnsValue::Text(column.into()))
}

/// Name the clusters of one run after those of another.
///
/// Reads the clusters of A and B and writes B with those of B renamed: by the cells that both files
/// have, or, across samples, by the correlation of the clusters' expression profiles. The most
/// similar pair shares a name first. Clusters of B without a partner in A are numbered on; what was
/// split or merged is named. The order of the categories stays, so that column k of the
/// probabilities is still that of category k; uns `morula_match` has the old names.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula match first.h5ad second.h5ad --out named.h5ad\n  morula \
                        match control.h5ad treated.h5ad --by profiles --out named.h5ad"
)]
pub struct Match {
    /// File with the names
    #[arg(value_name = "A.h5ad")]
    a: PathBuf,

    /// File whose clusters get new names
    #[arg(value_name = "B.h5ad")]
    b: PathBuf,

    /// File to write: B with the new names; may be B itself
    #[arg(long, value_name = "B2.h5ad")]
    out: PathBuf,

    /// The model whose clusters to match
    #[arg(long, default_value_t = MODELS[0], value_parser = model())]
    model: ModelKind,

    /// Column of obs with the clusters of both files [default: the name of the model]
    #[arg(long, value_name = "OBS", conflicts_with = "model")]
    groupby: Option<String>,

    /// Column of obs with the clusters of A, where it has another name
    #[arg(long, value_name = "OBS")]
    groupby_a: Option<String>,

    /// What to compare; auto takes cells if at least half of those of the smaller file are in both
    #[arg(long, value_enum, default_value_t = By::Auto)]
    by: By,

    /// Least similarity of two clusters that share a name [default: a Jaccard index of 0.1, a
    /// correlation of 0.3]
    #[arg(long, value_name = "X", value_parser = least)]
    least: Option<f64>,

    /// Matrix with the raw counts of both files, for profiles: a layer, "raw", or "X"
    #[arg(long, value_name = "NAME", default_value = "X")]
    layer: String,

    #[command(flatten)]
    print: PrintArgs,
}

/// The choices of `--by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum By {
    Auto,
    Cells,
    Profiles,
}

fn least(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(x) if (0.0..=1.0).contains(&x) => Ok(x),
        _ => Err("give a number from 0 to 1".into()),
    }
}

#[derive(Debug, Serialize)]
struct Summary {
    a: String,
    b: String,
    output: String,
    by: By,
    n_cells_in_common: usize,
    clusters: Vec<Named>,
    /// A cluster of A, and the clusters of B that it is now, by their new names.
    splits: Vec<(String, Vec<String>)>,
    /// A cluster of B, and the clusters of A that it was.
    merges: Vec<(String, Vec<String>)>,
    /// Clusters of A that no cluster of B is named after.
    unmatched: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Named {
    cluster: String,
    name: String,
    matched: bool,
    /// Similarity to the cluster that it is named after; null without one.
    similarity: Option<f64>,
    /// With every cluster of A: the Jaccard index of the cells, or the correlation.
    similarities: BTreeMap<String, f64>,
}

impl Match {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        Outputs::new()
            .input("the file with the names", &self.a)
            .copy("--out", &self.out, &self.b)?;
        let column = self.groupby.clone().unwrap_or(self.model.to_string());
        let column_a = self.groupby_a.as_ref().unwrap_or(&column);
        check_output(&self.b, &self.out, &OutputPlan::new().obs(&column).uns(ENTRY))?;
        let of = |path: &PathBuf, column: &str| -> Result<(Vec<String>, Categorical)> {
            let obs = read_obs(path)?;
            let found = groups(&obs, column).with_context(|| path.display().to_string())?;
            Ok((obs.index().to_vec(), found))
        };
        let ((cells_a, a), (cells_b, b)) = (of(&self.a, column_a)?, of(&self.b, &column)?);
        let common = common(&cells_a, &cells_b);
        let few = 2 * common.len() < cells_a.len().min(cells_b.len());
        let by = match self.by {
            By::Auto if few => By::Profiles,
            By::Auto => By::Cells,
            by => by,
        };
        let mut similarity = match by {
            By::Profiles => self.profiles(&a, &b, console)?,
            _ if common.is_empty() => {
                bail!("the files have no cell names in common; compare them --by profiles")
            }
            _ => {
                let pick = |of: &Categorical, side: fn(&(usize, usize)) -> usize| {
                    let codes = common.iter().map(|pair| of.codes()[side(pair)]).collect();
                    Categorical::new(codes, of.categories().to_vec(), false)
                };
                Similarity::of_cells(&pick(&a, |p| p.0)?, &pick(&b, |p| p.1)?)?
            }
        };
        similarity.least = self.least.unwrap_or(similarity.least);
        let found = similarity.names(a.categories())?;
        let summary = self.summary(by, common.len(), &a, &b, &similarity, &found);
        interrupt::defer();
        let renamed = Categorical::new(b.codes().to_vec(), found.names, b.ordered())?;
        let about = UnsValue::map()
            .with("column", column.as_str())
            .with("old", b.categories().to_vec())
            .with("new", renamed.categories().to_vec())
            .with("by", if by == By::Cells { "cells" } else { "profiles" });
        let results = Additions::new().obs(column, Column::Categorical(renamed)).uns(ENTRY, about);
        console.remark_lost(&write_from(&self.b, &self.out, &results, &ReadOptions::new())?);
        interrupt::written();
        console.result(&summary, || summary.text())
    }

    /// Correlations of the profiles; those of clusters without cells are 0.
    fn profiles(&self, a: &Categorical, b: &Categorical, console: Console) -> Result<Similarity> {
        let read = |input: &PathBuf| {
            let counts = CountsArgs {
                input: input.clone(),
                layer: self.layer.clone(),
                gene_column: None,
                round: false,
                transpose: false,
            };
            Expression::read(&counts, console)
        };
        let (x, y) = (read(&self.a)?, read(&self.b)?);
        let found = correlate_profiles(
            Profiled { x: &x.x, genes: &x.genes, clusters: a },
            Profiled { x: &y.x, genes: &y.genes, clusters: b },
        )?;
        console.remark(format!("correlations over {} genes", found.n_genes));
        let mut all = vec![vec![0.0; a.categories().len()]; b.categories().len()];
        let [of_a, of_b] = &found.clusters;
        for (row, &j) in found.correlations.iter().zip(of_b) {
            row.iter().zip(of_a).for_each(|(r, &i)| all[j][i] = *r);
        }
        Ok(Similarity::of_profiles(all, LEAST))
    }

    fn summary(
        &self,
        by: By,
        n_cells_in_common: usize,
        a: &Categorical,
        b: &Categorical,
        similarity: &Similarity,
        found: &ClusterMatch,
    ) -> Summary {
        let clusters = b.categories().iter().enumerate().map(|(j, cluster)| Named {
            cluster: cluster.clone(),
            name: found.names[j].clone(),
            matched: found.matched[j].is_some(),
            similarity: found.matched[j].map(|i| similarity.pairs[j][i]),
            similarities: a.categories().iter().cloned().zip(similarity.pairs[j].clone()).collect(),
        });
        let old = |i: &usize| a.categories()[*i].clone();
        let new = |j: &usize| found.names[*j].clone();
        let splits =
            found.splits.iter().map(|(i, parts)| (old(i), parts.iter().map(new).collect()));
        let merges =
            found.merges.iter().map(|(j, parts)| (new(j), parts.iter().map(old).collect()));
        let free = (0..a.categories().len()).filter(|i| !found.matched.contains(&Some(*i)));
        Summary {
            a: summary::path(&self.a),
            b: summary::path(&self.b),
            output: summary::path(&self.out),
            by,
            n_cells_in_common,
            clusters: clusters.collect(),
            splits: splits.collect(),
            merges: merges.collect(),
            unmatched: free.map(|i| old(&i)).collect(),
        }
    }
}

/// Positions of the cells that both files have, by name. A name that repeats counts once.
fn common(a: &[String], b: &[String]) -> Vec<(usize, usize)> {
    let mut place: HashMap<&str, usize> = HashMap::with_capacity(a.len());
    for (i, name) in a.iter().enumerate() {
        place.entry(name).or_insert(i);
    }
    b.iter().enumerate().filter_map(|(j, name)| Some((place.remove(name.as_str())?, j))).collect()
}

impl Summary {
    fn text(&self) -> String {
        let what = if self.by == By::Cells { "Jaccard index" } else { "correlation" };
        let mut lines = vec![match self.by {
            By::Cells => format!("compared by {} cells in common", self.n_cells_in_common),
            _ => "compared by the correlation of the clusters' profiles".to_string(),
        }];
        lines.extend(self.clusters.iter().map(|Named { cluster, name, similarity, .. }| {
            match similarity {
                Some(s) => format!("{cluster} -> {name} ({what} {s:.2})"),
                None => format!("{cluster} -> {name} (new)"),
            }
        }));
        for (whole, parts) in &self.splits {
            lines.push(format!("split: {whole} is now {}", parts.join(", ")));
        }
        for (whole, parts) in &self.merges {
            lines.push(format!("merged: {whole} was {}", parts.join(", ")));
        }
        if !self.unmatched.is_empty() {
            lines.push(format!("without a partner: {}", self.unmatched.join(", ")));
        }
        lines.push(format!("written to {}", self.output));
        lines.iter().map(|line| one_line(line).into_owned()).collect::<Vec<_>>().join("\n")
    }
}
