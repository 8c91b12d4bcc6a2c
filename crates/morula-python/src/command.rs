//! The command, for the script that the wheel installs.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command in this process, and returns its exit code. `program` starts this program again,
/// for commands that work in child processes. For a process of its own: see `morula._cli`.
#[pyfunction]
pub fn run_command(py: Python<'_>, arguments: Vec<OsString>, program: Vec<OsString>) -> u8 {
    py.detach(move || {
        morula_cli::set_program(program);
        morula_cli::run(arguments)
    })
}

/// A panic, to test that it becomes an exception.
#[pyfunction]
pub fn panic_for_tests(py: Python<'_>, n_jobs: Option<usize>) -> PyResult<()> {
    let panic = || -> crate::errors::Result<()> { panic!("a test of panics") };
    crate::errors::raise(crate::work::quietly(py, n_jobs, panic))
}
