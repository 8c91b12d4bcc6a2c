//! `morula simulate`: counts of cells with known types.

use anyhow::Result;
use clap::Args;
use morula::data::{AnnData, Column, UnsValue, write};
use morula::preprocess::{SimulateParams, Simulated, simulate};
use serde::Serialize;

use crate::args::{OutArgs, PrintArgs};
use crate::console::Console;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::summary;

/// Simulate cells of known types.
///
/// Writes raw counts with obs `cell_type` (the true types), var `marker_of`, and obs `batch` if
/// there are several batches.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  morula simulate --cells 1000 --types 5 --out simulated.h5ad")]
pub struct Simulate {
    /// Number of cells
    #[arg(long, value_name = "N")]
    cells: usize,

    /// Number of cell types
    #[arg(long, value_name = "K")]
    types: usize,

    /// Number of genes
    #[arg(long, value_name = "G", default_value_t = 2000)]
    genes: usize,

    /// Share of the counts that are lost, from 0 to below 1
    #[arg(long, value_name = "P", default_value_t = 0.1)]
    dropout: f64,

    /// Number of batches
    #[arg(long, value_name = "N", default_value_t = 1)]
    batches: usize,

    /// Random seed: the same seed gives the same counts
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    #[command(flatten)]
    out: OutArgs,

    #[command(flatten)]
    print: PrintArgs,
}

/// Marker genes per type, if there are enough genes.
const MARKERS: usize = 100;

/// Fold change of a marker in its type.
const FOLD_CHANGE: f64 = 4.0;

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    output: String,
    n_cells: usize,
    n_genes: usize,
    n_types: usize,
    seed: u64,
}

impl Simulate {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        let params = self.params();
        params.check().map_err(|e| usage(e.to_string()))?;
        Outputs::new().data("--out", &self.out.out)?;
        write(&self.out.out, &annotated(simulate(&params)?, &params)?)?;
        let made = Made {
            output: summary::path(&self.out.out),
            n_cells: params.cells,
            n_genes: params.genes,
            n_types: params.types,
            seed: params.seed,
        };
        console.result(&made, || {
            let Made { n_cells, n_genes, n_types, output, .. } = &made;
            format!("{n_cells} cells x {n_genes} genes of {n_types} types written to {output}")
        })
    }

    fn params(&self) -> SimulateParams {
        // At most half of the genes are markers.
        let markers = MARKERS.min(self.genes / self.types.saturating_mul(2).max(1)).max(1);
        SimulateParams {
            cells: self.cells,
            genes: self.genes,
            types: self.types,
            markers,
            fold_change: FOLD_CHANGE,
            dropout: self.dropout,
            batches: self.batches,
            seed: self.seed,
            ..Default::default()
        }
    }
}

/// The counts with the true types and markers.
fn annotated(simulated: Simulated, params: &SimulateParams) -> Result<AnnData> {
    let Simulated { counts, types, type_names, batches, markers } = simulated;
    let (x, obs, var) = counts.into_parts();
    let mut marker_of: Vec<Option<&str>> = vec![None; var.len()];
    for (name, genes) in type_names.iter().zip(&markers) {
        genes.iter().for_each(|&j| marker_of[j] = Some(name));
    }
    let mut data = AnnData::new(x, obs, var)?;
    let types = types.iter().map(|&t| Some(&type_names[t]));
    data.obs.set("cell_type", Column::categorical(types))?;
    data.var.set("marker_of", Column::categorical(marker_of))?;
    if let Some(batches) = batches {
        let batches = batches.iter().map(|b| Some(b.to_string()));
        data.obs.set("batch", Column::categorical(batches))?;
    }
    let params = UnsValue::from(&serde_json::to_value(params)?);
    data.uns.insert("simulation".into(), params);
    Ok(data)
}
