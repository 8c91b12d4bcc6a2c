//! Matrix folders of 10x: `matrix.mtx` with `barcodes.tsv` and `features.tsv` or `genes.tsv` beside
//! it; of kallisto: `cells_x_genes.mtx` with `.barcodes.txt` and `.genes.txt`. Each file may be
//! gzipped, and all may have the same prefix.

use super::features::Features;
use super::matrix_market;
use super::text::rows;
use crate::{AnnData, DataError, Result};
use std::path::{Path, PathBuf};

/// The three files of a matrix, as a program calls them.
struct Names {
    matrix: &'static str,
    barcodes: &'static [&'static str],
    features: &'static [&'static str],
}

/// Cell Ranger and STARsolo; kallisto (bustools).
const NAMES: [Names; 2] = [
    Names {
        matrix: "matrix.mtx",
        barcodes: &["barcodes.tsv"],
        features: &["features.tsv", "genes.tsv"],
    },
    Names {
        matrix: "cells_x_genes.mtx",
        barcodes: &["cells_x_genes.barcodes.txt"],
        features: &["cells_x_genes.genes.txt"],
    },
];

/// Reads a folder, or a folder's matrix file.
pub(super) fn read(path: &Path) -> Result<AnnData> {
    let [matrix, barcodes_path, features_path] = parts(path)?;
    let mut barcodes = rows(&barcodes_path)?;
    let mut features = rows(&features_path)?;
    if let Some((name, sign)) = other_separator(&features) {
        let what = format!(
            "the fields are separated by {name}, but tabs are expected; replace {sign:?} between \
             the fields by tabs"
        );
        return Err(DataError::unsupported(what).in_file(&features_path));
    }
    let stored = matrix_market::read(&matrix).map_err(|e| e.in_file(&matrix))?;
    let shape = (stored.n_rows, stored.n_cols);
    without_headers(&mut barcodes, &mut features, shape);
    for (rows, path) in [(&barcodes, &barcodes_path), (&features, &features_path)] {
        if let Some(i) = rows.iter().position(|row| row[0].is_empty() && row.len() < 2) {
            let error = DataError::Line { line: i as u64 + 1, what: "a name was expected".into() };
            return Err(error.in_file(path));
        }
    }
    let barcodes: Vec<String> = barcodes.into_iter().map(|mut row| row.swap_remove(0)).collect();
    let features = self::features(features);
    let (n, m) = (barcodes.len(), features.ids.len());
    // 10x and STARsolo store genes x cells, kallisto and alevin the transpose; the sizes decide.
    let x = match shape {
        shape if shape == (m, n) => stored.transpose().into_csr()?,
        shape if shape == (n, m) => stored.into_csr()?,
        (rows, cols) => {
            let what = format!("a {rows} x {cols} matrix with {m} features and {n} barcodes");
            let near = |rows: usize, cols: usize| {
                let off = [(m, n), (n, m)].map(|(a, b)| (a.checked_sub(rows), b.checked_sub(cols)));
                off.iter().any(|o| matches!(o, (Some(0 | 1), Some(0 | 1))))
            };
            if near(rows, cols) {
                return Err(DataError::unsupported(format!(
                    "{what}: one name too many; if {} or {} begins with a row of headers, remove \
                     that row",
                    barcodes_path.display(),
                    features_path.display()
                )));
            }
            return Err(DataError::damaged(what).in_file(&matrix));
        }
    };
    features.annotate(x, barcodes)
}

/// The files of the matrix, the barcodes and the features.
pub(super) fn parts(path: &Path) -> Result<[PathBuf; 3]> {
    let Found { folder, prefix, matrix, names } = locate(path)?;
    let beside = |names: &[&str]| {
        let tried = names.iter().flat_map(|n| ["", ".gz"].map(|end| format!("{prefix}{n}{end}")));
        tried.map(|name| folder.join(name)).find(|p| p.exists()).ok_or_else(|| {
            DataError::unsupported(format!(
                "there is no {prefix}{} (or .gz) in {}",
                names.join(" or "),
                folder.display()
            ))
        })
    };
    Ok([matrix, beside(names.barcodes)?, beside(names.features)?])
}

