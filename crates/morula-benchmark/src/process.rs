//! Jobs in child processes, and their time and memory.

use std::ffi::OsString;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use wait4::Wait4;

use crate::job::{self, Job};

/// Time and memory of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// From start to end.
    pub seconds: f64,
    /// User and system time of all threads.
    pub cpu_seconds: f64,
    /// Largest resident set, in MB (10^6 bytes).
    pub peak_mb: f64,
}

/// The result of a job, or why it failed, and its cost.
pub type Outcome<T> = (Result<T, String>, Cost);

/// Does a job in a process of its own.
///
/// # Errors
/// When the process cannot be started. A job that fails is an outcome, not an error.
pub fn run<T: DeserializeOwned>(job: &Job, threads: usize) -> Result<Outcome<T>> {
    let (program, first) = this_program()?;
    let mut errors = tempfile::tempfile().context("cannot keep the messages of a job")?;
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(first)
        .arg(job::ARGUMENT)
        .env("RAYON_NUM_THREADS", threads.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors.try_clone()?)
        .spawn()
        .context("cannot start a job")?;
    let mut stdin = child.stdin.take().context("a job reads its task")?;
    // If the child has ended already, stderr says why.
    let _ = writeln!(stdin, "{}", serde_json::to_string(job)?);
    let mut result = String::new();
    child.stdout.take().context("a job writes its result")?.read_to_string(&mut result)?;
    let used = child.wait4().context("cannot wait for a job")?;
    drop(stdin);
    let cost = Cost {
        seconds: started.elapsed().as_secs_f64(),
        cpu_seconds: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
        peak_mb: used.rusage.maxrss as f64 / 1e6,
    };
    if used.status.success() {
        let result = serde_json::from_str(&result);
        return Ok((result.map_err(|why| format!("a job wrote no result: {why}")), cost));
    }
    errors.rewind()?;
    let mut message = String::new();
    errors.read_to_string(&mut message)?;
    let message = message.trim().trim_start_matches("error: ");
    match message.is_empty() {
        true => Ok((Err(used.status.to_string()), cost)),
        false => Ok((Err(message.lines().map(str::trim).collect::<Vec<_>>().join(" ")), cost)),
    }
}

static PROGRAM: OnceLock<Vec<OsString>> = OnceLock::new();

/// Sets how the current program is started again, where its file alone does not: the words before the
/// arguments. The first call counts.
pub fn set_program(words: Vec<OsString>) {
    let _ = PROGRAM.set(words);
}

/// The current program, and its first arguments; on Linux even if its file has been replaced since it
/// started.
fn this_program() -> Result<(OsString, Vec<OsString>)> {
    if let Some([program, first @ ..]) = PROGRAM.get().map(Vec::as_slice) {
        return Ok((program.clone(), first.to_vec()));
    }
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok((running.into(), Vec::new()));
    }
    let program = std::env::current_exe().context("cannot find this program")?;
    Ok((program.into(), Vec::new()))
}
