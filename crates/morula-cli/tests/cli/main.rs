//! The `morula` command from outside: arguments in; files, text and exit codes out.

mod after_clustering;
mod bad_input;
mod batches;
mod benchmark;
mod formats;
mod inputs;
mod interruption;
mod losses;
mod names;
mod others;
mod outputs;
mod repeatable;
mod report;
mod round_trip;
mod sandbox;
mod two_models;
mod usage;
