//! Checks, before any work, whether results can be written.

use super::{Format, h5ad, parts, sniff};
use crate::store;
use crate::{Additions, DataError, Result, atomic_dir, atomic_file, names};
use std::path::Path;

/// The names of results that a run will add to its input, before their values are known.
///
/// ```
/// use morula_data::{AnnData, CsrMatrix, OutputPlan, check_output, write_h5ad};
///
/// let folder = tempfile::tempdir()?;
/// let (input, output) = (folder.path().join("cells.h5ad"), folder.path().join("out.h5ad"));
/// let x = CsrMatrix::from_dense(1, 1, &[2.0])?;
/// write_h5ad(&input, &AnnData::new(x, vec!["cell".into()], vec!["CD4".into()])?)?;
///
/// check_output(&input, &output, &OutputPlan::new().obs("label").obsm("X_label").uns("label"))?;
/// assert!(check_output(&input, &output, &OutputPlan::new().obs("_index")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputPlan {
    pub(crate) obs: Vec<String>,
    pub(crate) var: Vec<String>,
    pub(crate) layers: Vec<String>,
    pub(crate) obsm: Vec<String>,
    pub(crate) uns: Vec<String>,
}

impl OutputPlan {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A column of `obs`.
    pub fn obs(mut self, name: impl Into<String>) -> Self {
        self.obs.push(name.into());
        self
    }

    /// A column of `var`.
    pub fn var(mut self, name: impl Into<String>) -> Self {
        self.var.push(name.into());
        self
    }

    /// A layer.
    pub fn layer(mut self, name: impl Into<String>) -> Self {
        self.layers.push(name.into());
        self
    }

    /// A matrix of `obsm`.
    pub fn obsm(mut self, name: impl Into<String>) -> Self {
        self.obsm.push(name.into());
        self
    }

    /// An entry of `uns`.
    pub fn uns(mut self, name: impl Into<String>) -> Self {
        self.uns.push(name.into());
        self
    }

    /// The names of results.
    pub fn of(additions: &Additions) -> Self {
        fn names<T>(parts: &[(String, T)]) -> Vec<String> {
            parts.iter().map(|part| part.0.clone()).collect()
        }
        Self {
            obs: names(&additions.obs),
            var: names(&additions.var),
            layers: names(&additions.layers),
            obsm: names(&additions.obsm),
            uns: names(&additions.uns),
        }
    }

    fn check_names(&self) -> Result<()> {
        self.obs.iter().chain(&self.var).try_for_each(|name| names::check_column(name))?;
        self.layers.iter().try_for_each(|name| names::check("a layer", name))?;
        self.obsm.iter().try_for_each(|name| names::check("a matrix", name))?;
        self.uns.iter().try_for_each(|name| names::check("an entry of uns", name))
    }
}

/// Checks, before any work, that results of these names can be written to `output` with a copy of
/// `input`, as [`write_from`](crate::write_from) does.
///
/// # Errors
/// [`DataError::BadName`] for a name that cannot be written, that the names of the rows have, or
/// under which the input holds what would be lost: the columns `a/b` are within the group `a`;
/// [`DataError::Unsupported`] where `output` is `input` and `input` is no h5ad file, where `output`
/// is no regular file, or a zarr store that is there or within `input`, and where the HDF5 library
/// cannot add to `input`; [`DataError::Io`] where the folder of `output` is missing or read-only; the
/// errors of [`sniff`](crate::sniff).
pub fn check_output(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    plan: &OutputPlan,
) -> Result<()> {
    let (input, output) = (input.as_ref(), output.as_ref());
    let format = sniff::format(input).map_err(|e| e.in_file(input))?;
    let output_format = output_format(output)?;
    output_is_no_input(input, output, format)?;
    match output_format {
        Format::Zarr => atomic_dir::check_free(output)?,
        _ => atomic_file::check(output).map_err(|e| e.in_file(output))?,
    }
    plan.check_names().map_err(|e| e.in_file(output))?;
    if format == output_format {
        let store = store::open(input).map_err(|e| e.in_file(input))?;
        h5ad::check_plan(&*store, plan).map_err(|e| e.in_file(input))?;
    }
    Ok(())
}

/// The format of an output, by its name: zarr for a name that ends in `.zarr`, else h5ad.
///
/// # Errors
/// [`DataError::Unsupported`] for zarr without the feature `zarr`, and for a zip file of a store.
pub fn output_format(output: &Path) -> Result<Format> {
    let name = output.to_string_lossy().to_ascii_lowercase();
    if name.ends_with(".zarr.zip") {
        let what = "zarr stores are read from zip files, but not written to them; give a name that \
                    ends in .zarr or .h5ad";
        return Err(DataError::unsupported(what).in_file(output));
    }
    if !output.extension().is_some_and(|end| end.eq_ignore_ascii_case("zarr")) {
        return Ok(Format::H5ad);
    }
    if cfg!(feature = "zarr") {
        return Ok(Format::Zarr);
    }
    let what = "this program was built without the feature zarr; give a name that ends in .h5ad";
    Err(DataError::unsupported(what).in_file(output))
}

/// Refuses to replace an input that the output does not contain in full. A folder is its files.
pub(super) fn output_is_no_input(input: &Path, output: &Path, format: Format) -> Result<()> {
    if format == Format::H5ad {
        return Ok(());
    }
    if format == Format::Zarr && input.is_dir() && is_within(output, input) {
        let what = "this is the input, a zarr store, or in it; give a name outside of it";
        return Err(DataError::unsupported(what).in_file(output));
    }
    // Other files in a folder, such as the output of an earlier run, are not read.
    if parts(input).iter().any(|part| atomic_file::same(part, output)) {
        let what = "this file is the input, and the output would not keep all of it; give another \
                    name for the output";
        return Err(DataError::unsupported(what).in_file(output));
    }
    Ok(())
}

/// Whether a path, which may be free, is a folder or in it.
fn is_within(path: &Path, folder: &Path) -> bool {
    let Ok(path) = std::path::absolute(path) else { return true };
    let there = path.ancestors().find_map(|above| above.canonicalize().ok());
    match (there, folder.canonicalize()) {
        (Some(there), Ok(folder)) => there.starts_with(folder),
        _ => true,
    }
}
