//! The `morula` command as a function: what the program and the Python package's script run.

mod args;
mod choices;
mod cli;
mod commands;
mod config;
mod console;
mod divided;
mod expression;
mod failure;
mod genes;
mod interrupt;
mod memory;
mod outputs;
mod places;
mod progress;
mod quality;
mod reporting;
mod subset;
mod summary;
mod task;
mod watcher;
mod writable;

use std::ffi::OsString;
use std::sync::OnceLock;

use clap::Parser;
use morula::data::text;

pub use morula_benchmark::set_program;

/// The arguments of [`run`], for reports.
static ARGUMENTS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Runs the command with these arguments, the first of which is the name of the program, and returns
/// its exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
///
/// It is made for a process of its own: it handles the signals that end a program and sets the panic
/// hook, and a second signal ends the process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = ARGUMENTS.get_or_init(|| arguments.into_iter().collect());
    let parsed = match cli::Cli::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        // Help and the version come this way too.
        Err(answer) => {
            // A closed stdout or stderr is no failure here.
            let _ = answer.print();
            return u8::try_from(answer.exit_code()).unwrap_or(2);
        }
    };
    failure::guard(|| {
        interrupt::install()?;
        parsed.command.run()
    })
}
