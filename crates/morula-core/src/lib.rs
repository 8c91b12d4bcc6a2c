//! Backend-generic deep-learning modules for single-cell clustering, on Burn.

mod error;
pub mod shrinkage;
pub mod special;

pub use error::{CoreError, Result};
