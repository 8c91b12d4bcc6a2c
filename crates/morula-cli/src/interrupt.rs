//! Ctrl-C and other requests to end: stops at once while there is nothing to lose, later after the
//! current step.

use std::io::{Write, stderr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use anyhow::{Context, Result};

/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

static DEFERRED: AtomicBool = AtomicBool::new(false);
static PRESSED: AtomicUsize = AtomicUsize::new(0);
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// Installs the handler of Ctrl-C, and of the signals that end a program: SIGTERM, and SIGHUP, which
/// comes when the terminal closes.
pub fn install() -> Result<()> {
    listen().context("cannot install the handler of Ctrl-C")
}

/// From now on the first Ctrl-C only sets [`requested`].
pub fn defer() {
    DEFERRED.store(true, SeqCst);
}

/// From now on the output is whole under its name.
pub fn written() {
    WRITTEN.store(true, SeqCst);
}

/// Whether Ctrl-C was pressed, or the program was asked to end.
pub fn requested() -> bool {
    PRESSED.load(SeqCst) > 0
}

fn pressed() {
    let again = PRESSED.fetch_add(1, SeqCst) > 0;
    if again || !DEFERRED.load(SeqCst) {
        let what = match WRITTEN.load(SeqCst) {
            true => "the output is written, but not what comes after it",
            false => "no output was written",
        };
        let _ = writeln!(stderr(), "\nerror: interrupted; {what}");
        std::process::exit(INTERRUPTED);
    }
    let _ = writeln!(stderr(), "\nfinishing the current step; Ctrl-C again stops at once");
}

#[cfg(unix)]
fn listen() -> std::io::Result<()> {
    use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag::register_conditional_shutdown;
    use signal_hook::iterator::Signals;

    // Where the allocator has no more memory, Rust says so and aborts; that is an error like others.
    register_conditional_shutdown(SIGABRT, 1, std::sync::Arc::new(AtomicBool::new(true)))?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if !hangup_is_ignored() {
        signals.add_signal(SIGHUP)?;
    }
    std::thread::spawn(move || signals.forever().for_each(|_| pressed()));
    Ok(())
}

/// Whether the program was started to outlive its terminal, as by `nohup`.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    use std::io::{IsTerminal, stdout};
    // Linux lists the signals that are ignored, as bits; SIGHUP is the first. Elsewhere: nohup lets
    // no output go to a terminal.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    match ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()) {
        Some(bits) => bits & 1 == 1,
        None => !(stdout().is_terminal() || stderr().is_terminal()),
    }
}

#[cfg(not(unix))]
fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(pressed)
}
