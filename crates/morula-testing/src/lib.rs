//! What tests of several crates share: the devices they run on, the folder of real data, and random
//! changes of stored inputs.
//!
//! Other crates name this one as a development dependency, by path and without a version, so that
//! `cargo package` leaves it out. It is never published.

mod data;
#[cfg(feature = "flex")]
pub mod devices;
pub mod fuzz;

pub use data::data_folder;
