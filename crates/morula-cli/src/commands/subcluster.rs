//! `morula subcluster`: clusters within clusters.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Error, Result, anyhow, bail};
use clap::Args;
use morula::data::{Categorical, CountMatrix, DataFrame, OutputPlan, UnsValue, read_obs, read_uns};
use morula::models::{
    AnyParams, DeviceChoice, MODELS, ModelError, ModelKind, NClusters, NamedDevice,
};
use morula::results::subcluster::fit_of;
use morula::results::{EvidenceFrom, SubclusterError, SubclusterParams, Subclusters};
use morula_benchmark::Interrupted;

use crate::args::{BatchArgs, CountsArgs, DeviceArgs, OutArgs, PrintArgs, READING, ResultArgs};
use crate::choices::model;
use crate::commands::cluster::EvidenceName;
use crate::config::Config;
use crate::console::Console;
use crate::divided::{Divided, Summary, n_used, remark};
use crate::failure::usage;
use crate::memory::MemoryPlan;
use crate::outputs::Outputs;
use crate::task::Task;
use crate::text::one_line;
use crate::watcher::Watcher;
use crate::{interrupt, summary};

/// Find clusters within clusters.
///
/// IN is an output of `morula cluster` or `morula predict`. The model that made its clusters is
/// fitted to the cells of one cluster, with variable genes of their own. Parts of cluster 3 are
/// named 3.1, 3.2 and so on, by falling size; all other cells keep their labels. Several clusters
/// are divided one by one. Writes the input plus obs `jojoscl_subcluster`, its confidence, and the
/// fits and the evidence for their splits in uns; the results that are there stay. Clusters of an
/// earlier `jojoscl_subcluster` are divided further.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula subcluster clustered.h5ad --of 3 --out sub.h5ad\n  morula \
                        subcluster sub.h5ad --of 3.1 --of 7 --out sub.h5ad\n  morula subcluster \
                        clustered.h5ad --of 0+4 --groupby jojoscl_coarse --out sub.h5ad",
    mut_arg("input", |input| input.value_name("IN.h5ad").help("File with clusters and raw counts")),
    mut_arg("transpose", |transpose| transpose.hide(true))
)]
pub struct Subcluster {
    #[command(flatten)]
    counts: CountsArgs,

    /// Cluster to divide; give it several times, or names with commas, for several clusters
    #[arg(long, value_name = "NAME", required = true)]
    of: Vec<String>,

    #[command(flatten)]
    out: OutArgs,

    /// The model to fit [default: the one that made the clusters, with the parameters of that fit]
    #[arg(long, value_parser = model())]
    model: Option<ModelKind>,

    /// Number of parts of each cluster, or auto to find it from the data [default: auto]
    #[arg(long, short = 'k', value_name = "K|auto")]
    n_clusters: Option<NClusters>,

    #[command(flatten)]
    batch: BatchArgs,

    /// Random seed [default: that of the fit that made the clusters]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// TOML file with the model and any of its parameters, in place of those of the fit; flags
    /// override it
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,

    #[command(flatten)]
    device: DeviceArgs,

    /// Evidence for every split, as in `morula cluster`
    #[arg(long, value_enum, default_value_t = EvidenceName::Views)]
    evidence: EvidenceName,

    /// Name of the result whose clusters are divided [default: the one that the file holds]
    #[arg(long, value_name = "NAME")]
    result: Option<String>,

    /// Column of obs with the clusters [default: jojoscl_subcluster if an earlier run has written
    /// it, else jojoscl]
    #[arg(long, value_name = "OBS")]
    groupby: Option<String>,

    /// Column of obs to write [default: jojoscl_subcluster]
    #[arg(long, value_name = "OBS")]
    key_added: Option<String>,

    #[command(flatten)]
    print: PrintArgs,
}

