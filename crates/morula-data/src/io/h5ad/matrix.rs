//! Matrices in h5ad: compressed rows, compressed columns, dense.

use crate::store::{Array, Attr, Inexact, Kind, Store};
use crate::{CsrMatrix, DataError, DenseMatrix, Result};

/// Reads the matrix at a path, in any layout, as compressed rows.
///
/// It must have `rows` rows and, if given, `cols` columns. Memory is allocated for the number of
/// names, never for the size that a damaged file may claim.
pub(in crate::io) fn read_matrix(
    store: &dyn Store,
    at: &str,
    rows: usize,
    cols: Option<usize>,
) -> Result<CsrMatrix> {
    let fits = |shape: (usize, usize)| match shape {
        (r, c) if r == rows && cols.is_none_or(|cols| c == cols) => Ok(()),
        (r, c) => Err(DataError::damaged(match cols {
            Some(cols) => format!("{at} is {r} x {c}, but {rows} x {cols} names are given"),
            None => format!("{at} has {r} rows, but {rows} are given"),
        })),
    };
    match store.kind(at) {
        Some(Kind::Array) => {
            let array = store.array(at)?;
            let shape = two_dimensions(&array, at, cols)?;
            fits(shape)?;
            sparsify(&array, shape)
        }
        Some(Kind::Group) => {
            let shape = sparse_shape(store, at)?;
            fits(shape)?;
            read_sparse(store, at, shape)
        }
        None => Err(store.not_there(at)),
    }
}

fn sparse_shape(store: &dyn Store, at: &str) -> Result<(usize, usize)> {
    match store.attr(at, "shape").or_else(|| store.attr(at, "h5sparse_shape")) {
        Some(Attr::Ints(dims)) if dims.len() == 2 && dims.iter().all(|&d| d >= 0) => {
            Ok((dims[0] as usize, dims[1] as usize))
        }
        _ => Err(DataError::damaged(format!("{at} states no shape"))),
    }
}

fn read_sparse(store: &dyn Store, at: &str, (rows, cols): (usize, usize)) -> Result<CsrMatrix> {
    let layout = store.text_attr(at, "h5sparse_format").unwrap_or_else(|| store.encoding(at));
    match layout.as_str() {
        "csr" | "csr_matrix" => read_compressed(store, at, rows, cols),
        "csc" | "csc_matrix" => Ok(read_compressed(store, at, cols, rows)?.transpose()),
        other => Err(DataError::unsupported(format!(
            "{at} is encoded as {other:?}; matrices are read as csr, csc or dense"
        ))),
    }
}

/// Reads `data`, `indices` and `indptr`, which has an offset per row of `major`.
pub(in crate::io) fn read_compressed(
    store: &dyn Store,
    at: &str,
    major: usize,
    minor: usize,
) -> Result<CsrMatrix> {
    let part = |name: &str| store.array(&format!("{at}/{name}"));
    let (data, indices, indptr) = (part("data")?, part("indices")?, part("indptr")?);
    // First, before anything is read: inconsistent lengths are the most common damage.
    if data.len() != indices.len() || Some(indptr.len()) != major.checked_add(1) {
        return Err(DataError::damaged(format!(
            "{at} holds {} values, {} indices and {} offsets for {major} rows",
            data.len(),
            indices.len(),
            indptr.len()
        )));
    }
    let indptr = indptr.ints(|v| usize::try_from(v).ok())?;
    let indices = indices.ints(|v| u32::try_from(v).ok())?;
    let (values, inexact) = data.f32s_and_inexact()?;
    let hidden = inexact.map_or(0, |(.., hidden)| hidden);
    let inexact = inexact.and_then(|(p, value, _)| {
        // The last row that begins at or before the entry, among rows in order.
        let row = indptr.partition_point(|&start| start <= p).checked_sub(1)?;
        Some((row.min(major.saturating_sub(1)), *indices.get(p)?, value))
    });
    let mut x = CsrMatrix::new(major, minor, indptr, indices, values)
        .map_err(|e| DataError::damaged(format!("{at}: {e}")))?;
    x.set_inexact(inexact);
    x.set_hidden(hidden);
    Ok(x)
}

/// Reads a dense matrix row by row and keeps the nonzero values.
fn sparsify(array: &Array, (rows, cols): (usize, usize)) -> Result<CsrMatrix> {
    let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
    let (mut inexact, mut n_hidden) = (None, 0);
    array.visit_f32(|start, window, first: Inexact| {
        let before = data.len();
        let place = |(p, value, _)| (start + p / cols.max(1), (p % cols.max(1)) as u32, value);
        n_hidden += first.map_or(0, |(.., hidden)| hidden);
        inexact = inexact.or(first.map(place));
        for row in window.chunks(cols.max(1)) {
            for (j, &v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                indices.push(j as u32);
                data.push(v);
            }
            indptr.push(data.len());
        }
        array.budget().take((data.len() - before) as u64, 8)
    })?;
    indptr.resize(rows + 1, data.len());
    let mut x = CsrMatrix::new(rows, cols, indptr, indices, data)?;
    x.set_inexact(inexact);
    x.set_hidden(n_hidden);
    Ok(x)
}

/// Reads a dense matrix; a vector counts as one column.
pub(super) fn read_dense(store: &dyn Store, at: &str) -> Result<DenseMatrix> {
    let array = store.array(at)?;
    let (rows, cols) = two_dimensions(&array, at, None)?;
    DenseMatrix::new(rows, cols, array.f32s()?)
}

/// Rows and columns. A vector is one column, or one row where that fits.
fn two_dimensions(array: &Array, at: &str, cols: Option<usize>) -> Result<(usize, usize)> {
    match *array.shape() {
        [n] if cols == Some(n) && n != 1 => Ok((1, n)),
        [n] => Ok((n, 1)),
        [rows, cols] => Ok((rows, cols)),
        ref other => {
            let what = format!("{at} has {} dimensions; a matrix has two", other.len());
            Err(DataError::unsupported(what))
        }
    }
}