/// The separator of a file of features that has no tabs: it is in every row.
fn other_separator(rows: &[Vec<String>]) -> Option<(&'static str, char)> {
    let one_field = !rows.is_empty() && rows.iter().all(|row| row.len() == 1);
    let all = [("commas", ','), ("semicolons", ';'), ("blanks", ' ')];
    let found = all.into_iter().find(|(_, sign)| rows.iter().all(|row| row[0].contains(*sign)));
    found.filter(|_| one_field)
}

/// Removes a first row that holds headers. It does where there is one row too many and its first
/// field is a usual header.
fn without_headers(
    barcodes: &mut Vec<Vec<String>>,
    features: &mut Vec<Vec<String>>,
    (rows, cols): (usize, usize),
) {
    let is_header = |row: Option<&Vec<String>>| {
        let name = row.map(|row| row[0].to_ascii_lowercase());
        name.is_some_and(|name| HEADERS.contains(&name.as_str()))
    };
    let headers = [is_header(barcodes.first()), is_header(features.first())];
    let (n, m) = (barcodes.len(), features.len());
    let without = (n - usize::from(headers[0]), m - usize::from(headers[1]));
    for (barcode, feature) in [(n, m), (without.0, m), (n, without.1), without] {
        if [(feature, barcode), (barcode, feature)].contains(&(rows, cols)) {
            barcodes.drain(..n - barcode);
            features.drain(..m - feature);
            return;
        }
    }
}

/// First fields of rows of headers, in small letters.
const HEADERS: [&str; 22] = [
    "",
    "barcode",
    "barcodes",
    "cell",
    "cells",
    "cell_id",
    "cellid",
    "cell_barcode",
    "index",
    "id",
    "name",
    "names",
    "gene",
    "genes",
    "gene_id",
    "gene_ids",
    "geneid",
    "gene_name",
    "ensembl_id",
    "feature",
    "feature_id",
    "x",
];

/// Where the files of a matrix lie.
struct Found {
    folder: PathBuf,
    /// Before all their names.
    prefix: String,
    matrix: PathBuf,
    names: &'static Names,
}

fn locate(path: &Path) -> Result<Found> {
    let found = |file: &Path| {
        let name = file.file_name()?.to_str()?;
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let of =
            |names: &'static Names| Some((name.strip_suffix(names.matrix)?.to_string(), names));
        let (prefix, names) = NAMES.iter().find_map(of)?;
        let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
        Some(Found { folder, prefix, matrix: file.to_path_buf(), names })
    };
    if !path.is_dir() {
        return found(path).ok_or_else(|| {
            DataError::unsupported(
                "a MatrixMarket file must be called matrix.mtx or cells_x_genes.mtx (also with \
                 .gz), with the files of barcodes and features beside it",
            )
        });
    }
    let entries = std::fs::read_dir(path).map_err(DataError::io("list the folder"))?;
    let mut all: Vec<Found> = entries.filter_map(|entry| found(&entry.ok()?.path())).collect();
    all.sort_by(|a, b| a.matrix.cmp(&b.matrix));
    match all.len() {
        1 => Ok(all.swap_remove(0)),
        0 => {
            let what = "this folder holds no matrix.mtx or cells_x_genes.mtx (also with .gz); give \
                        a 10x or kallisto matrix folder or a file";
            Err(DataError::unsupported(what))
        }
        many => Err(DataError::unsupported(format!(
            "this folder holds {many} matrices; give one of them, such as {}",
            all[0].matrix.display()
        ))),
    }
}

/// Identifiers, names and types. If there are only identifiers, they are also the names.
fn features(rows: Vec<Vec<String>>) -> Features {
    let nth = |row: &[String], i: usize| row.get(i).cloned();
    let types: Option<Vec<String>> = rows.iter().map(|row| nth(row, 2)).collect();
    Features {
        names: rows.iter().map(|r| nth(r, 1).unwrap_or_else(|| r[0].clone())).collect(),
        types: types.filter(|t| !t.is_empty()),
        ids: rows.into_iter().map(|mut row| row.swap_remove(0)).collect(),
        more: Vec::new(),
    }
}
