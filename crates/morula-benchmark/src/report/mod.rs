//! Tables and plots from the rows of `runs.csv`.

mod ablations;
mod batches;
mod embeddings;
mod plots;
mod ranking;
mod reliability;
mod robustness;
mod sections;
mod selection;
mod stat;
mod table;

pub use sections::BEGINNING;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::row::Row;
use crate::settings::Settings;

/// The page.
pub const PAGE: &str = "results.md";

/// Writes `results.md` and its plots, and returns the names of all files.
pub fn write(folder: &Path, rows: &[Row], settings: &Settings) -> Result<Vec<String>> {
    let plots = plots::all(rows);
    let mut files = vec![PAGE.to_string()];
    for plot in &plots {
        for (ending, content) in plot.render()? {
            let name = format!("{}.{ending}", plot.name);
            let path = folder.join(&name);
            fs::write(&path, content)
                .with_context(|| format!("cannot write {}", path.display()))?;
            files.push(name);
        }
    }
    let path = folder.join(&files[0]);
    let text = sections::text(rows, settings, &plots);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(files)
}
