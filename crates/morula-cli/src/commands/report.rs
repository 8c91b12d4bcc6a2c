//! `morula report`: pictures and a page of a run that a file holds.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use morula::report::Source;
use morula_benchmark::ModelName;
use serde::Serialize;

use crate::args::PrintArgs;
use crate::choices::one_of;
use crate::console::Console;
use crate::reporting::{Reporting, TruthArgs, apart, check_report_folder, shown, title};
use crate::summary::path;

/// Show a clustering run: pictures, and one page with everything.
///
/// Reads a file that `morula cluster` has written and writes DIR/report.html, which opens in any
/// browser without network, and every picture of it as PNG and SVG: UMAP by cluster, confidence,
/// known types and batches, cluster sizes, losses, markers, and clusters against known labels.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  morula report clustered.h5ad --model jojoscl --out report")]
pub struct Report {
    /// File with the results of a run
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,

    /// The method whose results to show
    #[arg(long, default_value_t,
          value_parser = one_of::<ModelName>(ModelName::ALL.map(|m| (m.name(), m.about()))))]
    model: ModelName,

    /// Folder to write; an older report there is replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Matrix with the raw counts, for markers: a layer's name, "raw", or "X" [default: X, and no
    /// markers if that does not hold counts]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,

    #[command(flatten)]
    truth: TruthArgs,

    /// Column of obs with batches, to be shown [default: batch, sample, donor and the like]
    #[arg(long, value_name = "OBS")]
    batch: Option<String>,

    #[command(flatten)]
    print: PrintArgs,
}

/// What was shown and where it is.
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
        check_report_folder(&self.out)?;
        apart(&self.out, &[&self.input])?;
        let source = Source {
            name: title(&self.input),
            model: self.model.to_string(),
            layer: self.layer,
            truth: self.truth.truth,
            batch: self.batch,
            layout: None,
        };
        let (file, out) = (self.input.as_path(), self.out.as_path());
        let run = Reporting { file, out, source, facts: Vec::new(), command: None }.write()?;
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
