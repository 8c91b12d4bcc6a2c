//! Some cells of annotated data.

use anyhow::Result;
use morula::data::{AnnData, Categorical, Column, CsrMatrix, DataError, DataFrame, DenseMatrix};

/// The data of the cells at these positions.
pub fn subset(data: AnnData, cells: &[usize]) -> Result<AnnData> {
    let sparse = |x: CsrMatrix| x.select_rows(cells);
    let mut obs = DataFrame::new(pick(data.obs.index(), cells));
    for (name, column) in data.obs.columns() {
        obs.set(name, column_of(column, cells)?)?;
    }
    let obsm = data.obsm.into_iter().map(|(name, x)| Ok((name, dense(&x, cells)?)));
    let obsp = data.obsp.into_iter();
    let obsp = obsp.map(|(name, x)| (name, x.select_rows(cells).select_cols(cells)));
    Ok(AnnData {
        x: data.x.map(sparse),
        layers: data.layers.into_iter().map(|(name, x)| (name, sparse(x))).collect(),
        raw: data.raw.map(|mut raw| {
            raw.x = sparse(raw.x);
            raw
        }),
        obs,
        obsm: obsm.collect::<Result<_, DataError>>()?,
        obsp: obsp.collect(),
        var: data.var,
        varm: data.varm,
        uns: data.uns,
        not_loaded: data.not_loaded,
        remarks: data.remarks,
    })
}

fn column_of(column: &Column, cells: &[usize]) -> Result<Column, DataError> {
    Ok(match column {
        Column::Categorical(c) => Column::Categorical(Categorical::new(
            pick(c.codes(), cells),
            c.categories().to_vec(),
            c.ordered(),
        )?),
        Column::Float(values) => Column::Float(pick(values, cells)),
        Column::Int(values) => Column::Int(pick(values, cells)),
        Column::Bool(values) => Column::Bool(pick(values, cells)),
        Column::Text(values) => Column::Text(pick(values, cells)),
    })
}

fn dense(x: &DenseMatrix, cells: &[usize]) -> Result<DenseMatrix, DataError> {
    let values = cells.iter().flat_map(|&i| x.row(i)).copied().collect();
    DenseMatrix::new(cells.len(), x.n_cols(), values)
}

fn pick<T: Clone>(values: &[T], cells: &[usize]) -> Vec<T> {
    cells.iter().map(|&i| values[i].clone()).collect()
}
