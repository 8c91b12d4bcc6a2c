//! `morula agreement`: whether clusters have the markers of known types.

mod heatmap;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result};
use clap::Args;
use morula::data::checksums;
use morula::markers::{Agreement as Found, AgreementParams, marker_agreement};
use serde::Serialize;

use crate::args::{CountsArgs, PrintArgs};
use crate::console::Console;
use crate::expression::Expression;
use crate::outputs::Outputs;
use crate::text::one_line;
use crate::writable::check_listed_folder;
use crate::{interrupt, summary};

/// Compare the marker genes of clusters with those of known types.
///
/// The overlap of a cluster and a type is the share of top markers that they have in common.
/// Writes tables (overlap.csv, clusters.csv, types.csv), agreement.json and a heat map
/// (overlap.png, overlap.svg). Cells without a label in one of the columns are left out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula agreement clustered.h5ad --truth cell_type --pred jojoscl \
                        --out agreement"
)]
pub struct Agreement {
    #[command(flatten)]
    counts: CountsArgs,

    /// Column of obs with the known types
    #[arg(long, value_name = "OBS")]
    truth: String,

    /// Column of obs with the clusters
    #[arg(long, value_name = "OBS")]
    pred: String,

    /// Markers to compare, per cluster and type
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..))]
    n_genes: u32,

    /// Fewest cells of a type that counts in the mean
    #[arg(long, value_name = "N", default_value_t = AgreementParams::default().min_cells)]
    min_cells: usize,

    /// Folder to write; replaces an older agreement there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    print: PrintArgs,
}

#[derive(Debug, Serialize)]
struct Summary<'a> {
    input: String,
    output: String,
    truth: &'a str,
    pred: &'a str,
    min_cells: usize,
    #[serde(flatten)]
    agreement: &'a Found,
    files: Vec<String>,
}

impl Agreement {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        check_listed_folder(&self.out)?;
        Outputs::new().input("the input", &self.counts.input).replaced("--out", &self.out)?;
        let data = Expression::read(&self.counts, console)?;
        let (truth, pred) = (data.groups(&self.truth)?, data.groups(&self.pred)?);
        let params = AgreementParams { n_top: self.n_genes as usize, min_cells: self.min_cells };
        let found = marker_agreement(&data.x, &truth, &pred, &params)?;
        drop(data);

        let mut files = vec![
            ("overlap.csv".to_string(), tables::overlap(&found)?),
            ("clusters.csv".to_string(), tables::clusters(&found)?),
            ("types.csv".to_string(), tables::types(&found)?),
        ];
        let plot = heatmap::plot(&found);
        let drawn = plot.render()?.map(|(ending, file)| (format!("{}.{ending}", plot.name), file));
        files.extend(drawn);
        let mut names: Vec<String> = files.iter().map(|f| f.0.clone()).collect();
        names.push("agreement.json".into());
        let summary = Summary {
            input: summary::path(&self.counts.input),
            output: summary::path(&self.out),
            truth: &self.truth,
            pred: &self.pred,
            min_cells: self.min_cells,
            agreement: &found,
            files: names,
        };
        files.push(("agreement.json".into(), serde_json::to_vec_pretty(&summary)?));
        interrupt::defer();
        let write = |folder: &Path| -> Result<()> {
            let mut each = files.iter();
            each.try_for_each(|(name, content)| Ok(fs::write(folder.join(name), content)?))
        };
        let folder = || format!("cannot write the folder {}", self.out.display());
        checksums::replace::<Error>(&self.out, write).with_context(folder)?;
        console.result(&summary, || summary.text())
    }
}

impl Summary<'_> {
    fn text(&self) -> String {
        let Found { clusters, types, mean, mean_by_cells, n_types, n_top, .. } = self.agreement;
        let mut lines: Vec<String> = Vec::new();
        for t in types {
            let (name, best) = (one_line(&t.cell_type), one_line(&clusters[t.best].cluster));
            let n = t.n_cells;
            let few = if t.counted { "" } else { ", too few cells to count" };
            lines.push(format!("{name} ({n} cells{few}): {:.2} with cluster {best}", t.overlap));
        }
        lines.push(match n_types {
            0 => format!("no type has {} cells", self.min_cells),
            _ => format!(
                "common markers of {n_top}, mean over {n_types} types: {mean:.3} \
                 (by cells {mean_by_cells:.3})"
            ),
        });
        lines.push(format!("written to {}", self.output));
        lines.join("\n")
    }
}
