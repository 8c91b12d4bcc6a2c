//! What `cluster` and `predict` share: they read counts and write results.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use morula::cluster::evidence::Evidence;
use morula::data::{Categorical, DataFrame, Format, OutputPlan, read_obs, read_uns, sniff, write};
use morula::models::NamedDevice;
use morula::prelude::*;
use morula::preprocess::UmapParams;
use morula::report::BATCH_COLUMNS;
use morula::results::{confident_additions, evidence_additions};

use crate::args::{CountsArgs, READING, ResultArgs};
use crate::commands::match_names::{ENTRY, has_renamed};
use crate::console::Console;
use crate::expression::groups;
use crate::failure::usage;
use crate::interrupt;
use crate::quality::{self, Screen};
use crate::subset::subset;
use crate::summary::{self, Levels, Summary};

/// A column with more groups than this hardly holds batches.
const MOST_BATCHES: usize = 100;

/// From counts to results.
pub struct Task<'a> {
    pub counts: &'a CountsArgs,
    /// Column with the batches.
    pub batch: Option<&'a str>,
    /// Whether a model is fitted to the counts.
    pub fits: bool,
    pub results: &'a ResultArgs,
    pub device: NamedDevice,
    pub console: Console,
    pub started: Instant,
}

/// What is still needed after the counts are dropped.
pub struct Input {
    pub n_cells: usize,
    /// The cells that quality control keeps, if it is asked for.
    pub screen: Option<Screen>,
    /// Values that were rounded.
    n_rounded: usize,
    /// Names of the genes; empty where no denoised counts are written.
    genes: Vec<String>,
}

/// Refuses denoised counts from a model that has none, and of the genes of `raw`.
pub fn check_results(kind: ModelKind, counts: &CountsArgs, results: &ResultArgs) -> Result<()> {
    if !results.denoised {
        return Ok(());
    }
    if !kind.denoises {
        return Err(usage(format!("{kind} does not denoise; leave --denoised out")));
    }
    if counts.layer == "raw" {
        return Err(usage(
            "--denoised writes a layer, and layers cannot hold the genes of \"raw\"; give another \
             --layer or leave --denoised out",
        ));
    }
    Ok(())
}

/// What a command writes besides the results of every command.
#[derive(Debug, Clone, Copy, Default)]
pub struct Planned {
    /// Evidence of a fit.
    pub fits: bool,
    /// A layout.
    pub umap: bool,
    /// Flags of quality control.
    pub qc: bool,
}

/// Refuses an output that cannot hold the results of the model, before any work.
pub fn check_plan(
    kind: ModelKind,
    counts: &CountsArgs,
    results: &ResultArgs,
    planned: Planned,
) -> Result<()> {
    let name = kind.name;
    let mut plan = OutputPlan::new()
        .obs(name)
        .obs(format!("{name}_confidence"))
        .obsm(format!("X_{name}"))
        .obsm(format!("{name}_proba"))
        .uns(name);
    plan = plan.obs(format!("{name}_coarse")).obs(format!("{name}_fine"));
    if planned.fits {
        plan = plan.uns(format!("{name}_evidence"));
    }
    if planned.umap {
        plan = plan.obsm("X_umap").uns("umap");
    }
    if results.denoised {
        plan = plan.layer("denoised").var(format!("{name}_modelled"));
    }
    if planned.qc {
        plan = quality::planned(plan, []);
    }
    if counts.round {
        plan = plan.uns(READING);
    }
    counts.check_output(&results.out.out, &plan)
}

/// The batches in a column; categories that no cell has are none.
fn batches(obs: &DataFrame, column: &str) -> Result<Categorical> {
    used(&groups(obs, column)?)
}

/// The labels without the categories that no cell has.
pub fn used(all: &Categorical) -> Result<Categorical> {
    let mut there = vec![false; all.categories().len()];
    for &code in all.codes().iter().filter(|&&code| code >= 0) {
        there[code as usize] = true;
    }
    let mut new = vec![-1; there.len()];
    let mut names = Vec::new();
    for (old, name) in all.categories().iter().enumerate().filter(|(old, _)| there[*old]) {
        new[old] = names.len() as i32;
        names.push(name.clone());
    }
    let codes = all.codes().iter().map(|&c| new.get(c as usize).copied().unwrap_or(-1)).collect();
    Ok(Categorical::new(codes, names, all.ordered())?)
}

/// Whether batches are too few or too small to be compared: a single one, or fewer than two cells
/// in each on average.
fn hopeless(batches: &Categorical) -> bool {
    let n = batches.categories().len();
    n < 2 || 2 * n > batches.codes().len()
}

