//! File formats: detected by content, read into [`AnnData`], written as h5ad or zarr.

pub(crate) mod budget;
mod features;
mod h5ad;
mod matrix_market;
mod options;
mod parts;
mod plan;
mod sniff;
mod table;
mod tenx_h5;
mod tenx_mtx;
mod text;
mod write;
mod xy_h5;

pub use features::FEATURE_TYPES;
pub(crate) use features::{genes_of, left_out};
pub use options::ReadOptions;
pub use parts::parts;
pub use plan::{OutputPlan, check_output, output_format};
pub use sniff::{Format, sniff};
pub use write::{write, write_from, write_h5ad, write_h5ad_from, write_h5ad_with, write_zarr};

#[cfg(doc)]
use crate::DataError;
use crate::store;
use crate::{AnnData, CountMatrix, DataFrame, Result, UnsValue, orientation};
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a file or folder of any supported format. The format is detected by content.
///
/// Matrices become `f32` values in compressed rows, whatever their layout in the file. Names stay
/// as stored. [`not_loaded`](AnnData::not_loaded) lists the parts that could not be read or that
/// the container cannot represent. For clustering, [`read_counts`] needs less memory.
///
/// # Errors
/// An error with the path of the file: [`DataError`] `::UnknownFormat`, `::Damaged`,
/// `::Unsupported`, `::Line` or `::Io`. A pipe or device is unsupported, since a file is read
/// several times.
pub fn read(path: impl AsRef<Path>) -> Result<AnnData> {
    read_with(path, &ReadOptions::new())
}

/// Like [`read`], with options; their layer and rounding are for counts and have no effect here.
///
/// # Errors
/// Those of [`read`]; [`DataError::Unsupported`] to transpose anything but a table.
pub fn read_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<AnnData> {
    let path = path.as_ref();
    load(path, options).map_err(|e| e.in_file(path))
}

fn load(path: &Path, options: &ReadOptions) -> Result<AnnData> {
    let format = sniff::format(path)?;
    options.check(format)?;
    let mut data = match format {
        Format::H5ad | Format::Zarr => h5ad::read(&*store::open(path)?)?,
        Format::TenxH5 => tenx_h5::read(&*store::open(path)?)?,
        Format::TenxMtx => tenx_mtx::read(path)?,
        Format::XyH5 => xy_h5::read(&*store::open(path)?)?,
        Format::Table => table::read(path, options.transpose)?,
    };
    if orientation::seems_transposed(data.obs_names(), data.var_names()) {
        data.remarks.push(orientation::REMARK.into());
    }
    Ok(data)
}

/// Reads only the counts: one matrix and the names of its cells and genes, made unique.
///
/// `layer` is `None` or `"X"` for the main matrix, `"raw"` for the matrix of `raw`, or else the
/// name of a layer. Every value must be a raw count. Features that 10x's feature types call no
/// genes are left out, and [`remarks`](CountMatrix::remarks) say so.
///
/// # Errors
/// The errors of [`read`]; [`DataError::NotCounts`] names the cell, gene, value and the layers that
/// do hold counts; [`DataError::Inexact`]; [`DataError::MissingLayer`]; [`DataError::Empty`].
pub fn read_counts(path: impl AsRef<Path>, layer: Option<&str>) -> Result<CountMatrix> {
    read_counts_with(path, &ReadOptions::new().layer(layer))
}

/// Like [`read_counts`], with the layer of `options`: fractional counts can be rounded, and a table
/// with genes in its rows can be transposed.
///
/// # Errors
/// Those of [`read_counts`]; [`DataError::Unsupported`] to transpose anything but a table.
pub fn read_counts_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<CountMatrix> {
    let path = path.as_ref();
    let counts = || match sniff::format(path)? {
        format if format.is_anndata() => {
            options.check(format)?;
            h5ad::read_counts(&*store::open(path)?, options)
        }
        _ => {
            let mut data = load(path, options)?;
            data.remarks.retain(|remark| remark != orientation::REMARK);
            data.into_counts_with(options)
        }
    };
    counts().map_err(|e| e.in_file(path))
}

/// Reads only the annotations of cells, for example labels to compare with.
///
/// # Errors
/// Those of [`read`].
pub fn read_obs(path: impl AsRef<Path>) -> Result<DataFrame> {
    let path = path.as_ref();
    let obs = || match sniff::format(path)? {
        format if format.is_anndata() => h5ad::read_obs(&*store::open(path)?),
        _ => Ok(load(path, &ReadOptions::new())?.obs),
    };
    obs().map_err(|e| e.in_file(path))
}

/// Reads only `uns`, for example the description of an earlier result; empty in other formats than
/// h5ad and zarr.
///
/// # Errors
/// Those of [`read`].
pub fn read_uns(path: impl AsRef<Path>) -> Result<BTreeMap<String, UnsValue>> {
    let path = path.as_ref();
    let uns = || match sniff::format(path)? {
        format if format.is_anndata() => h5ad::read_all_uns(&*store::open(path)?),
        _ => Ok(BTreeMap::new()),
    };
    uns().map_err(|e| e.in_file(path))
}
