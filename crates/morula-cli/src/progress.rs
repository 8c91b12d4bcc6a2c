//! Progress of training: a bar on a terminal, otherwise a line every few epochs.

use std::io::{IsTerminal, stderr};
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use morula::models::EpochRecord;

use crate::console::Console;

/// Lines per run where there is no bar.
const LINES: usize = 10;

const TEMPLATE: &str = "epoch {pos}/{len} [{bar:30}] {elapsed} (about {eta} left) {msg}";

/// Shows the epochs of a fit.
pub struct Progress {
    console: Console,
    /// Whether to show the stage of training.
    staged: bool,
    bar: Option<ProgressBar>,
    started: Instant,
    first: Option<usize>,
    stage: String,
}

impl Progress {
    pub fn new(console: Console, staged: bool) -> Self {
        let bar = (!console.is_quiet() && stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template(TEMPLATE);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::no_length().with_style(style.progress_chars("=> "))
        });
        let stage = String::new();
        Self { console, staged, bar, started: Instant::now(), first: None, stage }
    }

    /// Shows one finished epoch.
    pub fn show(&mut self, record: &EpochRecord, epochs: usize) {
        // A resumed run does not start at epoch 1.
        let first = *self.first.get_or_insert(record.epoch);
        if let Some(bar) = &self.bar {
            if first == record.epoch {
                bar.set_length(epochs as u64);
                bar.set_position(first as u64 - 1);
                bar.reset_eta();
            }
            bar.set_position(record.epoch as u64);
            bar.set_message(format!("{}{}", self.stage(record), losses(record)));
            return;
        }
        let every = (epochs / LINES).max(1);
        let entered = self.staged && self.stage != record.stage;
        let regular = record.epoch.is_multiple_of(every) || record.epoch == epochs;
        if record.epoch == first || entered || regular {
            self.stage.clone_from(&record.stage);
            let elapsed = self.started.elapsed();
            let done = (record.epoch - first + 1) as f64;
            let left = elapsed.mul_f64(epochs.saturating_sub(record.epoch) as f64 / done);
            self.console.remark(format!(
                "epoch {}/{epochs}: {}{}; {} so far, about {} left",
                record.epoch,
                self.stage(record),
                losses(record),
                HumanDuration(elapsed),
                HumanDuration(left),
            ));
        }
    }

    fn stage(&self, record: &EpochRecord) -> String {
        if self.staged { format!("{}, ", record.stage) } else { String::new() }
    }

    /// Leaves the last state of the bar on the screen.
    pub fn end(self) {
        if let Some(bar) = self.bar {
            bar.abandon();
        }
    }
}

fn losses(record: &EpochRecord) -> String {
    let terms: Vec<String> =
        record.terms.iter().map(|(name, value)| format!("{name} {value:.3}")).collect();
    format!("loss {:.3} ({})", record.total, terms.join(", "))
}
