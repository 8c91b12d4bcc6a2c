//! A folder to run the command in.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use morula::data::{AnnData, CsrMatrix, write_h5ad};
use serde_json::Value;
use tempfile::TempDir;

/// What stands where the output goes before a command that must fail.
const PRECIOUS: &str = "an earlier result";

pub struct Sandbox {
    home: TempDir,
}

/// What a run left.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// With `in.h5ad`: 150 simulated cells of 3 types.
    pub fn simulated() -> Self {
        let sandbox = Self::new();
        let run = sandbox.run([
            "simulate",
            "--cells=150",
            "--types=3",
            "--genes=120",
            "--out",
            "in.h5ad",
        ]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        sandbox
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_morula"));
        command.current_dir(self.home.path());
        command
    }

    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        Run::of(self.command().args(arguments))
    }

    /// Runs words separated by blanks, which must succeed.
    pub fn ok(&self, line: &str) -> Run {
        let run = self.run(line.split_whitespace());
        assert_eq!(run.code, 0, "{line}\n{}", run.stderr);
        run
    }

    /// Runs words separated by blanks; they must fail with that code and a message with all these
    /// parts, print nothing on stdout and leave `out.h5ad` as it was.
    pub fn refuses(&self, line: &str, code: i32, parts: &[&str]) {
        fs::write(self.path("out.h5ad"), PRECIOUS).unwrap();
        let run = self.run(line.split_whitespace());
        assert_eq!(run.code, code, "{line}\n{}", run.stderr);
        assert_eq!(run.stdout, "", "{line}");
        assert!(run.stderr.contains("error: "), "{line}\n{}", run.stderr);
        for part in parts {
            assert!(run.stderr.contains(part), "{line}\nlacks {part:?}:\n{}", run.stderr);
        }
        for word in ["panicked", "backtrace", "fault of Morula"] {
            assert!(!run.stderr.contains(word), "{line}\n{}", run.stderr);
        }
        assert_eq!(fs::read_to_string(self.path("out.h5ad")).unwrap(), PRECIOUS, "{line}");
        self.nothing_half_written();
    }

    pub fn nothing_half_written(&self) {
        for entry in fs::read_dir(self.home.path()).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(!name.to_string_lossy().contains(".morula"), "{name:?} is left over");
        }
    }

    /// Writes `in.h5ad` with this matrix, row after row.
    pub fn write(&self, n_cols: usize, values: &[f32]) {
        write_h5ad(self.path("in.h5ad"), &dense(n_cols, values)).unwrap();
    }
}

/// A matrix with cells c0, c1, ... and genes g0, g1, ...
pub fn dense(n_cols: usize, values: &[f32]) -> AnnData {
    let n_rows = values.len().checked_div(n_cols).unwrap_or(0);
    let names = |letter: &str, n: usize| (0..n).map(|i| format!("{letter}{i}")).collect();
    let x = CsrMatrix::from_dense(n_rows, n_cols, values).unwrap();
    AnnData::new(x, names("c", n_rows), names("g", n_cols)).unwrap()
}

/// 20 cells of two kinds x 12 genes: half of the genes high in one kind, half in the other, each
/// gene at its own level.
pub fn two_kinds() -> Vec<f32> {
    (0..20)
        .flat_map(|i| (0..12).map(move |j| (i, j)))
        .map(|(i, j)| if (i < 10) == (j < 6) { 3 + j + (i * 7 + j * 3) % 5 } else { (i + j) % 2 })
        .map(|count| count as f32)
        .collect()
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON object on stdout.
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout).unwrap();
        assert!(value.is_object());
        value
    }
}
