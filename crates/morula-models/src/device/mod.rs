//! Devices: their choice, their limits, and transfers between device and host.

mod choice;
pub(crate) mod device_limits;
#[cfg(test)]
mod device_sync;
mod transfer;

pub use choice::{DeviceChoice, NamedDevice, devices};
#[cfg(test)]
pub(crate) use transfer::{READS, UPLOADS};
pub(crate) use transfer::{read, read_matrix, upload};
