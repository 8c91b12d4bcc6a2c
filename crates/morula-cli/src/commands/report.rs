//! `morula report`: pictures and a page of a run in a file.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use morula::data::read;
use morula::models::{MODELS, ModelKind};
use morula::report::{Report as Drawn, Run, Source};
use serde::Serialize;

use crate::args::PrintArgs;
use crate::choices::model;
use crate::console::Console;
use crate::outputs::Outputs;
use crate::reporting::{TruthArgs, likely_command, shown, title};
use crate::summary::path;
use crate::writable::check_listed_folder;

/// Write a report of a clustering run: pictures, and one page that shows them.
///
/// Reads a file that `morula cluster` wrote. Writes DIR/report.html, which opens in any browser
/// without network, and each of its pictures as PNG and SVG: UMAP by cluster, confidence, known
/// types and batches, cluster sizes, losses, markers, and clusters against known labels.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  morula report clustered.h5ad --model jojoscl --out report")]
pub struct Report {
    /// File with the results of a run
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,

    /// The model whose results to show
    #[arg(long, default_value_t = MODELS[0], value_parser = model())]
    model: ModelKind,

    /// Folder to write; replaces an older report there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Matrix with the raw counts, for markers: the name of a layer, "raw", or "X" [default: X, and
    /// no markers if X holds no counts]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,

    #[command(flatten)]
    truth: TruthArgs,

    /// Column of obs with batches to show [default: batch, sample, donor and the like]
    #[arg(long, value_name = "OBS")]
    batch: Option<String>,

    #[command(flatten)]
    print: PrintArgs,
}

/// What the report shows, and where it is.
#[derive(Debug, Serialize)]
struct Written {
    report: String,
    model: String,
    n_cells: usize,
    n_clusters: usize,
    truth: Option<String>,
    batch: Option<String>,
    seconds: f64,
}

impl Report {
    pub fn run(self) -> Result<()> {
        let started = Instant::now();
        let console = Console::new(&self.print);
        check_listed_folder(&self.out)?;
        Outputs::new().input("the input", &self.input).replaced("--out", &self.out)?;
        let source = Source {
            name: title(&self.input),
            model: self.model.to_string(),
            layer: self.layer,
            truth: self.truth.truth,
            batch: self.batch,
            layout: None,
        };
        let data = read(&self.input)?;
        let run = Run::from_anndata(&data, &source);
        let mut run = run.with_context(|| self.input.display().to_string())?;
        drop(data);
        run.command = Some(likely_command(&run, &self.input));
        Drawn::new(&run)?.write(&self.out)?;
        console.remark(shown(&run));
        if let Some(why) = &run.no_expression {
            console.remark(format!("no markers: {why}"));
        }
        use morula::report::Role::{Batch, Truth};
        let column = |role| run.annotations.iter().find(|a| a.role == role).map(|a| a.name.clone());
        let written = Written {
            report: path(&self.out),
            model: run.model.clone(),
            n_cells: run.n_cells(),
            n_clusters: run.k(),
            truth: column(Truth),
            batch: column(Batch),
            seconds: (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        };
        console.result(&written, || format!("report written to {}", self.out.display()))
    }
}
