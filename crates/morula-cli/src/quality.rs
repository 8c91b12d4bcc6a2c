//! Quality control, for `qc` and for `cluster --qc`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use morula::data::{
    Additions, Categorical, Column, CountMatrix, CsrMatrix, DataFrame, OutputPlan, UnsValue,
    read_small,
};
use morula::models::Prediction;
use morula::preprocess::{GeneSet, QcParams, Quality, calculate_qc_metrics, quality_control};

use crate::console::Console;
use crate::failure::usage;
use crate::task::used;
use crate::text::one_line;

/// The entry of uns with the parameters and bounds.
pub const ENTRY: &str = "morula_qc";
/// The column of obs that says whether a cell has no flag.
pub const PASS: &str = "qc_pass";

/// The parts of the output that quality control writes, with kinds of genes of these names beside
/// those known by their symbols.
pub fn planned<'a>(plan: OutputPlan, names: impl IntoIterator<Item = &'a str>) -> OutputPlan {
    let mut sets = GeneSet::usual(&[]);
    sets.extend(names.into_iter().map(|name| GeneSet { name: name.into(), genes: Vec::new() }));
    // The columns are the same for no cells; these are genes enough for all shares of top genes.
    let none = CsrMatrix::from_dense(0, 1000, &[]).unwrap_or_default();
    let metrics = calculate_qc_metrics(&none, &sets).map(|found| found.obs()).unwrap_or_default();
    let flags = ["outlier", "mt_outlier", "doublet_score", "predicted_doublet", PASS];
    let columns = metrics.into_iter().map(|(name, _)| name).chain(flags.map(String::from));
    columns.fold(plan.uns(ENTRY), OutputPlan::obs)
}

/// Name and file of a kind of genes, `NAME=FILE`.
pub fn about(text: &str) -> Option<(&str, PathBuf)> {
    let (name, file) = text.split_once('=')?;
    (!name.is_empty() && !name.contains('/') && !file.is_empty()).then(|| (name, file.into()))
}

/// The kinds of genes known by their symbols, and those of lists.
pub fn gene_sets(genes: &[String], lists: &[String], console: Console) -> Result<Vec<GeneSet>> {
    let mut sets = GeneSet::usual(genes);
    for list in lists {
        let Some((name, file)) = about(list) else {
            return Err(usage(format!(
                "--genes {list}: give a name without a slash and a file, as mt=genes.txt"
            )));
        };
        let path = file.display();
        let text = read_small(&file).with_context(|| format!("cannot read {path}"))?;
        let text = String::from_utf8(text).with_context(|| format!("{path} is not UTF-8 text"))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let wanted: Vec<String> = lines.map(str::to_string).collect();
        let (set, missing) = GeneSet::by_names(name, genes, &wanted);
        if set.genes.is_empty() {
            bail!("{path}: none of its {} genes is among those of the data", wanted.len());
        }
        if let Some(first) = missing.first() {
            let n = missing.len();
            console.remark(one_line(&format!("{n} genes of {path} not found, such as {first}")));
        }
        sets.retain(|old| old.name != name);
        sets.push(set);
    }
    Ok(sets)
}

/// The columns and the entry of uns.
pub fn additions(to: Additions, found: &Quality, params: &QcParams, sets: &[GeneSet]) -> Additions {
    let params = serde_json::to_value(params).unwrap_or_default();
    let genes = sets
        .iter()
        .fold(UnsValue::map(), |all, set| all.with(set.name.as_str(), set.genes.len() as i64));
    let about = UnsValue::map().with("params", &params).with("genes", genes);
    let samples = found.samples.iter().enumerate().fold(UnsValue::map(), |all, (at, sample)| {
        let bounds = sample.bounds.iter().fold(UnsValue::map(), |all, (metric, b)| {
            all.with(metric.as_str(), vec![b.lower, b.upper])
        });
        let name = sample.name.as_deref().unwrap_or("all cells");
        let of = UnsValue::map().with("name", name).with("bounds", bounds);
        let of = match &sample.doublets {
            Some(doublets) => of
                .with("doublet_threshold", doublets.threshold.unwrap_or(f64::NAN))
                .with("expected_doublet_rate", doublets.expected_rate),
            None => of,
        };
        // Names of samples may hold what names of entries may not.
        all.with(at.to_string(), of)
    });
    let to = found.obs().into_iter().fold(to, |to, (name, column)| to.obs(name, column));
    to.uns(ENTRY, about.with("samples", samples))
}

/// The cells that a model is fitted to, and what is added to the output about the others.
pub struct Screen {
    pub kept: Vec<usize>,
    n_cells: usize,
    additions: Option<(Quality, QcParams, Vec<GeneSet>)>,
}

impl Screen {
    /// Takes the flags that `morula qc` has written, or else computes them with its defaults.
    pub fn new(
        counts: &CountMatrix,
        obs: &DataFrame,
        samples: Option<&Categorical>,
        console: Console,
    ) -> Result<Self> {
        let n_cells = counts.n_obs();
        let (kept, additions, whence) = match obs.column(PASS) {
            Ok(Column::Bool(pass)) => {
                let kept = (0..n_cells).filter(|&i| pass[i] == Some(true)).collect();
                (kept, None, format!("the column {PASS}"))
            }
            Ok(_) => bail!(
                "the column {PASS} does not hold True and False, as `morula qc` writes it; rename \
                 it, or run morula qc"
            ),
            Err(_) => {
                let (params, sets) = (QcParams::default(), GeneSet::usual(counts.var_names()));
                let found = quality_control(counts.x(), &sets, samples, &params)?;
                let count = |flags: &[bool]| flags.iter().filter(|flag| **flag).count();
                let whence = format!(
                    "{} outliers, {} in mitochondrial counts, {} doublets",
                    count(&found.outlier),
                    count(&found.mt_outlier),
                    count(&found.predicted_doublet)
                );
                let passes = found.passes();
                let kept = (0..n_cells).filter(|&i| passes[i]).collect();
                (kept, Some((found, params, sets)), whence)
            }
        };
        let kept: Vec<usize> = kept;
        let left_out = n_cells - kept.len();
        console.remark(format!("left out by --qc: {left_out} of {n_cells} cells ({whence})"));
        if kept.is_empty() {
            bail!("all {n_cells} cells are flagged; look at them with morula qc --report DIR");
        }
        Ok(Self { kept, n_cells, additions })
    }

    /// The counts of the cells that are kept.
    pub fn select(&self, counts: &CountMatrix) -> Result<CountMatrix> {
        let genes: Vec<usize> = (0..counts.n_vars()).collect();
        let kept = counts.select(&self.kept, &genes);
        // All cells of a batch may be flagged.
        match kept.batches().map(used).transpose()? {
            Some(batches) => Ok(kept.with_batches(batches)?),
            None => Ok(kept),
        }
    }

    /// Cells left out.
    pub fn left_out(&self) -> usize {
        self.n_cells - self.kept.len()
    }

    /// The prediction with the positions of its cells among all cells.
    pub fn restored(&self, prediction: &Prediction) -> Prediction {
        let mut prediction = prediction.clone();
        let report = &mut prediction.report.filtered_cells;
        for cell in prediction.kept_cells.iter_mut().chain(report) {
            *cell = self.kept[*cell];
        }
        prediction
    }

    /// Adds the flags, where they were computed.
    pub fn add_to(&self, results: Additions) -> Additions {
        match &self.additions {
            Some((found, params, sets)) => additions(results, found, params, sets),
            None => results,
        }
    }
}
