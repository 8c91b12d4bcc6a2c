//! `morula predict`: clusters of new cells, from a saved model.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, anyhow};
use clap::Args;
use morula::models::ModelError;
use morula::prelude::*;

use crate::args::{BatchArgs, CountsArgs, DeviceArgs, PrintArgs, ResultArgs};
use crate::console::Console;
use crate::task::{Task, check_results};
use crate::{interrupt, outputs};

/// Assign new cells to the clusters of a saved model.
///
/// Genes are matched by name. The output is the input plus what `morula cluster` adds.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula predict pbmc-model new-donor.h5ad --out predicted.h5ad"
)]
pub struct Predict {
    /// Folder that `morula cluster --save-model` wrote
    #[arg(value_name = "MODEL_DIR")]
    model: PathBuf,

    #[command(flatten)]
    counts: CountsArgs,

    #[command(flatten)]
    batch: BatchArgs,

    #[command(flatten)]
    results: ResultArgs,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(flatten)]
    print: PrintArgs,
}

impl Predict {
    pub fn run(self) -> Result<()> {
        let kind = ModelKind::of_saved(&self.model).map_err(|error| match error {
            ModelError::UnknownModel { .. } => anyhow!("{}: {error}", self.model.display()),
            error => error.into(),
        })?;
        let started = Instant::now();
        let console = Console::new(&self.print);
        check_results(kind, &self.counts, &self.results)?;
        outputs::check_file(&self.results.out.out)?;
        let device = DeviceChoice::from(self.device.device).resolve()?;
        console.remark(format!("device: {device}"));
        let model = kind.load(&self.model, &device.device)?;
        let batch = self.batch.batch.as_deref();
        let (counts, results) = (&self.counts, &self.results);
        let task = Task { counts, batch, results, device, console, started };

        let (counts, input) = task.read()?;
        let prediction = model.predict(&counts)?;
        drop(counts);
        task.remark_filtered(&prediction, &input);
        interrupt::defer();
        task.print(&task.write(model.as_ref(), &prediction, &input, None)?)
    }
}
