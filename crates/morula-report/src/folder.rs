//! A folder that appears complete or not at all.

use std::fs;
use std::io;
use std::path::Path;

use morula_data::atomic_dir;

use crate::figures::NAMES;
use crate::{Figure, ReportError, Result};

/// The page's file.
pub(crate) const PAGE: &str = "report.html";

pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.to_path_buf();
    move |source| ReportError::Io { action, path, source }
}

/// Whether a report may be written there: into a folder that is not there yet, is empty, or holds
/// nothing but a report.
///
/// # Errors
/// [`ReportError::Occupied`]; [`ReportError::Io`] when the folder cannot be read.
pub fn check_folder(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io("read the folder", folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(io("read the folder", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_ours(&name) || entry.path().is_dir() {
            return Err(ReportError::Occupied { folder: folder.into(), found: name });
        }
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    let figure = name.strip_suffix(".png").or(name.strip_suffix(".svg"));
    name == PAGE || figure.is_some_and(|figure| NAMES.contains(&figure))
}

/// Writes the page, and every figure as PNG and SVG.
pub(crate) fn write(folder: &Path, html: &str, figures: &[Figure]) -> Result<()> {
    replace(folder, |new| {
        let mut files = vec![(PAGE.to_string(), html.as_bytes())];
        for figure in figures {
            files.push((format!("{}.png", figure.name), figure.png()));
            files.push((format!("{}.svg", figure.name), figure.svg().as_bytes()));
        }
        files.into_iter().try_for_each(|(name, content)| {
            let path = new.join(name);
            fs::write(&path, content).map_err(io("write", &path))
        })
    })
}

/// Lets `write` fill a new folder, which then takes the place of `folder`.
pub(crate) fn replace(folder: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    check_folder(folder)?;
    let ours = |folder: &Path| {
        let names = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| is_ours(name)).collect()
    };
    atomic_dir::replace(folder, ours, write)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(folder: &Path) -> Result<()> {
        fs::write(folder.join(PAGE), "new").map_err(io("write", folder))
    }

    #[test]
    fn a_report_is_replaced_and_nothing_else_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/report");
        replace(&folder, fill).unwrap();
        fs::write(folder.join(PAGE), "old").unwrap();
        fs::write(folder.join("umap_batch.svg"), "old").unwrap();
        replace(&folder, fill).unwrap();
        assert_eq!(fs::read_to_string(folder.join(PAGE)).unwrap(), "new");
        assert!(!folder.join("umap_batch.svg").exists());

        let failed = replace(&folder, |_| Err(ReportError::NoCells));
        assert!(matches!(failed, Err(ReportError::NoCells)));
        assert_eq!(fs::read_to_string(folder.join(PAGE)).unwrap(), "new");

        fs::write(folder.join("thesis.txt"), "").unwrap();
        let refused = replace(&folder, fill).unwrap_err().to_string();
        assert!(refused.contains("thesis.txt"), "{refused}");
        assert!(check_folder(&folder.join(PAGE)).is_err());
        // What a killed run has left.
        fs::create_dir_all(home.path().join("a/.report.morula-cut.new")).unwrap();
        fs::remove_file(folder.join("thesis.txt")).unwrap();
        replace(&folder, fill).unwrap();
        let left: Vec<_> = fs::read_dir(home.path().join("a")).unwrap().collect();
        assert_eq!(left.len(), 1);
    }
}
