//! The `morula` command: deep clustering of single-cell RNA-seq from the command line.

mod args;
mod choices;
mod cli;
mod commands;
mod config;
mod console;
mod expression;
mod failure;
mod genes;
mod interrupt;
mod memory;
mod outputs;
mod places;
mod progress;
mod reporting;
mod subset;
mod summary;
mod task;
mod writable;

use morula_benchmark::text;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    failure::guard(|| {
        interrupt::install()?;
        arguments.command.run()
    })
}
