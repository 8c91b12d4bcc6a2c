//! HDF5 with a matrix `X`, cells x genes, and labels `Y`: the benchmark files of the deep
//! clustering literature.

use super::h5ad::{read_matrix, read_vector};
use crate::store::Store;
use crate::{AnnData, Column, DataError, Result, names};

/// Reads the file; `Y` becomes the categorical column `label` of `obs`.
pub(super) fn read(store: &dyn Store) -> Result<AnnData> {
    let labels = read_vector(&store.array("Y")?, "Y")?;
    let x = read_matrix(store, "X", labels.len(), None)?;
    // No names bound the columns, and an empty matrix can claim any number of them.
    if x.n_rows() == 0 || x.n_cols() == 0 {
        return Err(DataError::Empty { n_obs: x.n_rows(), n_vars: x.n_cols() });
    }
    if x.n_cols() as u64 > store.bytes().max(1 << 20) {
        let (cols, bytes) = (x.n_cols(), store.bytes());
        let what = format!("X claims {cols} columns in a file of {bytes} bytes");
        return Err(DataError::damaged(what));
    }
    let (cells, genes) = (names::numbered(x.n_rows()), names::numbered(x.n_cols()));
    let mut data = AnnData::new(x, cells, genes)?;
    // Class numbers may be stored as 1.0.
    let labels = match labels {
        Column::Float(v) if v.iter().all(|x| x.fract() == 0.0 && x.abs() < 1e15) => {
            Column::Int(v.iter().map(|&x| Some(x as i64)).collect())
        }
        other => other,
    };
    data.obs.set("label", Column::categorical(labels.labels()))?;
    Ok(data)
}
