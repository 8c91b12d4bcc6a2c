//! Both models on every device that is compiled in.
#![allow(missing_docs, reason = "tests")]

mod fits;
mod kmeans;
mod limits;
mod long_fit;
mod training;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test at a time: memory is measured, and kernels that one has compiled serve the next.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
