//! What happens during a fit: progress, Ctrl-C, and checkpoints that fail.

use std::ops::ControlFlow;

use morula::models::{EpochRecord, ModelError, ModelKind, Observer};

use crate::console::Console;
use crate::interrupt;
use crate::progress::Progress;

/// Shows the epochs, stops at Ctrl-C, and says once that checkpoints fail.
pub struct Watcher {
    progress: Progress,
    console: Console,
    remarked: bool,
}

impl Watcher {
    /// For a fit of the model.
    pub fn new(console: Console, kind: ModelKind) -> Self {
        Self { progress: Progress::new(console, kind.staged), console, remarked: false }
    }

    /// Leaves the last state of the progress on the screen.
    pub fn end(self) {
        self.progress.end();
    }
}

impl Observer for Watcher {
    fn on_epoch(&mut self, record: &EpochRecord, epochs: usize) -> ControlFlow<()> {
        self.progress.show(record, epochs);
        match interrupt::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn on_checkpoint_error(&mut self, error: &ModelError) {
        if !std::mem::replace(&mut self.remarked, true) {
            self.console.remark(format!(
                "the checkpoint is not written: {error}; training goes on, and the next one is \
                 tried again"
            ));
        }
    }
}
