//! Flags that several subcommands share.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use morula::data::{
    Additions, AnnData, CountMatrix, DataFrame, OutputPlan, ReadOptions, UnsValue, check_output,
    read_counts_with, read_obs, read_with, write_from,
};
use morula::models::DeviceChoice;

use crate::console::Console;
use crate::genes;
use crate::outputs::Outputs;
use crate::text::one_line;

/// Where raw counts come from.
#[derive(Debug, Args)]
pub struct CountsArgs {
    /// Raw counts: .h5ad, .zarr, 10x .h5, 10x matrix folder, .h5 with X and Y, or CSV/TSV; the
    /// content decides the format
    #[arg(value_name = "IN")]
    pub input: PathBuf,

    /// Matrix with the raw counts: the name of a layer, "raw", or "X"
    #[arg(long, value_name = "NAME", default_value = "X")]
    pub layer: String,

    /// Column of var with the names of the genes, such as symbols or Ensembl ids [default: the
    /// index of var]
    #[arg(long, value_name = "VAR")]
    pub gene_column: Option<String>,

    /// Accept fractional counts, as SoupX, CellBender, RSEM and alevin give them, and round them to
    /// whole numbers
    #[arg(long)]
    pub round: bool,

    /// Read a table (CSV or TSV) with genes in its rows and cells in its columns
    #[arg(long)]
    pub transpose: bool,
}

impl CountsArgs {
    /// A file with no options for reading it.
    pub fn of(input: &Path) -> Self {
        let layer = "X".to_string();
        Self { input: input.into(), layer, gene_column: None, round: false, transpose: false }
    }

    fn options(&self) -> ReadOptions {
        let options = ReadOptions::new().layer(Some(&self.layer));
        options.round(self.round).transpose(self.transpose)
    }

    /// Reads the counts, with the names of the genes that are asked for, and says what the reader
    /// noticed.
    pub fn read(&self, console: Console) -> Result<CountMatrix> {
        let counts = read_counts_with(&self.input, &self.options())?;
        for remark in counts.remarks() {
            console.remark(one_line(remark));
        }
        match &self.gene_column {
            Some(column) => {
                let var = genes::var(self.read_data()?, &self.layer)?;
                genes::renamed(counts, &var, &self.layer, column)
                    .with_context(|| format!("var of {}", self.input.display()))
            }
            None => Ok(counts),
        }
    }

    /// Reads all of the input.
    pub fn read_data(&self) -> Result<AnnData> {
        Ok(read_with(&self.input, &self.options())?)
    }

    /// Reads the annotations of the cells.
    pub fn read_obs(&self) -> Result<DataFrame> {
        match self.transpose {
            true => Ok(self.read_data()?.obs),
            false => Ok(read_obs(&self.input)?),
        }
    }

    /// Refuses an output of these additions that cannot be written, before any work.
    pub fn check_output(&self, output: &Path, plan: &OutputPlan) -> Result<()> {
        Ok(check_output(&self.input, output, plan)?)
    }

    /// What the output says of the reading: how many values were rounded.
    pub fn record(&self, additions: Additions, n_rounded: usize) -> Additions {
        match self.round {
            true => {
                additions.uns(READING, UnsValue::map().with("rounded_values", n_rounded as i64))
            }
            false => additions,
        }
    }

    /// Writes the input with additions, and returns the parts that the output lacks.
    pub fn write(&self, output: &Path, additions: &Additions) -> Result<Vec<String>> {
        Ok(write_from(&self.input, output, additions, &self.options())?)
    }
}

/// The entry of uns about the reading of counts.
pub const READING: &str = "morula_counts";

/// The batch of every cell.
#[derive(Debug, Args)]
pub struct BatchArgs {
    /// Column of obs with the batch of every cell (sample, donor, plate); the model takes out the
    /// differences between batches
    #[arg(long, value_name = "OBS")]
    pub batch: Option<String>,
}

/// Where results go.
#[derive(Debug, Args)]
pub struct OutArgs {
    /// File to write: the input plus the results; an .h5ad may be the input itself. A name that ends
    /// in .zarr gives a zarr store, which must be a free name
    #[arg(long, value_name = "OUT.h5ad")]
    pub out: PathBuf,
}

/// Which results to write, and where.
#[derive(Debug, Args)]
pub struct ResultArgs {
    #[command(flatten)]
    pub out: OutArgs,

    /// Also write denoised counts (scsiameseclu only) as layers `denoised`: entries only for the
    /// genes of var `scsiameseclu_modelled`, an empty row for a cell that was filtered out
    #[arg(long)]
    pub denoised: bool,

    /// Give no cluster to cells with a lower confidence: their label is missing, their confidence
    /// and probabilities stay
    #[arg(long, value_name = "0..1", value_parser = share)]
    pub min_confidence: Option<f32>,

    /// Write only the cells that have a result: cells that preprocessing leaves out have NaN
    /// otherwise, which other programs may refuse. The parts of the input that Morula cannot read
    /// are not in the output then, and the output may not be the input
    #[arg(long)]
    pub drop_filtered: bool,
}

impl ResultArgs {
    /// Adds the output to those of a command, and refuses it where it would cost an input.
    pub fn check<'a>(&self, outputs: Outputs<'a>, counts: &CountsArgs) -> Result<Outputs<'a>> {
        match self.drop_filtered {
            true => outputs.data("--out", &self.out.out),
            false => outputs.copy("--out", &self.out.out, &counts.input),
        }
    }
}

fn share(text: &str) -> std::result::Result<f32, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("give a number from 0 to 1".into()),
    }
}

/// Where to compute.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    /// Where to compute; auto uses a hardware GPU if there is one
    #[arg(long, value_enum, default_value_t = DeviceName::Auto)]
    pub device: DeviceName,
}

/// The choices of `--device`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DeviceName {
    Auto,
    Cpu,
    Gpu,
}

impl From<DeviceName> for DeviceChoice {
    fn from(name: DeviceName) -> Self {
        match name {
            DeviceName::Auto => Self::Auto,
            DeviceName::Cpu => Self::Cpu,
            DeviceName::Gpu => Self::Gpu,
        }
    }
}

/// What to print.
#[derive(Debug, Args)]
pub struct PrintArgs {
    /// Print one JSON object to stdout and nothing else there
    #[arg(long)]
    pub json: bool,

    /// No progress and no remarks on stderr; errors still appear
    #[arg(long)]
    pub quiet: bool,
}
