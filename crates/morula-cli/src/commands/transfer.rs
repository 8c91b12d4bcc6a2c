//! `morula transfer`: labels for new cells, from a labelled reference.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use morula::data::{
    Additions, AnnData, Categorical, Column, DataError, DenseMatrix, OutputPlan, ReadOptions,
    check_output, read, write_from,
};
use morula::markers::{TransferParams, Transferred};
use serde::Serialize;

use crate::args::{OutArgs, PrintArgs};
use crate::console::Console;
use crate::expression::groups;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::text::one_line;
use crate::{interrupt, summary};

/// Transfer labels from a reference to new cells.
///
/// Uses an embedding by one model that both files have in obsm: `morula cluster --save-model`
/// writes it for the reference, `morula predict` for new cells. Writes the new cells plus obs
/// `morula_transferred`, obs `morula_transferred_confidence` (probability of the most probable
/// label) and obs `morula_transferred_novelty` (share of the reference's cells that are closer to
/// their nearest reference cells than this cell is).
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula transfer reference.h5ad predicted.h5ad --label cell_type \
                        --embedding X_jojoscl --out labelled.h5ad"
)]
pub struct Transfer {
    /// Labelled cells with their embedding: .h5ad or .zarr
    #[arg(value_name = "REFERENCE.h5ad")]
    reference: PathBuf,

    /// New cells with the same embedding: .h5ad or .zarr
    #[arg(value_name = "QUERY.h5ad")]
    query: PathBuf,

    /// Column of the reference's obs with the labels
    #[arg(long, value_name = "OBS")]
    label: String,

    /// Matrix of obsm with the embedding
    #[arg(long, value_name = "OBSM")]
    embedding: String,

    #[command(flatten)]
    out: OutArgs,

    /// Smallest probability of a label; a cell below it is unknown
    #[arg(long, value_name = "X", default_value_t = TransferParams::default().min_probability)]
    min_probability: f64,

    /// Largest novelty of a labelled cell; a cell above it is unknown; 1 for no limit
    #[arg(long, value_name = "X", default_value_t = TransferParams::default().max_novelty)]
    max_novelty: f64,

    /// Label of cells of unknown type
    #[arg(long, value_name = "LABEL", default_value = "unknown")]
    unknown: String,

    #[command(flatten)]
    print: PrintArgs,
}

/// The columns that it adds.
const ADDED: [&str; 3] =
    ["morula_transferred", "morula_transferred_confidence", "morula_transferred_novelty"];

#[derive(Debug, Serialize)]
struct Summary {
    reference: String,
    query: String,
    output: String,
    n_cells_reference: usize,
    n_cells: usize,
    n_unknown: usize,
    /// Cells without an embedding.
    n_missing: usize,
    mean_confidence: f64,
    cells: Vec<(String, usize)>,
}

impl Transfer {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        let params = TransferParams::default()
            .min_probability(self.min_probability)
            .max_novelty(self.max_novelty);
        params.check().map_err(|e| usage(e.to_string()))?;
        Outputs::new()
            .input("the input", &self.query)
            .input("the reference", &self.reference)
            .copy("--out", &self.out.out, &self.query)?;
        let plan = ADDED.iter().fold(OutputPlan::new(), |plan, name| plan.obs(*name));
        check_output(&self.query, &self.out.out, &plan)?;
        let reference = read(&self.reference)?;
        let labels = groups(&reference.obs, &self.label)
            .with_context(|| self.reference.display().to_string())?;
        let query = read(&self.query)?;
        let embedding = self.embedding(&reference, &self.reference)?;
        let classifier = params
            .fit(embedding, &labels)
            .with_context(|| format!("cannot learn from {}", self.reference.display()))?;
        console.remark(format!("{} types in the reference", classifier.types().len()));
        let found = classifier
            .predict(self.embedding(&query, &self.query)?)
            .with_context(|| format!("cannot label {}", self.query.display()))?;
        let summary = self.summary(&found, &labels);
        drop((reference, query));
        interrupt::defer();
        let results = self.additions(found)?;
        console.remark_lost(&write_from(
            &self.query,
            &self.out.out,
            &results,
            &ReadOptions::new(),
        )?);
        console.result(&summary, || summary.text())
    }

    fn embedding<'a>(&self, data: &'a AnnData, path: &Path) -> Result<&'a DenseMatrix> {
        data.obsm.get(&self.embedding).with_context(|| {
            let there: Vec<&str> = data.obsm.keys().map(String::as_str).collect();
            let there = if there.is_empty() { "nothing".into() } else { there.join(", ") };
            format!(
                "{}: no {} in obsm, which holds {there}; make the embedding with morula cluster \
                 --save-model and morula predict",
                path.display(),
                self.embedding
            )
        })
    }

    fn additions(&self, found: Transferred) -> Result<Additions, DataError> {
        // The types keep their order; "unknown" comes last, unless a type has that name.
        let mut categories = found.types;
        let unknown = categories.iter().position(|name| *name == self.unknown);
        let unknown = unknown.unwrap_or_else(|| {
            categories.push(self.unknown.clone());
            categories.len() - 1
        });
        let code = |label: &Option<Option<usize>>| {
            label.map_or(-1, |known| known.unwrap_or(unknown) as i32)
        };
        let codes = found.labels.iter().map(code).collect();
        let labels = Column::Categorical(Categorical::new(codes, categories, false)?);
        Ok(Additions::new()
            .obs(ADDED[0], labels)
            .obs(ADDED[1], Column::Float(found.confidence))
            .obs(ADDED[2], Column::Float(found.novelty)))
    }

    fn summary(&self, found: &Transferred, labels: &Categorical) -> Summary {
        let mut cells = vec![0; found.types.len()];
        found.labels.iter().flatten().flatten().for_each(|&t| cells[t] += 1);
        let count =
            |of: fn(&Option<Option<usize>>) -> bool| found.labels.iter().filter(|l| of(l)).count();
        let sure: Vec<f64> = found.confidence.iter().copied().filter(|c| !c.is_nan()).collect();
        Summary {
            reference: summary::path(&self.reference),
            query: summary::path(&self.query),
            output: summary::path(&self.out.out),
            n_cells_reference: labels.codes().iter().filter(|&&c| c >= 0).count(),
            n_cells: found.labels.len(),
            n_unknown: count(|label| *label == Some(None)),
            n_missing: count(Option::is_none),
            mean_confidence: sure.iter().sum::<f64>() / sure.len().max(1) as f64,
            cells: found.types.iter().cloned().zip(cells).collect(),
        }
    }
}

impl Summary {
    fn text(&self) -> String {
        let mut lines: Vec<String> =
            self.cells.iter().map(|(name, n)| format!("{}: {n} cells", one_line(name))).collect();
        lines.push(format!("unknown: {} cells", self.n_unknown));
        if self.n_missing > 0 {
            lines.push(format!("without an embedding: {} cells", self.n_missing));
        }
        let (out, mean) = (&self.output, self.mean_confidence);
        lines.push(format!("mean confidence {mean:.2}; written to {out}"));
        lines.join("\n")
    }
}
