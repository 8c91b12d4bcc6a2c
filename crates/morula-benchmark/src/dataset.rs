//! The data sets of a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use morula::data::text;

use crate::error::usage;
use crate::job::{Description, Job};
use crate::options::Options;
use crate::process;
use crate::watch::Watch;

/// A data set.
#[derive(Debug, Clone)]
pub struct Dataset {
    pub name: String,
    pub path: PathBuf,
    pub about: Description,
}

/// Data sets that can be scored; a remark names each of the others.
pub fn data_sets(folder: &Path, options: &Options, watch: &dyn Watch) -> Result<Vec<Dataset>> {
    let mut datasets: Vec<Dataset> = Vec::new();
    let mut names = BTreeSet::new();
    for path in files(folder)? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // As tables have it, which a spreadsheet may read.
        let name = text::cell(&stem).into_owned();
        if !names.insert(name.clone()) {
            return Err(usage(format!("{}: two files are called {name}", folder.display())));
        }
        if !options.datasets.is_empty()
            && ![&name, &stem].iter().any(|n| options.datasets.contains(n))
        {
            continue;
        }
        let job = Job::Describe {
            path: path.clone(),
            truth: options.truth.clone(),
            batch: options.batch.clone(),
        };
        match process::run::<Description>(&job, options.threads)?.0 {
            Ok(about) => datasets.push(Dataset { name, path, about }),
            Err(why) => watch.remark(format!("skipped {name}: {why}")),
        }
    }
    if let Some(unknown) = options.datasets.iter().find(|name| !names.contains(&*text::cell(name)))
    {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let there = names.join(", ");
        return Err(usage(format!("no data set {unknown}; there are: {there}")));
    }
    if datasets.is_empty() {
        bail!("{}: no data set with raw counts and labels", folder.display());
    }
    Ok(datasets)
}
/// Files that may hold data sets, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if matches!(ending.as_deref(), Some("h5ad" | "h5")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
