//! Log-normalised counts and labels of the cells, for the commands after clustering.

use anyhow::Result;
use morula::data::{Categorical, CsrMatrix, DataFrame};
use morula::preprocess::{TargetSum, log1p, normalize_total};

use crate::args::CountsArgs;
use crate::console::Console;

/// Log-normalised counts, the names of the genes, and the annotations of the cells.
pub struct Expression {
    pub x: CsrMatrix,
    pub genes: Vec<String>,
    obs: DataFrame,
}

impl Expression {
    /// Reads raw counts and log-normalises them as the models do: every cell is divided by its
    /// total over all genes and multiplied by the median total, then `ln(1 + x)`.
    pub fn read(args: &CountsArgs, console: Console) -> Result<Self> {
        let obs = args.read_obs()?;
        let (mut x, _, genes) = args.read(console)?.into_parts();
        console.remark(format!("read {} cells x {} genes", x.n_rows(), x.n_cols()));
        normalize_total(&mut x, TargetSum::Median)?;
        log1p(&mut x);
        Ok(Self { x, genes, obs })
    }

    /// The labels in a column of obs.
    pub fn groups(&self, column: &str) -> Result<Categorical> {
        groups(&self.obs, column)
    }
}

/// The labels in a column, as categories.
pub fn groups(obs: &DataFrame, column: &str) -> Result<Categorical> {
    Ok(obs.column(column)?.to_categorical())
}
