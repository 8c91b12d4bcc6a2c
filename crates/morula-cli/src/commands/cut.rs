//! `morula cut`: other numbers of clusters from a fitted result, without training.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use morula::cluster::Level;
use morula::data::{Additions, Column, OutputPlan, UnsValue, read_obs, read_uns};
use morula::models::MODELS;
use morula::results::cut;
use serde::Serialize;

use crate::args::{CountsArgs, OutArgs, PrintArgs};
use crate::commands::match_names;
use crate::console::Console;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::{interrupt, summary};

/// A level by its name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LevelName {
    /// Clusters that are nearly joined are one.
    Coarse,
    /// The clusters of the fit.
    Default,
    /// Communities within the clusters.
    Fine,
}

/// Cut the clusters of a fitted result again, without training.
///
/// IN is an output of `morula cluster`. Every cut is nested in the tree of its clusters: `0+4` holds
/// two of them, `3.1` is a part of cluster 3. Writes the input plus obs `jojoscl_cut`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  morula cut clustered.h5ad --level fine --out cut.h5ad\n  \
                        morula cut clustered.h5ad -k 6 --key-added six --out cut.h5ad")]
pub struct Cut {
    /// Output of `morula cluster`
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,

    /// A level
    #[arg(long, value_enum, group = "cut")]
    level: Option<LevelName>,

    /// The number of clusters
    #[arg(short = 'k', long, value_name = "K", group = "cut")]
    n_clusters: Option<usize>,

    /// The resolution: clusters with more contact than this share of chance are one
    #[arg(long, value_name = "G", group = "cut")]
    resolution: Option<f64>,

    /// Name of the result [default: the one that the file holds]
    #[arg(long, value_name = "NAME")]
    result: Option<String>,

    /// Column of obs to write [default: jojoscl_cut]
    #[arg(long, value_name = "OBS")]
    key_added: Option<String>,

    #[command(flatten)]
    out: OutArgs,

    #[command(flatten)]
    print: PrintArgs,
}

#[derive(Debug, Serialize)]
struct Summary {
    input: String,
    output: String,
    column: String,
    n_clusters: usize,
    /// By name.
    cluster_sizes: Vec<(String, usize)>,
}

impl Cut {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        let level = match (self.level, self.n_clusters, self.resolution) {
            (Some(LevelName::Coarse), _, _) => Level::Coarse,
            (Some(LevelName::Default), _, _) => Level::Default,
            (Some(LevelName::Fine), _, _) => Level::Fine,
            (_, Some(k), _) => Level::NClusters(k),
            (_, _, Some(at)) => Level::Resolution(at),
            _ => return Err(usage("give --level, --n-clusters or --resolution")),
        };
        Outputs::new().input("the input", &self.input).copy("--out", &self.out.out, &self.input)?;
        let counts = CountsArgs::of(&self.input);
        let uns = read_uns(&self.input)?;
        let name = match &self.result {
            Some(name) => name.clone(),
            None => {
                let with_tree =
                    |name: &&str| uns.get(*name).is_some_and(|u| u.get("tree").is_some());
                let names = MODELS.iter().map(|kind| kind.name);
                match names.filter(with_tree).collect::<Vec<_>>()[..] {
                    [name] => name.to_string(),
                    [] => {
                        bail!("{}: no result of `morula cluster` with a tree", self.input.display())
                    }
                    ref several => {
                        let names = several.join(", ");
                        return Err(usage(format!(
                            "there are several results, {names}; give --result"
                        )));
                    }
                }
            }
        };
        let column = self.key_added.clone().unwrap_or_else(|| format!("{name}_cut"));
        counts.check_output(&self.out.out, &OutputPlan::new().obs(&column))?;
        let renamed = uns.get(match_names::ENTRY).and_then(|by| by.get("column"));
        if renamed == Some(&UnsValue::Text(name.clone())) {
            bail!(
                "{}: `morula match` has renamed the clusters, and the tree has their numbers of \
                 before; cut the file that it has read",
                self.input.display()
            );
        }
        let about = uns.get(&name).with_context(|| format!("uns has no {name:?}"))?;
        let fine = format!("{name}_fine");
        let obs = read_obs(&self.input)?;
        let labels = cut(about, obs.column(&fine)?, level)
            .with_context(|| self.input.display().to_string())?;
        let summary = self.summary(&column, &labels);
        interrupt::defer();
        let lost = counts.write(&self.out.out, &Additions::new().obs(column, labels))?;
        interrupt::written();
        console.remark_lost(&lost);
        console.result(&summary, || summary.text())
    }

    fn summary(&self, column: &str, labels: &Column) -> Summary {
        let mut sizes: Vec<(String, usize)> = Vec::new();
        if let Column::Categorical(groups) = labels {
            sizes = groups.categories().iter().map(|name| (name.clone(), 0)).collect();
            for &code in groups.codes().iter().filter(|&&code| code >= 0) {
                sizes[code as usize].1 += 1;
            }
        }
        Summary {
            input: summary::path(&self.input),
            output: summary::path(&self.out.out),
            column: column.into(),
            n_clusters: sizes.len(),
            cluster_sizes: sizes,
        }
    }
}

impl Summary {
    fn text(&self) -> String {
        let sizes: Vec<String> =
            self.cluster_sizes.iter().map(|(name, n)| format!("{name}: {n}")).collect();
        format!(
            "{} clusters in obs {} of {} ({})",
            self.n_clusters,
            self.column,
            self.output,
            sizes.join(", ")
        )
    }
}
