//! 10x matrix folders: `matrix.mtx` with `barcodes.tsv` and `features.tsv` or `genes.tsv`
//! beside it. Each may be gzipped, and all may have the same prefix.

use super::features::Features;
use super::matrix_market;
use super::text::Lines;
use crate::{AnnData, DataError, Result};
use std::path::{Path, PathBuf};

/// Reads a folder, or a folder's matrix file.
pub(super) fn read(path: &Path) -> Result<AnnData> {
    let (folder, prefix, matrix) = locate(path)?;
    let beside = |names: &[&str]| {
        let tried = names.iter().flat_map(|n| ["", ".gz"].map(|end| format!("{prefix}{n}{end}")));
        tried.map(|name| folder.join(name)).find(|p| p.is_file()).ok_or_else(|| {
            DataError::unsupported(format!(
                "there is no {prefix}{} (or .gz) in {}",
                names.join(" or "),
                folder.display()
            ))
        })
    };
    let barcodes_path = beside(&["barcodes.tsv"])?;
    let features_path = beside(&["features.tsv", "genes.tsv"])?;
    let barcodes = rows(&barcodes_path)?;
    let barcodes: Vec<String> = barcodes.into_iter().map(|mut row| row.swap_remove(0)).collect();
    let features = features(rows(&features_path)?);
    let (n, m) = (barcodes.len(), features.ids.len());
    let stored = matrix_market::read(&matrix).map_err(|e| e.in_file(&matrix))?;
    // 10x and STARsolo store genes x cells, kallisto and alevin the transpose; the sizes decide.
    let x = match (stored.n_rows, stored.n_cols) {
        shape if shape == (m, n) => stored.transpose().into_csr()?,
        shape if shape == (n, m) => stored.into_csr()?,
        (rows, cols) => {
            let what = format!("a {rows} x {cols} matrix with {m} features and {n} barcodes");
            return Err(DataError::damaged(what).in_file(&matrix));
        }
    };
    features.annotate(x, barcodes)
}

/// The folder, the prefix of all names in it, and the path of the matrix.
fn locate(path: &Path) -> Result<(PathBuf, String, PathBuf)> {
    let prefix_of = |file: &Path| {
        let name = file.file_name()?.to_str()?;
        let name = name.strip_suffix(".gz").unwrap_or(name);
        name.strip_suffix("matrix.mtx").map(str::to_string)
    };
    if !path.is_dir() {
        let prefix = prefix_of(path).ok_or_else(|| {
            DataError::unsupported("a MatrixMarket file must be called matrix.mtx or matrix.mtx.gz")
        })?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        return Ok((folder, prefix, path.to_path_buf()));
    }
    let entries = std::fs::read_dir(path).map_err(DataError::io("list the folder"))?;
    let mut found: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|file| Some((prefix_of(&file)?, file)))
        .collect();
    found.sort();
    match found.as_slice() {
        [(prefix, file)] => Ok((path.to_path_buf(), prefix.clone(), file.clone())),
        [] => {
            let what = "this folder holds no matrix.mtx or matrix.mtx.gz; give a 10x matrix \
                        folder or a file";
            Err(DataError::unsupported(what))
        }
        many => Err(DataError::unsupported(format!(
            "this folder holds {} matrices; give one of them, such as {}",
            many.len(),
            many[0].1.display()
        ))),
    }
}

/// Tab-separated rows of at least one field.
fn rows(path: &Path) -> Result<Vec<Vec<String>>> {
    let read = || {
        let mut lines = Lines::open(path)?;
        let mut rows = Vec::new();
        while let Some(line) = lines.next()? {
            let row: Vec<String> = line.split('\t').map(|f| f.trim().to_string()).collect();
            if row[0].is_empty() {
                return Err(lines.error("a name was expected"));
            }
            rows.push(row);
        }
        Ok(rows)
    };
    read().map_err(|e: DataError| e.in_file(path))
}

/// Identifiers, names and types. If there are only identifiers, they are also the names.
fn features(rows: Vec<Vec<String>>) -> Features {
    let nth = |row: &[String], i: usize| row.get(i).cloned();
    let types: Option<Vec<String>> = rows.iter().map(|row| nth(row, 2)).collect();
    Features {
        names: rows.iter().map(|r| nth(r, 1).unwrap_or_else(|| r[0].clone())).collect(),
        types: types.filter(|t| !t.is_empty()),
        ids: rows.into_iter().map(|mut row| row.swap_remove(0)).collect(),
    }
}
