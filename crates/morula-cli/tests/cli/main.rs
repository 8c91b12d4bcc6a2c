//! The `morula` command from outside: arguments in; files, text and exit codes out.

mod after_clustering;
mod bad_input;
mod batches;
mod benchmark;
mod comparisons;
mod formats;
mod inputs;
mod interruption;
mod levels;
mod losses;
mod names;
mod names_that_stay;
mod others;
mod outputs;
mod quality;
mod repeatable;
mod report;
mod round_trip;
mod sandbox;
mod subclusters;
mod two_models;
mod usage;
#[cfg(feature = "zarr")]
mod zarr;
