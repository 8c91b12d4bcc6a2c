//! `morula evaluate`: agreement of clusters with known labels.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use morula::data::{DataFrame, read_obs};
use morula::metrics::{Evaluation, evaluate};
use serde::Serialize;

use crate::args::PrintArgs;
use crate::console::Console;

/// Compare clusters with known labels.
///
/// Cells without a label in one of the columns are left out, and their number is given.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula evaluate clustered.h5ad --truth cell_type --pred jojoscl \
                        --json"
)]
pub struct Evaluate {
    /// File with both columns in obs
    #[arg(value_name = "IN")]
    input: PathBuf,

    /// Column of obs with the known labels
    #[arg(long, value_name = "OBS")]
    truth: String,

    /// Column of obs with the clusters
    #[arg(long, value_name = "OBS")]
    pred: String,

    #[command(flatten)]
    print: PrintArgs,
}

/// The scores, and how many cells were left out.
#[derive(Debug, Serialize)]
struct Scores {
    #[serde(flatten)]
    evaluation: Evaluation,
    n_cells_dropped: usize,
}

impl Evaluate {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        let scores = self.scores(&read_obs(&self.input)?)?;
        if scores.n_cells_dropped > 0 {
            let dropped = scores.n_cells_dropped;
            console.remark(format!("left out {dropped} cells without one of the labels"));
        }
        console.result(&scores, || scores.text())
    }

    fn scores(&self, obs: &DataFrame) -> Result<Scores> {
        let truth = obs.column(&self.truth)?.labels();
        let pred = obs.column(&self.pred)?.labels();
        let (truth, pred): (Vec<String>, Vec<String>) =
            truth.into_iter().zip(pred).filter_map(|(t, p)| t.zip(p)).unzip();
        let n_cells_dropped = obs.n_rows() - truth.len();
        if truth.is_empty() {
            bail!("no cell has both {} and {}; nothing to compare", self.truth, self.pred);
        }
        Ok(Scores { evaluation: evaluate(&truth, &pred)?, n_cells_dropped })
    }
}

impl Scores {
    fn text(&self) -> String {
        let e = &self.evaluation;
        let head = format!(
            "{} cells, {} true labels, {} clusters ({} cells left out)",
            e.n_cells, e.n_clusters_true, e.n_clusters_pred, self.n_cells_dropped
        );
        let scores = [
            ("ARI", e.ari),
            ("NMI", e.nmi),
            ("AMI", e.ami),
            ("ACC", e.acc),
            ("F1 macro", e.f1_macro),
            ("homogeneity", e.homogeneity),
            ("completeness", e.completeness),
            ("V-measure", e.v_measure),
            ("Fowlkes-Mallows", e.fowlkes_mallows),
        ];
        scores.iter().fold(head, |text, (name, score)| format!("{text}\n{name:<16}{score:.4}"))
    }
}
