//! What `report` and `cluster --report` share.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use morula::data::{AnnData, CountMatrix, DataFrame, read_obs};
use morula::models::{ClusterModel, Prediction};
use morula::preprocess::{UmapParams, umap, umap_layout};
use morula::report::{Report, Role, Run, Source};

use crate::console::Console;
use crate::failure::usage;
use crate::summary::Summary;

/// Known types of the cells, to show beside the clusters.
#[derive(Debug, Args)]
pub struct TruthArgs {
    /// Column of obs with known types, shown in the report; no model sees it [default: cell_type,
    /// label and the like]
    #[arg(long, value_name = "OBS")]
    pub truth: Option<String>,
}

impl TruthArgs {
    /// Refuses a column where no report shows it.
    pub fn check_unused(&self) -> Result<()> {
        match self.truth.is_some() {
            true => Err(usage("--truth is only shown in a report; give --report DIR too")),
            false => Ok(()),
        }
    }

    /// Refuses a missing column, before hours of training.
    pub fn check(&self, input: &Path) -> Result<()> {
        match &self.truth {
            Some(name) => Ok(read_obs(input)?.column(name).map(drop)?),
            None => Ok(()),
        }
    }
}

/// Counts and the annotations of their cells, for results to be added to.
pub fn annotated(counts: CountMatrix, obs: DataFrame) -> Result<AnnData> {
    let (x, names, genes) = counts.into_parts();
    Ok(AnnData { obs, ..AnnData::new(x, names, genes)? })
}

/// UMAP of the embedding.
pub fn umap_of(
    prediction: &Prediction,
    model: &dyn ClusterModel,
    console: Console,
) -> Result<(Vec<f32>, UmapParams)> {
    console.remark("UMAP of the embedding");
    let params = UmapParams { seed: model.describe().seed, ..UmapParams::default() };
    let (latent, d) = (prediction.latent.values(), prediction.latent.n_cols());
    let layout = match &prediction.neighbors {
        Some(near) => umap_layout(near, latent, d, &params)?,
        None => umap(latent, d, &params)?,
    };
    Ok((layout, params))
}

/// Draws the report of data with results in it.
pub fn draw(folder: &Path, data: AnnData, source: &Source, summary: &Summary) -> Result<()> {
    let mut run = Run::from_anndata(&data, source)?;
    drop(data);
    let filtered =
        format!("{} kept by the filter, {} left out", summary.n_genes, summary.n_genes_filtered);
    let facts = [
        ("Genes in training", filtered),
        ("Input", summary.input.clone()),
        ("Seconds", format!("{:.1}", summary.seconds)),
    ];
    run.facts.extend(facts.map(|(name, value)| (name.to_string(), value)));
    run.command = Some(given_command());
    Ok(Report::new(&run)?.write(folder)?)
}

/// The coordinates of cells whose confidence is at least `least`: those that have a cluster.
pub fn sure_cells(layout: &[f32], prediction: &Prediction, least: f32) -> Vec<f32> {
    let cells = layout.chunks_exact(2).zip(prediction.confidence());
    cells.filter(|(_, p)| *p >= least).flat_map(|(place, _)| place).copied().collect()
}

/// The columns that the report shows, for people.
pub fn shown(run: &Run) -> String {
    let column = |role: Role| {
        let found = run.annotations.iter().find(|a| a.role == role);
        found.map_or("none".to_string(), |a| a.name.clone())
    };
    format!("known types: {}, batches: {}", column(Role::Truth), column(Role::Batch))
}

/// The name of a file, for titles.
pub fn title(file: &Path) -> String {
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}

/// The command line of this program.
fn given_command() -> String {
    let arguments = crate::ARGUMENTS.get().into_iter().flatten().skip(1);
    let words = arguments.map(|word| quoted(&word.to_string_lossy()));
    ["morula".to_string()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

/// A command that makes such a run, from the parameters in the file.
pub fn likely_command(run: &Run, file: &Path) -> String {
    let of = |name: &str| run.parameters.iter().find(|p| p.0 == name).map(|p| p.1.clone());
    let mut words = vec!["morula cluster".to_string(), quoted(&file.display().to_string())];
    words.extend(["--model".into(), run.model.clone()]);
    words.extend(["--n-clusters".into(), of("n_clusters").unwrap_or(run.k().to_string())]);
    words.extend(of("epochs").into_iter().flat_map(|epochs| ["--epochs".into(), epochs]));
    words.extend(run.seed.into_iter().flat_map(|seed| ["--seed".into(), seed.to_string()]));
    words.extend(["--out", "OUT.h5ad"].map(String::from));
    format!(
        "# Made from the parameters in the file; other parameters that are not the default (see \
         Parameters) need --config.\n{}",
        words.join(" ")
    )
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        let words = ["a.h5ad", "my file", "it's", "", "$HOME", "--x=1"].map(quoted);
        assert_eq!(words, ["a.h5ad", "'my file'", "'it'\\''s'", "''", "'$HOME'", "--x=1"]);
    }
}
