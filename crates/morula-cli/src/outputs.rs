//! Checks of outputs before any work.
//!
//! One rule holds for every command: an output may be an input only where both are h5ad and the
//! output keeps all of the input. A zarr store never replaces anything, and nothing is written into
//! one. Files are compared, not names ([`places`](crate::places)).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use morula::data::{Format, atomic_dir, output_format, parts, sniff};

use crate::failure::usage;
use crate::places::{is_store, same, within};
use crate::writable::{check_file, check_folder};

/// What a command reads and writes. Every output is added before any work, and is refused where it
/// would cost an input or another output.
#[derive(Debug, Default)]
pub struct Outputs<'a> {
    inputs: Vec<Input<'a>>,
    written: Vec<Written>,
}

#[derive(Debug)]
struct Input<'a> {
    /// What it is, for messages.
    what: &'static str,
    path: &'a Path,
    /// Whether nothing may be written in this folder.
    closed: bool,
}

#[derive(Debug)]
struct Written {
    flag: &'static str,
    path: PathBuf,
    /// Whether it is a folder that is replaced as a whole.
    folder: bool,
}

impl<'a> Outputs<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file or folder that the command reads.
    pub fn input(mut self, what: &'static str, path: &'a Path) -> Self {
        self.inputs.push(Input { what, path, closed: is_store(path) });
        self
    }

    /// Adds a file that the command may read.
    pub fn maybe(self, what: &'static str, path: Option<&'a Path>) -> Self {
        path.into_iter().fold(self, |all, path| all.input(what, path))
    }

    /// Adds a folder that the command reads and in which nothing may be written.
    pub fn closed(mut self, what: &'static str, path: &'a Path) -> Self {
        self.inputs.push(Input { what, path, closed: true });
        self
    }

    /// Adds an output that holds all of `of` if that is an h5ad file; only then may it be `of`.
    ///
    /// # Errors
    /// Wrong usage where the output is an input, another output or not a regular file; an error
    /// where it cannot be written.
    pub fn copy(self, flag: &'static str, path: &Path, of: &Path) -> Result<Self> {
        if same(path, of) && of.is_file() && sniff(of)? != Format::H5ad {
            return Err(usage(format!(
                "{flag} {}: this is the input, which is no h5ad file, so the output would not keep \
                 all of it; give another file",
                path.display()
            )));
        }
        self.check_inputs(flag, path, Some(of))?;
        self.data_file(flag, path)
    }

    /// Adds an output with data that is a file or zarr store of its own.
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    pub fn data(self, flag: &'static str, path: &Path) -> Result<Self> {
        self.check_inputs(flag, path, None)?;
        self.data_file(flag, path)
    }

    /// A file, or a zarr store, which is a folder of a free name.
    fn data_file(mut self, flag: &'static str, path: &Path) -> Result<Self> {
        self.check_written(flag, path)?;
        let format = output_format(path).map_err(|error| usage(error.to_string()))?;
        let folder = format == Format::Zarr;
        match folder {
            true => atomic_dir::check_free(path).map_err(|error| usage(error.to_string()))?,
            false => check_file(path)?,
        }
        self.written.push(Written { flag, path: path.into(), folder });
        Ok(self)
    }

    /// Adds an output that is a file of its own.
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    pub fn file(mut self, flag: &'static str, path: &Path) -> Result<Self> {
        self.check_inputs(flag, path, None)?;
        self.check_written(flag, path)?;
        check_file(path)?;
        self.written.push(Written { flag, path: path.into(), folder: false });
        Ok(self)
    }

    /// Adds a folder in which the command writes the files that are `ours` by their names.
    ///
    /// # Errors
    /// As [`copy`](Self::copy), of every such file that is there.
    pub fn files_in(
        self,
        flag: &'static str,
        folder: &Path,
        ours: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        check_folder(folder)?;
        self.check_inputs(flag, folder, None)?;
        for file in fs::read_dir(folder).into_iter().flatten().flatten() {
            if ours(&file.file_name().to_string_lossy()) {
                self.check_inputs(flag, &file.path(), None)?;
                check_file(&file.path())?;
            }
        }
        Ok(self)
    }

    /// Adds files of these names in a folder.
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    pub fn files(mut self, flag: &'static str, folder: &Path, names: &[&str]) -> Result<Self> {
        check_folder(folder)?;
        for path in names.iter().map(|name| folder.join(name)) {
            self.check_inputs(flag, &path, None)?;
            self.check_written(flag, &path)?;
            if path.exists() || path.is_symlink() {
                check_file(&path)?;
            }
            self.written.push(Written { flag, path, folder: false });
        }
        Ok(self)
    }

    /// Adds a folder that the command replaces as a whole.
    ///
    /// # Errors
    /// Wrong usage where an input or another output lies in it; an error where it cannot be made.
    pub fn replaced(mut self, flag: &'static str, folder: &Path) -> Result<Self> {
        check_folder(folder)?;
        let inputs = self.inputs.iter().map(|input| input.path);
        let others = inputs.chain(self.written.iter().map(|output| output.path.as_path()));
        if let Some(other) = others.into_iter().find(|other| within(other, folder)) {
            return Err(usage(format!(
                "{} is in the folder of {flag}, {}, which is replaced as a whole; keep them apart",
                other.display(),
                folder.display()
            )));
        }
        self.check_inputs(flag, folder, None)?;
        self.check_written(flag, folder)?;
        self.written.push(Written { flag, path: folder.into(), folder: true });
        Ok(self)
    }

    /// Refuses an output that is one of the inputs, other than `kept`.
    fn check_inputs(&self, flag: &str, path: &Path, kept: Option<&Path>) -> Result<()> {
        for Input { what, path: input, closed } in &self.inputs {
            let is_kept = kept.is_some_and(|kept| kept == *input);
            let lost = match (*closed, is_kept) {
                (true, _) => within(path, input),
                (false, true) => is_part(path, input) && !same(path, input),
                (false, false) => same(path, input) || is_part(path, input),
            };
            if lost {
                let place = match (same(path, input), closed) {
                    (true, _) => "this is",
                    (false, true) => "this is in",
                    (false, false) => "this is one of the files of",
                };
                return Err(usage(format!(
                    "{flag} {}: {place} {what}, {}, and the output would not keep all of it; give \
                     another name",
                    path.display(),
                    input.display()
                )));
            }
        }
        Ok(())
    }

    /// Refuses an output that is another output or lies in one.
    fn check_written(&self, flag: &str, path: &Path) -> Result<()> {
        for Written { flag: other, path: written, folder } in &self.written {
            if same(path, written) {
                return Err(usage(format!(
                    "{other} and {flag} are the same file, {}; give two names",
                    path.display()
                )));
            }
            if *folder && within(path, written) {
                return Err(usage(format!(
                    "{} is in the folder of {other}, {}, which is replaced as a whole; keep them \
                     apart",
                    path.display(),
                    written.display()
                )));
            }
        }
        Ok(())
    }
}

/// Whether a path is one of the files that are read for an input. Other files beside them, such as
/// the output of an earlier run, are not.
fn is_part(path: &Path, input: &Path) -> bool {
    // What is read from a pipe is gone.
    if !input.is_dir() && !input.is_file() {
        return false;
    }
    let read = parts(input);
    if read.is_empty() && input.is_dir() {
        // A folder of data sets: all of it.
        let files = fs::read_dir(input).into_iter().flatten().flatten();
        return files.into_iter().any(|file| same(&file.path(), path));
    }
    read.iter().any(|part| same(part, path))
}
