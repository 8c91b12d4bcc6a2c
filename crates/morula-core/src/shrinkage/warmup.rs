//! A weight that grows over the first epochs.

use burn::config::Config;

/// A linear ramp for the weight of a loss term.
///
/// Shrinkage towards centres is only useful once the clusters are meaningful, so the term starts
/// late and grows slowly.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub struct Warmup {
    /// Epochs without the term.
    #[config(default = 0)]
    pub start: usize,
    /// Epochs of partial weight after those; 0 gives a step.
    #[config(default = 0)]
    pub length: usize,
}

impl Warmup {
    /// The multiplier of the term's weight in an epoch, counted from 0:
    ///
    /// ```text
    /// 0                                        epoch < start
    /// min(1, (epoch - start + 1) / (length + 1))    otherwise
    /// ```
    pub fn weight(&self, epoch: usize) -> f64 {
        match epoch.checked_sub(self.start) {
            None => 0.0,
            Some(elapsed) if elapsed >= self.length => 1.0,
            Some(elapsed) => (elapsed as f64 + 1.0) / (self.length as f64 + 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramp_reaches_one_after_its_length() {
        let warmup = Warmup { start: 2, length: 3 };
        let weights: Vec<f64> = (0..8).map(|epoch| warmup.weight(epoch)).collect();
        assert_eq!(weights, [0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn without_length_it_is_a_step() {
        let warmup = Warmup { start: 1, length: 0 };
        assert_eq!([0, 1, 2].map(|epoch| warmup.weight(epoch)), [0.0, 1.0, 1.0]);
        assert_eq!(Warmup::new().weight(0), 1.0);
    }
}
