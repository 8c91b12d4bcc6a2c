//! The `morula` command: deep clustering of single-cell RNA-seq from the command line.

mod args;
mod commands;
mod config;
mod console;
mod drawing;
mod expression;
mod failure;
mod interrupt;
mod memory;
mod models;
mod outputs;
mod progress;
mod reporting;
mod summary;
mod task;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = args::Cli::parse();
    failure::guard(|| {
        interrupt::install()?;
        commands::run(arguments.command)
    })
}
