//! `runs.csv`: a row per run, written as soon as the run is finished.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::usage;
use crate::row::{COLUMNS, Key, Row};

/// The file.
pub const RUNS: &str = "runs.csv";

/// Refuses a file that does not begin as this version writes it, in whole or cut short.
fn check_header(path: &Path, written: &[u8]) -> Result<()> {
    let header = COLUMNS.join(",") + "\n";
    let there = &written[..written.len().min(header.len())];
    match header.as_bytes().starts_with(there) {
        true => Ok(()),
        false => Err(usage(format!(
            "{}: the first line is not that of `morula benchmark`, so another program or version \
             wrote this file; it stays as it is, so give another --out",
            path.display()
        ))),
    }
}

/// The file and its rows.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    rows: Vec<Row>,
}

impl Store {
    /// Opens `runs.csv` in a folder, and cuts off a last line that is incomplete.
    ///
    /// # Errors
    /// [`Usage`](crate::Usage) for a file with other columns, which Morula did not write.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(RUNS);
        let mut rows = BTreeMap::new();
        if path.exists() {
            let written = fs::read(&path).with_context(|| path.display().to_string())?;
            check_header(&path, &written)?;
            let whole = written.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
            if whole < written.len() {
                let file = OpenOptions::new().write(true).open(&path)?;
                file.set_len(whole as u64).with_context(|| path.display().to_string())?;
            }
            for row in csv::Reader::from_reader(&written[..whole]).deserialize() {
                let row: Row = row.with_context(|| {
                    format!("{}: repair this line or remove the file", path.display())
                })?;
                // A later row of the same run is a new attempt.
                rows.insert(row.key(), row);
            }
        }
        Ok(Self { path, rows: rows.into_values().collect() })
    }

    /// Refuses a `runs.csv` that Morula did not write, and changes nothing.
    pub fn check(folder: &Path) -> Result<()> {
        let path = folder.join(RUNS);
        let mut start = Vec::new();
        match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file.and_then(|file| file.take(4096).read_to_end(&mut start)),
        }
        .with_context(|| path.display().to_string())?;
        check_header(&path, &start)
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Runs with scores; they are not repeated.
    pub fn done(&self) -> HashSet<Key> {
        self.rows.iter().filter(|row| row.error.is_empty()).map(Row::key).collect()
    }

    /// Writes a row to the disk.
    pub fn append(&mut self, row: Row) -> Result<()> {
        let is_new = fs::metadata(&self.path).map_or(true, |file| file.len() == 0);
        let mut line = csv::WriterBuilder::new().has_headers(is_new).from_writer(Vec::new());
        line.serialize(&row)?;
        let line = line.into_inner().context("a row of runs.csv")?;
        let write = || -> std::io::Result<()> {
            let mut file: File = OpenOptions::new().create(true).append(true).open(&self.path)?;
            file.write_all(&line)?;
            file.sync_data()
        };
        write().with_context(|| format!("cannot write {}", self.path.display()))?;
        self.rows.retain(|old| old.key() != row.key());
        self.rows.push(row);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::{LEIDEN, WARD, model};
    use crate::row::tests::row;

    #[test]
    fn rows_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let mut sure = row("a", model(), 0, 0.5);
        (sure.bin_cells, sure.bin_correct) = ("1;".repeat(9) + "2", "0;".repeat(9) + "2");
        sure.bin_confidence = "0.5;".repeat(9) + "1.75";
        let mut failed = row("b, c", WARD, 1, 0.1);
        (failed.ari, failed.error) = (None, "said \"no\", then ended".into());
        let mut store = Store::open(folder.path()).unwrap();
        assert!(store.rows().is_empty());
        store.append(sure.clone()).unwrap();
        store.append(failed.clone()).unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.rows(), [sure.clone(), failed]);
        assert_eq!(store.done(), HashSet::from([sure.key()]));
        assert_eq!(store.rows()[0].reliability().unwrap().confidence[9], 1.75);
        assert!(store.rows()[1].reliability().is_none());
    }

    #[test]
    fn a_line_cut_short_is_cut_off_and_a_new_attempt_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let mut first = row("a", LEIDEN, 0, 0.5);
        first.error = "killed".into();
        store.append(first).unwrap();
        store.append(row("a", LEIDEN, 1, 0.6)).unwrap();
        let path = folder.path().join("runs.csv");
        let written = fs::read(&path).unwrap();
        fs::write(&path, &written[..written.len() - 9]).unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        assert_eq!(store.rows().len(), 1);
        assert!(store.done().is_empty());
        store.append(row("a", LEIDEN, 0, 0.7)).unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!((store.rows().len(), store.rows()[0].ari), (1, Some(0.7)));
        // Even the header may be cut short.
        fs::write(&path, "dataset,met").unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.append(row("a", LEIDEN, 0, 0.7)).unwrap();
        assert_eq!(Store::open(folder.path()).unwrap().rows().len(), 1);
    }

    #[test]
    fn a_file_of_others_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(RUNS);
        for text in ["run,km\n1,10\n", "no line at all", "dataset,method,k,other\n"] {
            fs::write(&path, text).unwrap();
            let message = Store::open(folder.path()).unwrap_err().to_string();
            assert!(message.contains("runs.csv") && message.contains("--out"), "{message}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn the_columns_are_those_of_a_row() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(folder.path()).unwrap().append(row("a", LEIDEN, 0, 0.7)).unwrap();
        let text = fs::read_to_string(folder.path().join(RUNS)).unwrap();
        assert_eq!(text.lines().next().unwrap(), COLUMNS.join(","));
    }

    #[test]
    fn a_damaged_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.append(row("a", LEIDEN, 0, 0.7)).unwrap();
        let path = folder.path().join("runs.csv");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(",leiden,", ",leyden,")).unwrap();
        let message = format!("{:#}", Store::open(folder.path()).unwrap_err());
        assert!(message.contains("runs.csv") && message.contains("line: 2"), "{message}");
    }
}
