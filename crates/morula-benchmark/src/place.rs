//! Whether results may be written into a folder.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result};

use crate::error::usage;
use crate::report::{BEGINNING, PAGE};
use crate::settings::{self, Settings};
use crate::store::{RUNS, Store};

/// Ends of the names of files that a benchmark writes.
const ENDINGS: [&str; 5] = [".csv", ".md", ".json", ".png", ".svg"];

/// Refuses a folder in which a benchmark would overwrite what it did not write: `runs.csv`,
/// `settings.json` or `results.md` of another content, and tables, pages or pictures in a folder
/// that has neither runs nor settings.
///
/// # Errors
/// [`Usage`](crate::Usage) naming the file.
pub fn check(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| folder.display().to_string())?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let has = |name: &str| names.iter().any(|n| n == name);
    let refused = |name: &str| {
        Err(usage(format!(
            "{}: `morula benchmark` did not write this file and would overwrite it; give another \
             --out",
            folder.join(name).display()
        )))
    };
    if has(settings::FILE) && Settings::read(folder).is_err() {
        return refused(settings::FILE);
    }
    Store::check(folder)?;
    if has(PAGE) && !begins(&folder.join(PAGE))? {
        return refused(PAGE);
    }
    if !has(RUNS) && !has(settings::FILE) {
        let like_ours = |name: &&String| ENDINGS.iter().any(|end| name.ends_with(end));
        if let Some(name) = names.iter().find(like_ours) {
            return refused(name);
        }
    }
    Ok(())
}

/// Whether a page begins as a benchmark's does.
fn begins(page: &Path) -> Result<bool> {
    let context = || page.display().to_string();
    if !fs::metadata(page).with_context(context)?.is_file() {
        return Ok(false);
    }
    let mut start = Vec::new();
    let file = fs::File::open(page).with_context(context)?;
    file.take(BEGINNING.len() as u64).read_to_end(&mut start).with_context(context)?;
    // A kill may have cut it.
    Ok(BEGINNING.as_bytes().starts_with(&start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::LEIDEN;
    use crate::row::tests::row;

    #[test]
    fn what_others_wrote_is_not_overwritten() {
        for (name, text) in [
            ("results.md", "# Results\n\nof my thesis"),
            ("runs.csv", "date,km\n"),
            ("settings.json", "{\"font\": 12}"),
            ("robustness.png", "picture"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), text).unwrap();
            let error = check(folder.path()).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("--out"), "{error}");
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), text);
        }
    }

    #[test]
    fn results_of_a_benchmark_are_continued() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("results");
        check(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        check(&folder).unwrap();
        Store::open(&folder).unwrap().append(row("a", LEIDEN, 0, 0.7)).unwrap();
        fs::write(folder.join(PAGE), format!("{BEGINNING}; and so on")).unwrap();
        fs::write(folder.join("robustness.png"), "ours").unwrap();
        check(&folder).unwrap();
    }
}
