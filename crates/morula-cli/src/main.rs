//! The `morula` command.
fn main() {}
