//! Encodes new data.

use super::uns;
use crate::store::{Attr, Data, Group, Leaf, Node};
use crate::{AnnData, Categorical, Column, CsrMatrix, DataFrame, DenseMatrix, Result, names};

/// The tree of all of the data.
pub(in crate::io) fn tree(data: &AnnData) -> Result<Group<'_>> {
    data.check()?;
    let mut root = encoded(Group::default(), "anndata", "0.1.0");
    if let Some(x) = &data.x {
        root = root.child("X", csr(x));
    }
    let dict = || encoded(Group::default(), "dict", "0.1.0");
    let sparse = data.layers.iter().fold(dict(), |g, (name, m)| g.child(name, csr(m)));
    let graphs = data.obsp.iter().fold(dict(), |g, (name, m)| g.child(name, csr(m)));
    let obsm = data.obsm.iter().fold(dict(), |g, (name, m)| g.child(name, dense(m)));
    let varm = data.varm.iter().fold(dict(), |g, (name, m)| g.child(name, dense(m)));
    root = root
        .child("obs", frame(&data.obs)?)
        .child("var", frame(&data.var)?)
        .child("layers", sparse)
        .child("obsm", obsm)
        .child("varm", varm)
        .child("obsp", graphs)
        .child("varp", dict())
        .child("uns", uns::encode_map(&data.uns)?);
    if let Some(raw) = &data.raw {
        let group = encoded(Group::default(), "raw", "0.1.0");
        let group = group.child("X", csr(&raw.x)).child("var", frame(&raw.var)?);
        root = root.child("raw", group.child("varm", dict()));
    }
    Ok(root)
}

/// A group with its anndata encoding.
pub(super) fn encoded<'a>(group: Group<'a>, kind: &str, version: &str) -> Group<'a> {
    group
        .attr("encoding-type", Attr::Text(kind.into()))
        .attr("encoding-version", Attr::Text(version.into()))
}

/// An array with its anndata encoding.
fn array<'a>(leaf: Leaf<'a>, kind: &str) -> Leaf<'a> {
    leaf.attr("encoding-type", Attr::Text(kind.into()))
        .attr("encoding-version", Attr::Text("0.2.0".into()))
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Leaf<'a> {
    array(Leaf::vector(Data::Text(texts.map(Into::into).collect())), "string-array")
}

pub(super) fn dense(matrix: &DenseMatrix) -> Leaf<'_> {
    let mut leaf = Leaf::vector(Data::F32(matrix.values().into()));
    leaf.shape = vec![matrix.n_rows() as u64, matrix.n_cols() as u64];
    array(leaf, "array")
}

pub(super) fn csr(matrix: &CsrMatrix) -> Group<'_> {
    let vector = |data| Leaf::vector(data);
    let shape = Attr::Ints(vec![matrix.n_rows() as i64, matrix.n_cols() as i64]);
    let indices: Vec<i32> = matrix.indices().iter().map(|&c| c as i32).collect();
    // scipy needs both index arrays to have one width; 32 bits suffice while the offsets fit.
    let offsets = || matrix.indptr().iter();
    let (indices, indptr) = if i32::try_from(matrix.nnz()).is_ok() {
        let offsets: Vec<i32> = offsets().map(|&p| p as i32).collect();
        (Data::I32(indices.into()), Data::I32(offsets.into()))
    } else {
        let wide: Vec<i64> = indices.into_iter().map(i64::from).collect();
        let offsets: Vec<i64> = offsets().map(|&p| p as i64).collect();
        (Data::I64(wide.into()), Data::I64(offsets.into()))
    };
    encoded(Group::default(), "csr_matrix", "0.1.0")
        .attr("shape", shape)
        .child("data", vector(Data::F32(matrix.data().into())))
        .child("indices", vector(indices))
        .child("indptr", vector(indptr))
}

/// A table. The column `_index` holds its row names.
pub(super) fn frame(frame: &DataFrame) -> Result<Group<'_>> {
    let columns: Vec<&str> = frame.columns().map(|(name, _)| name).collect();
    names::check_column_paths(&columns)?;
    Ok(table(frame))
}

/// A table whose column names are already checked. As in anndata, a column with a slash in its name
/// goes into a group.
pub(super) fn table(frame: &DataFrame) -> Group<'_> {
    let order = frame.columns().map(|(name, _)| name.to_string()).collect();
    let mut group = encoded(Group::default(), "dataframe", "0.2.0")
        .attr("_index", Attr::Text("_index".into()))
        .attr("column-order", Attr::Texts(order))
        .child("_index", texts(frame.index().iter().map(String::as_str)));
    for (name, column) in frame.columns() {
        group.put(name, self::column(column));
    }
    group
}

/// A column of a table.
pub(super) fn column(column: &Column) -> Node<'_> {
    let plain = |data| array(Leaf::vector(data), "array").into();
    match column {
        Column::Categorical(c) => categorical(c.clone()).into(),
        Column::Float(v) => plain(Data::F64(v.into())),
        Column::Int(v) => match v.iter().copied().collect::<Option<Vec<_>>>() {
            Some(all) => plain(Data::I64(all.into())),
            None => {
                let values: Vec<i64> = v.iter().map(|x| x.unwrap_or(0)).collect();
                nullable("nullable-integer", Data::I64(values.into()), v)
            }
        },
        Column::Bool(v) => match v.iter().copied().collect::<Option<Vec<_>>>() {
            Some(all) => plain(Data::Bool(all.into())),
            None => {
                let values: Vec<bool> = v.iter().map(|x| x.unwrap_or(false)).collect();
                nullable("nullable-boolean", Data::Bool(values.into()), v)
            }
        },
        // No encoding of text with missing values is readable by every anndata; categories are.
        Column::Text(v) if v.iter().any(Option::is_none) => {
            categorical(Categorical::from_labels(v.iter().map(Option::as_deref))).into()
        }
        Column::Text(v) => texts(v.iter().flatten().map(String::as_str)).into(),
    }
}

pub(super) fn categorical<'a>(column: Categorical) -> Group<'a> {
    let codes = match column.categories().len() {
        0..128 => Data::I8(column.codes().iter().map(|&c| c as i8).collect()),
        _ => Data::I32(column.codes().to_vec().into()),
    };
    let categories = column.categories().iter().map(|c| c.clone().into()).collect();
    encoded(Group::default(), "categorical", "0.2.0")
        .attr("ordered", Attr::Bool(column.ordered()))
        .child("codes", array(Leaf::vector(codes), "array"))
        .child("categories", array(Leaf::vector(Data::Text(categories)), "string-array"))
}

fn nullable<'a, T>(kind: &str, values: Data<'a>, given: &[Option<T>]) -> Node<'a> {
    let mask: Vec<bool> = given.iter().map(Option::is_none).collect();
    encoded(Group::default(), kind, "0.1.0")
        .child("values", array(Leaf::vector(values), "array"))
        .child("mask", array(Leaf::vector(Data::Bool(mask.into())), "array"))
        .into()
}
