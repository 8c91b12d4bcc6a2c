//! Flags that several subcommands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use morula::models::DeviceChoice;

/// Where raw counts come from.
#[derive(Debug, Args)]
pub struct CountsArgs {
    /// Raw counts: .h5ad, 10x .h5, 10x matrix folder, .h5 with X and Y, or CSV/TSV; the content
    /// decides the format
    #[arg(value_name = "IN")]
    pub input: PathBuf,

    /// Matrix with the raw counts: the name of a layer, "raw", or "X"
    #[arg(long, value_name = "NAME", default_value = "X")]
    pub layer: String,
}

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
    /// File to write: the input plus the results; may be the input itself
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
}

fn share(text: &str) -> Result<f32, String> {
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
