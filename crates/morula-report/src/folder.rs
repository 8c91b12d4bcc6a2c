//! A folder that appears complete or not at all.

use std::path::Path;
use std::{fs, io};

use morula_data::checksums;

use crate::{Report, ReportError, Result};

/// The page's file.
pub(crate) const PAGE: &str = "report.html";

pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.to_path_buf();
    move |source| ReportError::Io { action, path, source }
}

/// Whether a report may be written there: into a folder that is not there yet, is empty, or holds
/// nothing but a report as it was written. The report's list of checksums shows that.
///
/// # Errors
/// [`ReportError::Data`] naming a file that is not part of a report, or that has changed since;
/// also when the folder cannot be read.
pub fn check_folder(folder: &Path) -> Result<()> {
    Ok(checksums::check_replaceable(folder)?)
}

/// Writes the page, the tables, and every figure as PNG and SVG, into a new folder, which then takes
/// the place of `folder`.
pub(crate) fn write(folder: &Path, report: &Report) -> Result<()> {
    checksums::replace(folder, |new| {
        let mut files = vec![(PAGE.to_string(), report.html().as_bytes())];
        for figure in report.figures() {
            files.push((format!("{}.png", figure.name), figure.png()));
            files.push((format!("{}.svg", figure.name), figure.svg().as_bytes()));
        }
        for (name, csv) in report.tables() {
            files.push((format!("{name}.csv"), csv.as_bytes()));
        }
        files.into_iter().try_for_each(|(name, content)| {
            let path = new.join(name);
            fs::write(&path, content).map_err(io("write", &path))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use checksums::replace;

    fn fill(folder: &Path) -> Result<()> {
        fs::write(folder.join(PAGE), "new").map_err(io("write", folder))
    }

    #[test]
    fn a_report_is_replaced_and_nothing_else_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/report");
        replace(&folder, |new| {
            fs::write(new.join("umap_batch.svg"), "old").unwrap();
            fs::write(new.join(PAGE), "old").map_err(io("write", new))
        })
        .unwrap();
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

    #[test]
    fn files_of_others_that_are_called_like_ours_stay() {
        let home = tempfile::tempdir().unwrap();
        for name in [PAGE, "umap_clusters.png", checksums::CHECKSUMS] {
            let folder = home.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(name), "mine").unwrap();
            for error in [replace(&folder, fill), check_folder(&folder)] {
                let error = error.unwrap_err().to_string();
                assert!(error.contains(name) && error.contains("another folder"), "{error}");
            }
            assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "mine");
        }
    }
}
