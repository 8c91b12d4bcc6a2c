//! Printing: results to stdout, remarks to stderr.

use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::args::PrintArgs;
use crate::text::{one_line, printable, printable_json};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    json: bool,
    quiet: bool,
}

impl Console {
    pub fn new(args: &PrintArgs) -> Self {
        Self { json: args.json, quiet: args.quiet }
    }

    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Prints a line for people on stderr, unless `--quiet` is given.
    pub fn remark(self, line: impl AsRef<str>) {
        if !self.quiet {
            // A closed stderr must not cost the results.
            let _ = writeln!(stderr(), "{}", printable(line.as_ref()));
        }
    }

    /// Names the parts of the input that are not in the output.
    pub fn remark_lost(self, parts: &[String]) {
        if !parts.is_empty() {
            self.remark(format!("not in the output: {}", one_line(&parts.join(", "))));
        }
    }

    /// Prints the result on stdout, as one JSON object or as text for people.
    pub fn result(self, result: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let text = match self.json {
            true => printable_json(&serde_json::to_string_pretty(result)?),
            false => printable(&text()).into_owned(),
        };
        match writeln!(stdout(), "{}", text.trim_end()) {
            // The reader has closed the pipe, as in `morula inspect x.h5ad | head`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to stdout"),
        }
    }
}