impl Subcluster {
    pub fn run(self) -> Result<()> {
        let started = Instant::now();
        let console = Console::new(&self.print);
        let (input, out) = (&self.counts.input, &self.out.out);
        Outputs::new()
            .input("the input", input)
            .maybe("the configuration", self.config.as_deref())
            .copy("--out", out, input)?;
        let config = Config::read(self.config.as_deref())?;
        let uns = read_uns(input)?;
        let result = self.result(&uns)?;
        let (kind, params) = self.params(&config, &result, &uns)?;
        let obs = read_obs(input)?;
        let mut clusters = self.clusters(&obs, &uns, &result)?;
        let of = named(&self.of, clusters.labels());
        let check = |of: &String| {
            clusters.check(of, params.as_ref()).map_err(|error| match error {
                SubclusterError::AlreadySplit { .. } => anyhow!("{error}: --groupby {result}"),
                error => error.into(),
            })
        };
        let sizes = of.iter().map(check).collect::<Result<Vec<usize>>>()?;
        self.check_output(clusters.key())?;
        if clusters.groupby() != result {
            console.remark(one_line(&format!("clusters of obs {}", clusters.groupby())));
        }
        if self.batch.batch.is_none() && uns[&result].get("batches").is_some() {
            console.remark(
                "batches were corrected when these clusters were found; with --batch OBS they are \
                 corrected within them too",
            );
        }
        let device = DeviceChoice::from(self.device.device).resolve()?;
        console.remark(format!("device: {device}"));
        let counts = self.read(&device, console, started)?;
        let largest = sizes.into_iter().max().unwrap_or_default();
        let stored = (counts.x().nnz() as f64 * largest as f64 / counts.n_obs() as f64) as usize;
        MemoryPlan::new(largest, counts.n_vars(), stored).check(kind.name)?;

        let evidence = match self.evidence {
            EvidenceName::None => EvidenceFrom::None,
            EvidenceName::Views => EvidenceFrom::Views,
            EvidenceName::Full => EvidenceFrom::Full,
        };
        let how = SubclusterParams { kind, params, device, evidence };
        interrupt::defer();
        let mut divided = Vec::new();
        for of in &of {
            let mut watcher = Watcher::new(console, kind);
            let found = clusters.divide(of, &counts, &how, Some(&mut watcher));
            watcher.end();
            let found = found.map_err(failed)?;
            remark(&found, console);
            divided.push(Divided::from(found));
        }
        let (n_cells, n_rounded) = (counts.n_obs(), counts.n_rounded());
        // The input is read again.
        drop(counts);
        let additions = self.counts.record(clusters.additions(), n_rounded);
        let lost = self.counts.write(out, &additions)?;
        interrupt::written();
        console.remark_lost(&lost);
        let summary = Summary {
            model: kind.name,
            version: env!("CARGO_PKG_VERSION"),
            input: summary::path(input),
            output: summary::path(out),
            device: how.device.name,
            groupby: clusters.groupby().into(),
            column: clusters.key().into(),
            n_cells,
            n_clusters: n_used(clusters.labels()),
            divided,
            seconds: (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        };
        console.result(&summary, || summary.text())
    }

    /// The name of the result whose clusters are divided.
    fn result(&self, uns: &BTreeMap<String, UnsValue>) -> Result<String> {
        let there = |name: &str| uns.get(name).is_some_and(|entry| entry.get("params").is_some());
        let input = self.counts.input.display();
        if let Some(name) = &self.result {
            return match there(name) {
                true => Ok(name.clone()),
                false => bail!("{input}: uns has no result {name:?} of `morula cluster`"),
            };
        }
        let found: Vec<&str> = MODELS.iter().map(|kind| kind.name).filter(|n| there(n)).collect();
        match found[..] {
            [name] => Ok(name.into()),
            [] => bail!(
                "{input}: no result of `morula cluster`, so there are no clusters to divide; run \
                 morula cluster first"
            ),
            _ => Err(usage(format!(
                "there are several results, {}; give --result",
                found.join(", ")
            ))),
        }
    }

    /// The model, and its parameters: those of the fit that made the clusters, unless a model or a
    /// configuration is given.
    fn params(
        &self,
        config: &Config,
        result: &str,
        uns: &BTreeMap<String, UnsValue>,
    ) -> Result<(ModelKind, Box<dyn AnyParams>)> {
        let fit = || fit_of(result, &uns[result]);
        let (kind, mut params) = match (self.model.or(config.model), &self.config) {
            (Some(kind), _) => (kind, config.params(kind)?),
            (None, Some(_)) => {
                let kind = fit()?.0;
                (kind, config.params(kind)?)
            }
            (None, None) => {
                let (kind, mut params) = fit()?;
                params.set_n_clusters(NClusters::Auto);
                (kind, params)
            }
        };
        self.n_clusters.into_iter().for_each(|k| params.set_n_clusters(k));
        self.seed.into_iter().for_each(|seed| params.set_seed(seed));
        params.recipe().check().map_err(|e| usage(format!("recipe: {e}")))?;
        Ok((kind, params.checked()?))
    }

    fn clusters(
        &self,
        obs: &DataFrame,
        uns: &BTreeMap<String, UnsValue>,
        result: &str,
    ) -> Result<Subclusters> {
        let (groupby, key) = (self.groupby.as_deref(), self.key_added.as_deref());
        Subclusters::of_result(obs, uns, result, groupby, key).map_err(|error| match error {
            SubclusterError::Taken { .. } => usage(format!("{error}, with --key-added")),
            SubclusterError::OtherClusters { .. } => {
                usage(format!("{error}: --groupby or --key-added"))
            }
            error => error.into(),
        })
    }

    fn check_output(&self, key: &str) -> Result<()> {
        let mut plan = OutputPlan::new().obs(key).obs(format!("{key}_confidence"));
        plan = plan.uns(key).uns(format!("{key}_evidence"));
        if self.counts.round {
            plan = plan.uns(READING);
        }
        self.counts.check_output(&self.out.out, &plan)
    }

    /// Reads the counts of all cells.
    fn read(
        &self,
        device: &NamedDevice,
        console: Console,
        started: Instant,
    ) -> Result<CountMatrix> {
        let out = OutArgs { out: self.out.out.clone() };
        let results =
            ResultArgs { out, denoised: false, min_confidence: None, drop_filtered: false };
        let (batch, device) = (self.batch.batch.as_deref(), device.clone());
        let counts = &self.counts;
        let task = Task { counts, batch, fits: true, results: &results, device, console, started };
        let (counts, _) = task.read()?;
        if batch.is_none() {
            task.remark_batches();
        }
        Ok(counts)
    }
}

/// The clusters that are asked for, each once. What is no cluster as a whole is a list with commas.
fn named(of: &[String], labels: &Categorical) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in of {
        let all = match labels.categories().contains(text) {
            true => vec![text.as_str()],
            false => text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
        };
        for name in if all.is_empty() { vec![text.as_str()] } else { all } {
            if !names.iter().any(|known| known == name) {
                names.push(name.into());
            }
        }
    }
    names
}

/// An error of a fit, with its exit code.
fn failed(error: SubclusterError) -> Error {
    match error {
        SubclusterError::Fit { name, source } => match *source {
            ModelError::Interrupted { epoch, epochs, .. } => {
                let at = format!("epoch {epoch} of {epochs} in cluster {name}");
                Interrupted(format!("interrupted after {at}; no output was written")).into()
            }
            source => Error::from(source).context(format!("cluster {name:?}")),
        },
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_commas_are_taken_whole_if_they_are_clusters() {
        let labels = Categorical::from_labels(["T cell, CD4", "3", "4"].map(Some));
        let of = |texts: &[&str]| {
            named(&texts.iter().map(ToString::to_string).collect::<Vec<_>>(), &labels)
        };
        assert_eq!(of(&["T cell, CD4", "3,4", "3"]), ["T cell, CD4", "3", "4"]);
        assert_eq!(of(&["4, 9"]), ["4", "9"]);
        assert_eq!(of(&[","]), [","]);
    }
}
