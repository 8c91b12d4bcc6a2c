//! `morula predict`: clusters of new cells with a saved model.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use morula::prelude::*;

use crate::args::{CountsArgs, DeviceArgs, OutArgs, PrintArgs};
use crate::console::Console;
use crate::summary::{self, Summary};
use crate::{interrupt, outputs};

/// Give new cells the clusters of a saved model.
///
/// Genes are matched by name. The output is the input plus the same columns that `morula
/// cluster` adds.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  morula predict pbmc-model new-donor.h5ad --out predicted.h5ad")]
pub struct Predict {
    /// Folder that `morula cluster --save-model` wrote
    #[arg(value_name = "MODEL_DIR")]
    model: PathBuf,

    #[command(flatten)]
    counts: CountsArgs,

    #[command(flatten)]
    out: OutArgs,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(flatten)]
    print: PrintArgs,
}

impl Predict {
    pub fn run(self) -> Result<()> {
        let started = Instant::now();
        let console = Console::new(&self.print);
        outputs::check_file(&self.out.out)?;
        let device = DeviceChoice::from(self.device.device).resolve()?;
        console.remark(format!("device: {device}"));
        let model = JojoSclModel::load(&self.model, &device.device)?;

        let counts = read_counts(&self.counts.input, Some(&self.counts.layer))?;
        let n_cells = counts.n_obs();
        console.remark(format!("read {n_cells} cells x {} genes", counts.n_vars()));
        let prediction = model.predict(&counts)?;
        // The input is read again for writing; never hold it twice.
        drop(counts);
        console.remark(summary::filtered(&prediction, n_cells));

        let results = additions(&model, &prediction, n_cells, &device.name)?;
        interrupt::defer();
        let lost = write_h5ad_with(&self.counts.input, &self.out.out, &results)?;
        console.remark_lost(&lost);
        let summary = Summary::new(
            &model,
            &prediction,
            [&self.counts.input, &self.out.out],
            n_cells,
            &device,
            started.elapsed(),
        );
        console.result(&summary, || summary.text())
    }
}
