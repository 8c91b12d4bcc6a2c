//! Ctrl-C: stops at once while there is nothing to lose, later after the current step.

use std::io::{Write, stderr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use anyhow::{Context, Result};

/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

static DEFERRED: AtomicBool = AtomicBool::new(false);
static PRESSED: AtomicUsize = AtomicUsize::new(0);

/// Installs the handler of Ctrl-C.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        let again = PRESSED.fetch_add(1, SeqCst) > 0;
        if again || !DEFERRED.load(SeqCst) {
            let _ = writeln!(stderr(), "\nerror: interrupted; no output was written");
            std::process::exit(INTERRUPTED);
        }
        let _ = writeln!(stderr(), "\nfinishing the current step; Ctrl-C again stops at once");
    })
    .context("cannot install the handler of Ctrl-C")
}

/// From now on the first Ctrl-C only sets [`requested`].
pub fn defer() {
    DEFERRED.store(true, SeqCst);
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    PRESSED.load(SeqCst) > 0
}
