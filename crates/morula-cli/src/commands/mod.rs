//! The subcommands, one file each.

pub mod agreement;
pub mod annotate;
pub mod benchmark;
pub mod cluster;
pub mod devices;
pub mod evaluate;
pub mod inspect;
pub mod markers;
pub mod predict;
pub mod report;
pub mod simulate;
pub mod transfer;

use anyhow::Result;

use crate::args::Command;

/// Does what was asked for.
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Cluster(args) => args.run(),
        Command::Predict(args) => args.run(),
        Command::Report(args) => args.run(),
        Command::Evaluate(args) => args.run(),
        Command::Markers(args) => args.run(),
        Command::Annotate(args) => args.run(),
        Command::Transfer(args) => args.run(),
        Command::Agreement(args) => args.run(),
        Command::Inspect(args) => args.run(),
        Command::Simulate(args) => args.run(),
        Command::Devices(args) => args.run(),
        Command::Benchmark(args) => args.run(),
        Command::BenchmarkJob(args) => args.run(),
    }
}
