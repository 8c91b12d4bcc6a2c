//! Empty: only its dependencies count.
//!
//! Cargo builds a dependency once per set of features, and the set follows from the packages of a
//! command. This crate turns on what all packages of the workspace together turn on in crates that
//! Burn shares, so that commands on one package and on the whole workspace share one build of Burn.
//! It is a development dependency, by path and without a version, and never published.
