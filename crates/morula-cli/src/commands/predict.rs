//! `morula predict`: clusters of new cells, from a saved model.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Error, Result, anyhow};
use clap::Args;
use morula::models::ModelError;
use morula::prelude::*;
use morula::preprocess::PreprocessError;

use crate::args::{BatchArgs, CountsArgs, DeviceArgs, PrintArgs, ResultArgs};
use crate::choices::saved_model;
use crate::console::Console;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::task::{Planned, Task, check_plan, check_results};
use crate::{genes, interrupt};

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
        let kind = saved_model(&self.model)?;
        let started = Instant::now();
        let console = Console::new(&self.print);
        check_results(kind, &self.counts, &self.results)?;
        let outputs =
            Outputs::new().input("the input", &self.counts.input).closed("the model", &self.model);
        self.results.check(outputs, &self.counts)?;
        let device = DeviceChoice::from(self.device.device).resolve()?;
        console.remark(format!("device: {device}"));
        check_plan(kind, &self.counts, &self.results, Planned::default())?;
        let model = kind.load(&self.model, &device.device)?;
        let batch = self.batch.batch.as_deref();
        if batch.is_some() && model.batches().is_empty() {
            return Err(usage(
                "this model knows no batches, because it was fitted without --batch, so --batch has \
                 no effect; leave it out",
            ));
        }
        let (counts, results) = (&self.counts, &self.results);
        let task = Task { counts, batch, fits: false, results, device, console, started };

        let (counts, input) = task.read()?;
        let prediction =
            model.predict(&counts).map_err(|e| self.explained(e, model.as_ref(), &counts))?;
        drop(counts);
        task.remark_filtered(&prediction, &input);
        interrupt::defer();
        task.print(&task.write(model.as_ref(), &prediction, &input, None, None)?)
    }

    /// An error about missing genes, with what would match.
    fn explained(
        &self,
        error: ModelError,
        model: &dyn ClusterModel,
        counts: &CountMatrix,
    ) -> Error {
        let missing =
            |error: &PreprocessError| matches!(error, PreprocessError::GenesMissing { .. });
        if !matches!(&error, ModelError::Preprocess(inner) if missing(inner)) {
            return error.into();
        }
        let wanted: Vec<String> =
            model.recipe().selected_genes().into_iter().map(String::from).collect();
        // The error holds names of both sides.
        let both = format!("{}: {error}", self.counts.input.display());
        anyhow!(genes::advice(both, &wanted, counts.var_names(), &self.counts))
    }
}
