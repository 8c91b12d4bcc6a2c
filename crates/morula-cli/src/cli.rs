//! The command line: the program and its subcommands.

use clap::{Parser, Subcommand};

use crate::commands::{
    agreement, annotate, benchmark, cluster, cut, devices, evaluate, inspect, markers, match_names,
    predict, qc, report, simulate, subcluster, transfer,
};

/// Deep clustering of single-cell RNA-seq on any GPU or CPU.
#[derive(Debug, Parser)]
#[command(name = "morula", version, max_term_width = 100)]
#[command(after_help = "Examples:\n  morula inspect pbmc.h5ad\n  morula cluster pbmc.h5ad --out \
                  clustered.h5ad --report report\n\nEvery command has examples of its own: morula \
                  COMMAND --help\n\nExit codes: 0 done, 1 failed (bad data, I/O), 2 wrong usage, \
                  130 interrupted.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Qc(qc::Qc),
    Cluster(cluster::Cluster),
    Cut(cut::Cut),
    Subcluster(subcluster::Subcluster),
    Predict(predict::Predict),
    Report(report::Report),
    Evaluate(evaluate::Evaluate),
    Markers(markers::Markers),
    Annotate(annotate::Annotate),
    Transfer(transfer::Transfer),
    Match(match_names::Match),
    Agreement(agreement::Agreement),
    Inspect(inspect::Inspect),
    Simulate(simulate::Simulate),
    Devices(devices::Devices),
    Benchmark(benchmark::Benchmark),
    BenchmarkJob(benchmark::BenchmarkJob),
}

impl Command {
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Qc(args) => args.run(),
            Self::Cluster(args) => args.run(),
            Self::Cut(args) => args.run(),
            Self::Subcluster(args) => args.run(),
            Self::Predict(args) => args.run(),
            Self::Report(args) => args.run(),
            Self::Evaluate(args) => args.run(),
            Self::Markers(args) => args.run(),
            Self::Annotate(args) => args.run(),
            Self::Transfer(args) => args.run(),
            Self::Match(args) => args.run(),
            Self::Agreement(args) => args.run(),
            Self::Inspect(args) => args.run(),
            Self::Simulate(args) => args.run(),
            Self::Devices(args) => args.run(),
            Self::Benchmark(args) => args.run(),
            Self::BenchmarkJob(args) => args.run(),
        }
    }
}
