//! `morula cut`: other numbers of clusters from a fitted result, without training.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use morula::cluster::Level;
use morula::data::{Additions, Column, OutputPlan, read_obs, read_uns};
use morula::models::{DeviceChoice, MODELS, ModelKind};
use morula::results::cut;
use serde::Serialize;
use serde_json::json;

use crate::args::{CountsArgs, PrintArgs};
use crate::choices::saved_model;
use crate::commands::match_names;
use crate::console::Console;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::places::is_store;
use crate::writable::check_model_folder;
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
/// IN is an output of `morula cluster` or `morula predict`. Every cut is nested in the tree of the
/// clusters: `0+4` holds two of them, `3.1` is a part of cluster 3. Writes the input plus obs
/// `jojoscl_cut`. Where IN is a saved model, the output is a model with these clusters.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  morula cut clustered.h5ad --level fine --out cut.h5ad\n  \
                        morula cut clustered.h5ad -k 6 --key-added six --out cut.h5ad\n  \
                        morula cut pbmc-model -k 6 --out six-model")]
pub struct Cut {
    /// File with clusters, or folder of a saved model
    #[arg(value_name = "IN.h5ad|MODEL_DIR")]
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

    /// File to write: the input plus the cut; may be the input itself. Or folder of the model to
    /// write
    #[arg(long, value_name = "OUT.h5ad|MODEL_DIR")]
    out: PathBuf,

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
        // A model whose replacement was cut off has another name.
        let model = |path: &Path| !path.exists() && ModelKind::of_saved(path).is_ok();
        let store = is_store(&self.input);
        if self.input.is_dir() && !store || model(&self.input) {
            return self.model(level, console);
        }
        Outputs::new().input("the input", &self.input).copy("--out", &self.out, &self.input)?;
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
        counts.check_output(&self.out, &OutputPlan::new().obs(&column))?;
        if match_names::has_renamed(&uns, &name) {
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
        let lost = counts.write(&self.out, &Additions::new().obs(column, labels))?;
        interrupt::written();
        console.remark_lost(&lost);
        console.result(&summary, || summary.text())
    }

    /// Writes a saved model with other clusters.
    fn model(&self, level: Level, console: Console) -> Result<()> {
        for (flag, given) in [("--result", &self.result), ("--key-added", &self.key_added)] {
            if given.is_some() {
                return Err(usage(format!("{flag} is for files; leave it out with a model")));
            }
        }
        Outputs::new().closed("the model", &self.input).replaced("--out", &self.out)?;
        check_model_folder(&self.out)?;
        let device = DeviceChoice::Cpu.resolve()?.device;
        let model = saved_model(&self.input)?.load(&self.input, &device)?;
        let cut = model.cut(level).with_context(|| self.input.display().to_string())?;
        interrupt::defer();
        cut.save(&self.out)?;
        interrupt::written();
        let (input, output) = (summary::path(&self.input), summary::path(&self.out));
        let n_clusters = cut.n_clusters();
        let about = json!({ "input": input, "output": output, "n_clusters": n_clusters });
        console.result(&about, || format!("{n_clusters} clusters in the model {output}"))
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
            output: summary::path(&self.out),
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
