//! `morula inspect`: what a file holds, and whether it can be clustered.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use morula::data::{AnnData, Column, Format, ReadOptions, read_with, sniff};
use morula::preprocess::{RecipeParams, filter_cells, filter_genes};
use serde::Serialize;

use crate::args::PrintArgs;
use crate::console::Console;
use crate::memory::MemoryPlan;
use crate::summary;
use crate::text::one_line;

/// Describe a file: shape, layers, which of them are raw counts, labels, memory needed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  morula inspect pbmc.h5ad")]
pub struct Inspect {
    /// File or folder of any known format
    #[arg(value_name = "IN")]
    input: PathBuf,

    /// Read a table (CSV or TSV) with genes in its rows and cells in its columns
    #[arg(long)]
    transpose: bool,

    #[command(flatten)]
    print: PrintArgs,
}

#[derive(Debug, Serialize)]
struct Description {
    input: String,
    format: &'static str,
    n_cells: usize,
    n_genes: usize,
    layers: Vec<Layer>,
    obs: Vec<Annotation>,
    obsm: Vec<String>,
    /// Memory of `morula cluster` on the first layer of counts.
    memory: Option<MemoryPlan>,
    /// Why these counts cannot be clustered.
    obstacle: Option<String>,
    /// Parts of the file that are not read; a copy of the file keeps them.
    not_loaded: Vec<String>,
    /// What the reader noticed.
    remarks: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Layer {
    name: String,
    n_cells: usize,
    n_genes: usize,
    stored_values: usize,
    /// Share of the entries that are not stored.
    sparsity: f64,
    raw_counts: bool,
    /// Why they are not raw counts.
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Annotation {
    name: String,
    kind: &'static str,
    /// Distinct labels of a categorical column.
    categories: Option<usize>,
    missing: usize,
}

impl Inspect {
    pub fn run(self) -> Result<()> {
        let format = format_name(sniff(&self.input)?);
        let data = read_with(&self.input, &ReadOptions::new().transpose(self.transpose))?;
        let layers: Vec<Layer> = data
            .matrices()
            .into_iter()
            .map(|name| Layer::of(&data, name))
            .collect::<Result<_>>()?;
        let counts = layers.iter().find(|layer| layer.raw_counts);
        let obstacle = counts.map(|layer| obstacle(&data, &layer.name)).transpose()?.flatten();
        let counts = counts.filter(|_| obstacle.is_none());
        let description = Description {
            input: summary::path(&self.input),
            format,
            n_cells: data.n_obs(),
            n_genes: data.n_vars(),
            memory: counts.map(|l| MemoryPlan::new(l.n_cells, l.n_genes, l.stored_values)),
            layers,
            obstacle,
            obs: data.obs.columns().map(|(name, column)| Annotation::of(name, column)).collect(),
            obsm: data.obsm.keys().cloned().collect(),
            not_loaded: data.not_loaded,
            remarks: data.remarks,
        };
        Console::new(&self.print).result(&description, || description.text())
    }
}

/// Why counts cannot be clustered with the default parameters: no features are genes, or a filter
/// keeps none of the genes or cells.
fn obstacle(data: &AnnData, layer: &str) -> Result<Option<String>> {
    let counts = match data.counts(Some(layer)) {
        Ok(counts) => counts,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let recipe = RecipeParams::default();
    let genes = filter_genes(counts.x(), recipe.min_cells);
    if genes.is_empty() {
        let least = recipe.min_cells;
        return Ok(Some(format!("no gene is expressed in {least} or more cells")));
    }
    let kept = counts.x().select_cols(&genes);
    let cells = filter_cells(&kept, recipe.min_counts, recipe.min_genes);
    Ok(cells.is_empty().then(|| "no cell has enough counts and genes".into()))
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::H5ad => "h5ad",
        Format::Zarr => "zarr",
        Format::TenxH5 => "10x h5",
        Format::TenxMtx => "10x mtx",
        Format::XyH5 => "h5 with X and Y",
        Format::Table => "table",
        _ => "other",
    }
}

impl Layer {
    fn of(data: &AnnData, name: String) -> Result<Self> {
        let x = data.matrix(Some(&name))?;
        let entries = x.n_rows() as f64 * x.n_cols() as f64;
        // The full check copies the matrix; it runs only to explain what is wrong.
        let sound = x.is_counts() && entries > 0.0;
        let problem = if sound { None } else { data.counts(Some(&name)).err() };
        Ok(Self {
            n_cells: x.n_rows(),
            n_genes: x.n_cols(),
            stored_values: x.nnz(),
            sparsity: if entries > 0.0 { 1.0 - x.nnz() as f64 / entries } else { 0.0 },
            raw_counts: sound,
            problem: problem.map(|e| e.to_string()),
            name,
        })
    }

    fn text(&self) -> String {
        let Self { name, n_cells, n_genes, stored_values, sparsity, problem, .. } = self;
        let counts = match problem {
            None => "raw counts".into(),
            Some(problem) => format!("not raw counts ({problem})"),
        };
        let percent = 100.0 * sparsity;
        format!(
            "{name}: {n_cells} x {n_genes}, {stored_values} values ({percent:.1}% zeros), {counts}"
        )
    }
}

impl Annotation {
    fn of(name: &str, column: &Column) -> Self {
        let (kind, categories) = match column {
            Column::Categorical(c) => ("categorical", Some(c.categories().len())),
            Column::Float(_) => ("float", None),
            Column::Int(_) => ("int", None),
            Column::Bool(_) => ("bool", None),
            Column::Text(_) => ("text", None),
        };
        let missing = column.labels().iter().filter(|label| label.is_none()).count();
        Self { name: name.into(), kind, categories, missing }
    }

    fn text(&self) -> String {
        let categories = self.categories.map(|n| format!(", {n} categories")).unwrap_or_default();
        let missing = match self.missing {
            0 => String::new(),
            n => format!(", {n} missing"),
        };
        format!("{}: {}{categories}{missing}", self.name, self.kind)
    }
}

impl Description {
    fn text(&self) -> String {
        let mut lines = vec![
            format!("{} ({})", one_line(&self.input), self.format),
            format!("{} cells x {} genes", self.n_cells, self.n_genes),
        ];
        let mut section = |title: &str, all: Vec<String>| {
            if !all.is_empty() {
                lines.push(format!("{title}:"));
                lines.extend(all.into_iter().map(|line| format!("  {}", one_line(&line))));
            }
        };
        section("layers", self.layers.iter().map(Layer::text).collect());
        section("obs", self.obs.iter().map(Annotation::text).collect());
        section("obsm", self.obsm.clone());
        // Only such a file is copied as it is.
        let kept = match self.format {
            "h5ad" => "kept in copies, not read",
            "zarr" => "kept in copies to .zarr, not read",
            _ => "not read, and not in the output of a run",
        };
        section(kept, self.not_loaded.clone());
        section("remarks", self.remarks.clone());
        section(
            "clustering",
            vec![match (&self.memory, &self.obstacle) {
                (Some(plan), _) => plan.text(),
                (None, Some(why)) => format!("impossible: {why}"),
                (None, None) => "impossible: no layer holds raw counts".into(),
            }],
        );
        lines.join("\n")
    }
}
