//! Writes data, and copies of files with results, as h5ad or zarr.

use super::{Format, ReadOptions, h5ad, plan, read_with, sniff};
#[cfg(doc)]
use super::{check_output, read};
#[cfg(doc)]
use crate::DataError;
use crate::{Additions, AnnData, Result, atomic_dir, atomic_file};
use std::path::Path;

/// Writes data as a new file: a zarr store where `path` ends in `.zarr` ([`write_zarr`]), else h5ad
/// ([`write_h5ad`]).
///
/// # Errors
/// Those of [`write_h5ad`] and [`write_zarr`].
pub fn write(path: impl AsRef<Path>, data: &AnnData) -> Result<()> {
    let path = path.as_ref();
    match plan::output_format(path)? {
        Format::Zarr => write_zarr(path, data),
        _ => write_h5ad(path, data),
    }
}

/// Writes a copy of `input` with `additions` to `output`: a zarr store where `output` ends in `.zarr`,
/// else an h5ad file ([`write_h5ad_from`]).
///
/// Everything in a zarr input stays in a zarr output as it is, in the version of the input, except
/// for copies of the metadata in one file (consolidated metadata). Other inputs are converted to
/// version 3. Nothing that is there is replaced by a zarr store.
///
/// Returns the parts of the input that the output lacks, so that the caller can report them.
///
/// # Errors
/// Those of [`check_output`], [`read`], [`write_h5ad`] and [`write_zarr`]; [`DataError::Unsupported`]
/// to transpose anything but a table.
pub fn write_from(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    additions: &Additions,
    options: &ReadOptions,
) -> Result<Vec<String>> {
    let (input, output) = (input.as_ref(), output.as_ref());
    write_as(plan::output_format(output)?, input, output, additions, options)
}

/// Writes data as a new zarr store of version 3, a folder which Python's anndata can open from 0.12 on.
///
/// The folder is written under a temporary name beside `path`, and renamed when it is complete.
///
/// # Errors
/// An error with the path of the folder: `::Shape` or `::BadName` when the parts do not fit together,
/// `::Unsupported` where anything is at `path` already, and without the feature `zarr`, `::Io`.
pub fn write_zarr(path: impl AsRef<Path>, data: &AnnData) -> Result<()> {
    let path = path.as_ref();
    let fill = |temporary: &Path| create_zarr(temporary, data);
    atomic_dir::create(path, fill).map_err(|e| e.in_file(path))
}

#[cfg(feature = "zarr")]
fn create_zarr(folder: &Path, data: &AnnData) -> Result<()> {
    crate::zarr::create(folder, &h5ad::tree(data)?)
}

#[cfg(not(feature = "zarr"))]
fn create_zarr(_: &Path, _: &AnnData) -> Result<()> {
    Err(crate::DataError::unsupported("this program was built without the feature zarr"))
}

/// Writes data as a new h5ad file, which Python's anndata can open.
///
/// The file is written under a temporary name beside `path`, and renamed when it is complete. After
/// an error, `path` keeps its old content.
///
/// # Errors
/// An error with the path of the file: `::Shape` or `::BadName` when the parts do not fit together,
/// `::Io`.
pub fn write_h5ad(path: impl AsRef<Path>, data: &AnnData) -> Result<()> {
    let path = path.as_ref();
    atomic_file::replace(path, |temporary| crate::hdf5::create(temporary, &h5ad::tree(data)?))
        .map_err(|e| e.in_file(path))
}

/// Writes a copy of `input` with `additions` to `output`, an h5ad file.
///
/// Everything in an h5ad input stays byte for byte as it is, including the parts that [`AnnData`]
/// cannot represent. A part that has the name of an addition is replaced, but never a group that
/// holds anything else: see [`check_output`]. In `uns`, entries of a group stay that the addition
/// does not name, unless an earlier run of Morula wrote them. Other formats are converted first.
/// `output` may be an h5ad `input`; it is written as by [`write_h5ad`].
///
/// Returns the parts of the input that the output lacks, so that the caller can report them:
/// nothing for an h5ad input; for a 10x input, the features that are not genes.
///
/// # Errors
/// Those of [`check_output`], [`read`] and [`write_h5ad`].
pub fn write_h5ad_with(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    additions: &Additions,
) -> Result<Vec<String>> {
    write_h5ad_from(input, output, additions, &ReadOptions::new())
}

/// Like [`write_h5ad_with`], for an input that is read with options.
///
/// # Errors
/// Those of [`write_h5ad_with`]; [`DataError::Unsupported`] to transpose anything but a table.
pub fn write_h5ad_from(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    additions: &Additions,
    options: &ReadOptions,
) -> Result<Vec<String>> {
    write_as(Format::H5ad, input.as_ref(), output.as_ref(), additions, options)
}

/// Writes a copy of `input` with `additions` in a format. A copy in the format of the input keeps all
/// of it.
fn write_as(
    to: Format,
    input: &Path,
    output: &Path,
    additions: &Additions,
    options: &ReadOptions,
) -> Result<Vec<String>> {
    let format = sniff(input)?;
    options.check(format).map_err(|e| e.in_file(input))?;
    plan::output_is_no_input(input, output, format)?;
    if format != to {
        let mut data = read_with(input, options)?;
        data.add(additions).map_err(|e| e.in_file(output))?;
        match to {
            Format::Zarr => write_zarr(output, &data)?,
            _ => write_h5ad(output, &data)?,
        }
        return Ok(data.not_loaded);
    }
    let fill = |temporary: &Path| h5ad::update(input, temporary, additions);
    match to {
        Format::Zarr => atomic_dir::create(output, fill),
        _ => atomic_file::replace(output, fill),
    }
    .map_err(|e| e.in_file(output))?;
    Ok(Vec::new())
}
