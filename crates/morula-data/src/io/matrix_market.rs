//! MatrixMarket coordinate files (<https://math.nist.gov/MatrixMarket/formats.html>).
//!
//! Own code, so that an error names the line and a damaged header cannot claim memory.

use super::budget::Budget;
use super::text::Lines;
use crate::{CsrMatrix, DataError, Result};
use std::path::Path;

/// Most entries for which memory is allocated before they are read.
const TRUSTED: usize = 1 << 20;

/// A sparse matrix as a list of (row, column, value).
pub(super) struct Triplets {
    pub n_rows: usize,
    pub n_cols: usize,
    entries: Vec<(u32, u32, f32)>,
    /// The first value that single precision does not hold.
    inexact: Option<(usize, u32, f64)>,
    /// Fractions that single precision hides.
    n_hidden: usize,
}

/// Reads a general real or integer matrix.
pub(super) fn read(path: &Path) -> Result<Triplets> {
    let mut lines = Lines::open(path)?;
    let budget = Budget::of_file(path)?;
    let banner = lines.next()?.unwrap_or_default().to_ascii_lowercase();
    let words: Vec<&str> = banner.split_whitespace().collect();
    if !matches!(
        words.as_slice(),
        ["%%matrixmarket", "matrix", "coordinate", "real" | "integer", "general"]
    ) {
        return Err(DataError::unsupported(format!(
            "the first line is {banner:?}; a matrix of counts begins with \
             \"%%MatrixMarket matrix coordinate integer general\""
        )));
    }
    let (n_rows, n_cols, nnz) = loop {
        let Some(line) = lines.next()? else {
            return Err(DataError::damaged("the line of sizes is missing"));
        };
        if !(line.starts_with('%') || line.trim().is_empty()) {
            let sizes: Option<(u64, u64, u64)> = fields(line);
            break sizes.ok_or_else(|| lines.error("three sizes were expected"))?;
        }
        lines.skip()?;
    };
    if n_rows.max(n_cols) > u32::MAX.into() {
        return Err(lines.error("the matrix is too large"));
    }
    let mut entries = Vec::with_capacity((nnz as usize).min(TRUSTED));
    let (mut inexact, mut n_hidden) = (None, 0);
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            lines.skip()?;
            continue;
        }
        let entry: Option<(u64, u64, f64)> = fields(line);
        let (i, j, value) = entry
            .filter(|&(i, j, _)| (1..=n_rows).contains(&i) && (1..=n_cols).contains(&j))
            .ok_or_else(|| {
                let size = format!("of a {n_rows} x {n_cols} matrix");
                lines.error(&format!("row, column and value {size} were expected"))
            })?;
        if entries.len() % TRUSTED == 0 {
            budget.take(TRUSTED as u64, size_of::<(u32, u32, f32)>())?;
        }
        if inexact.is_none() && CsrMatrix::is_inexact(value) {
            inexact = Some((i as usize - 1, j as u32 - 1, value));
        }
        n_hidden += usize::from(CsrMatrix::is_hidden(value));
        entries.push((i as u32 - 1, j as u32 - 1, value as f32));
    }
    if entries.len() as u64 != nnz {
        let what = format!("{} of {nnz} entries are there", entries.len());
        return Err(DataError::damaged(what));
    }
    Ok(Triplets { n_rows: n_rows as usize, n_cols: n_cols as usize, entries, inexact, n_hidden })
}

/// Three numbers separated by blanks.
fn fields<A: std::str::FromStr, B: std::str::FromStr, C: std::str::FromStr>(
    line: &str,
) -> Option<(A, B, C)> {
    let mut words = line.split_ascii_whitespace();
    let three =
        (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some(three)
}

impl Triplets {
    /// The transpose.
    pub fn transpose(mut self) -> Self {
        for (i, j, _) in &mut self.entries {
            std::mem::swap(i, j);
        }
        let inexact = self.inexact.map(|(i, j, v)| (j as usize, i as u32, v));
        Self { n_rows: self.n_cols, n_cols: self.n_rows, inexact, ..self }
    }

    /// Compressed rows, by counting sort. Duplicate entries are summed.
    pub fn into_csr(self) -> Result<CsrMatrix> {
        let mut indptr = vec![0usize; self.n_rows + 1];
        for &(i, ..) in &self.entries {
            indptr[i as usize + 1] += 1;
        }
        for i in 0..self.n_rows {
            indptr[i + 1] += indptr[i];
        }
        let mut next = indptr.clone();
        let mut indices = vec![0; self.entries.len()];
        let mut data = vec![0.0; self.entries.len()];
        for (i, j, value) in self.entries {
            let p = &mut next[i as usize];
            (indices[*p], data[*p]) = (j, value);
            *p += 1;
        }
        let mut x = CsrMatrix::new(self.n_rows, self.n_cols, indptr, indices, data)?;
        x.set_inexact(self.inexact);
        x.set_hidden(self.n_hidden);
        Ok(x)
    }
}
