//! There is nothing to do: Cargo counts the dependencies of build scripts only where there is one.

fn main() {}