impl Task<'_> {
    pub fn read(&self) -> Result<(CountMatrix, Input)> {
        let mut counts = self.counts.read(self.console)?;
        let (n_cells, n_genes) = (counts.n_obs(), counts.n_vars());
        self.console.remark(format!("read {n_cells} cells x {n_genes} genes"));
        let n_rounded = counts.n_rounded();
        if let Some(column) = self.batch {
            let batches = batches(&self.counts.read_obs()?, column)?;
            let (n, hopeless) = (batches.categories().len(), hopeless(&batches));
            let with = counts.with_batches(batches).with_context(|| format!("column {column}"))?;
            self.console.remark(match n {
                1 => format!("1 batch in {column}"),
                _ => format!("{n} batches in {column}"),
            });
            // A fitted model needs them all the same.
            counts = match self.fits && hopeless {
                true => {
                    self.console.remark(format!(
                        "nothing can be corrected: {n_cells} cells in {n} batches leave nothing to \
                         compare; the model is fitted without batches"
                    ));
                    let (x, cells, genes) = with.into_parts();
                    CountMatrix::new(x, cells, genes)?
                }
                false => with,
            };
        }
        let genes = match self.results.denoised {
            true => counts.var_names().to_vec(),
            false => Vec::new(),
        };
        Ok((counts, Input { n_cells, screen: None, n_rounded, genes }))
    }

    /// The annotations of the cells; a format without annotations is not read again.
    pub fn read_obs(&self, counts: &CountMatrix) -> Result<DataFrame> {
        match sniff(&self.counts.input)? {
            Format::XyH5 => self.counts.read_obs(),
            format if format.is_anndata() => self.counts.read_obs(),
            _ => Ok(DataFrame::new(counts.obs_names().to_vec())),
        }
    }

    /// The model's results, as they are added to the input.
    pub fn results(
        &self,
        model: &dyn ClusterModel,
        prediction: &Prediction,
        input: &Input,
        evidence: Option<&Evidence>,
    ) -> Result<Additions> {
        let least = self.results.min_confidence.unwrap_or_default();
        let (n_cells, device) = (input.n_cells, &self.device.name);
        let results = confident_additions(model, prediction, n_cells, device, least)?;
        let results = match (model.tree(), evidence) {
            (Some(tree), Some(evidence)) => {
                evidence_additions(results, model.name(), tree, evidence)?
            }
            _ => results,
        };
        Ok(match &input.screen {
            Some(screen) => screen.add_to(results),
            None => results,
        })
    }

    /// Writes the output, with a layout if there is one. This reads the input again: drop the counts
    /// before, unless a report needs them, so that they are not in memory twice.
    pub fn write(
        &self,
        model: &dyn ClusterModel,
        prediction: &Prediction,
        input: &Input,
        layout: Option<(&[f32], &UmapParams)>,
        evidence: Option<&Evidence>,
    ) -> Result<Summary> {
        let (from, to): (&Path, &Path) = (&self.counts.input, &self.results.out.out);
        let least = self.results.min_confidence.unwrap_or_default();
        let mut results = self.results(model, prediction, input, evidence)?;
        if self.results.denoised {
            let denoised = Denoised::of(model, prediction)?.context("this model denoises")?;
            results = denoised.add_to(results, input.n_cells, &input.genes)?;
        }
        if let Some((layout, params)) = layout {
            let n_cells = input.n_cells;
            results = umap_additions(results, model.name(), prediction, n_cells, layout, params)?;
        }
        results = self.counts.record(results, input.n_rounded);
        let renamed = || read_uns(from).is_ok_and(|uns| has_renamed(&uns, model.name()));
        if sniff(from)?.is_anndata() && renamed() {
            // These clusters have their own numbers.
            results = results.without_uns(ENTRY);
        }
        let left_out = prediction.kept_cells.len() < input.n_cells;
        let lost = match self.results.drop_filtered && left_out {
            true => {
                let mut data = self.counts.read_data()?;
                data.add(&results)?;
                let data = subset(data, &prediction.kept_cells)?;
                write(to, &data)?;
                data.not_loaded
            }
            false => self.counts.write(to, &results)?,
        };
        interrupt::written();
        self.console.remark_lost(&lost);
        let elapsed = self.started.elapsed();
        let n_cells = input.n_cells;
        let mut summary =
            Summary::new(model, prediction, [from, to], n_cells, &self.device, elapsed);
        let tree = model.tree().filter(|_| prediction.leaves.is_some());
        summary.levels = tree.map(|tree| Levels::new(tree, evidence));
        summary.n_cells_flagged = input.screen.as_ref().map_or(0, Screen::left_out);
        summary.n_cells_unsure = prediction.confidence().iter().filter(|&&p| p < least).count();
        Ok(summary)
    }

    /// Prints the summary.
    pub fn print(&self, summary: &Summary) -> Result<()> {
        self.console.result(summary, || summary.text())
    }

    /// Points out a column that may hold batches.
    pub fn remark_batches(&self) {
        // Other formats have no such columns, and finding out would read them once more.
        if !sniff(&self.counts.input).is_ok_and(Format::is_anndata) {
            return;
        }
        let Ok(obs) = read_obs(&self.counts.input) else { return };
        let suits = |name: &&str| {
            let n = batches(&obs, name).map_or(0, |groups| groups.categories().len());
            (2..=MOST_BATCHES).contains(&n)
        };
        if let Some(name) = BATCH_COLUMNS.into_iter().find(suits) {
            self.console.remark(format!(
                "obs has a column {name}; with --batch {name} the model takes out the differences \
                 between its groups"
            ));
        }
    }

    /// Prints what preprocessing filtered out.
    pub fn remark_filtered(&self, prediction: &Prediction, input: &Input) {
        self.console.remark(summary::filtered(prediction, input.n_cells));
    }
}
