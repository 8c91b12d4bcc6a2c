//! The `morula` command: deep clustering of single-cell RNA-seq from the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(morula_cli::run(std::env::args_os()))
}
