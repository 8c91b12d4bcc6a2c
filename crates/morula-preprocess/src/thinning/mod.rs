//! Thinning: the molecules of every cell in two independent parts, and tests on the second.

mod dispersion;
mod log_ratio;
mod moments;
mod split;

pub use dispersion::dispersions;
pub use log_ratio::{LogRatio, student_two_sided, student_upper};
pub use moments::{Moments, moments};
pub use split::{ThinParams, halves, thin};
