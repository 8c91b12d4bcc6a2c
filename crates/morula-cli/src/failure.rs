//! Errors: one message with its causes, and an exit code.

use std::io::{Write, stderr};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Mutex;

use anyhow::{Error, Result};
use morula::models::ModelError;
use morula_benchmark::{Interrupted, Usage};

pub use morula_benchmark::usage;

use crate::text::printable;

/// Runs the program and turns an error or a panic into a message and an exit code.
pub fn guard(run: impl FnOnce() -> Result<()>) -> u8 {
    static PANIC: Mutex<Option<String>> = Mutex::new(None);
    set_hook(Box::new(|panic| {
        if let Ok(mut first) = PANIC.lock() {
            first.get_or_insert_with(|| panic.to_string());
        }
    }));
    let outcome = catch_unwind(AssertUnwindSafe(run));
    let (message, code) = match outcome {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => (message(&error), code(&error)),
        Err(_) => {
            let panic = PANIC.lock().ok().and_then(|mut p| p.take()).unwrap_or_default();
            (format!("this is a fault of Morula; please report it with this line:\n  {panic}"), 1)
        }
    };
    let _ = writeln!(stderr(), "error: {}", printable(&message));
    code
}

fn code(error: &Error) -> u8 {
    if error.is::<Usage>() {
        return 2;
    }
    if error.is::<Interrupted>() {
        return 130;
    }
    match error.downcast_ref() {
        Some(ModelError::Interrupted { .. }) => 130,
        Some(ModelError::Parameter { .. }) => 2,
        _ => 1,
    }
}

fn message(error: &Error) -> String {
    if let Some(ModelError::Interrupted { epoch, epochs, checkpoint }) = error.downcast_ref() {
        let kept = match checkpoint {
            Some(folder) => format!(
                "The checkpoint in {} is kept. To continue, give the same command with --resume",
                folder.display()
            ),
            None => "Nothing was kept. To be able to continue, give --checkpoint DIR".into(),
        };
        return format!(
            "interrupted after epoch {epoch} of {epochs}; no output was written. {kept}"
        );
    }
    let mut lines: Vec<String> = Vec::new();
    for cause in error.chain().map(|cause| cause.to_string()) {
        // Many messages contain their cause already.
        if lines.iter().all(|line| !line.contains(&cause)) {
            lines.push(cause);
        }
    }
    lines.join("\n  because ")
}
