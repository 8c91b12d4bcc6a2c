//! Scores against true labels, all computed from one contingency table.

mod adjusted_info;
mod contingency;
mod information;
mod matching;
mod pairs;

pub use contingency::{Contingency, Overlap};
pub use matching::Matching;
