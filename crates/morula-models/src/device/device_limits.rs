//! Checks that a device can hold the largest tensors of a fit, before any is uploaded.

use burn::tensor::Device;

use crate::{ModelError, Result};

/// Bytes of an f32.
const BYTES: u64 = 4;

/// A tensor that a fit needs.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// What it holds.
    pub what: &'static str,
    pub shape: [usize; 2],
    /// How to make it smaller.
    pub remedy: &'static str,
}

/// Refuses tensors that are larger than the device's largest buffer. A GPU binds a tensor to a
/// kernel in one buffer, of 128 MiB at least and often of a few GiB. Without this check the failure
/// appears only at the next read from the device, without its cause. CPUs have no such limit.
///
/// # Errors
/// [`ModelError::TooLarge`] naming the first tensor that does not fit.
pub(crate) fn check(device: &Device, tensors: &[Planned]) -> Result<()> {
    match largest_buffer(device) {
        Some(limit) => fits(limit, tensors),
        None => Ok(()),
    }
}

fn fits(limit: u64, tensors: &[Planned]) -> Result<()> {
    let bytes = |&Planned { shape: [rows, columns], .. }: &Planned| {
        (rows as u64).saturating_mul(columns as u64).saturating_mul(BYTES)
    };
    match tensors.iter().find(|tensor| bytes(tensor) > limit) {
        None => Ok(()),
        Some(tensor) => Err(ModelError::TooLarge {
            what: tensor.what,
            shape: tensor.shape,
            bytes: bytes(tensor),
            limit,
            remedy: tensor.remedy,
        }),
    }
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn largest_buffer(device: &Device) -> Option<u64> {
    use burn::backend::DispatchDevice;
    match device.clone().inner().as_dispatch() {
        DispatchDevice::Cube(device) => Some(device.client().properties().memory.max_page_size),
        _ => None,
    }
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn largest_buffer(_device: &Device) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(shape: [usize; 2]) -> Planned {
        Planned { what: "the scaled expression", shape, remedy: "keep fewer genes" }
    }

    #[test]
    fn the_error_names_the_first_tensor_too_large_and_a_remedy() {
        let tensors = [planned([10, 10]), planned([60_000, 2000]), planned([1_000_000, 2000])];
        assert!(fits(400, &tensors[..1]).is_ok());
        assert!(fits(399, &tensors[..1]).is_err());
        let error = fits(128 << 20, &tensors).unwrap_err().to_string();
        let expected = "the scaled expression (60000 x 2000 numbers, 480 MB) does not fit into a \
                        buffer of this device, which holds 134 MB at most; use the cpu, or keep \
                        fewer genes";
        assert_eq!(error, expected);
    }

    #[test]
    fn absurd_sizes_do_not_overflow() {
        assert!(fits(u64::MAX - 1, &[planned([usize::MAX, usize::MAX])]).is_err());
    }
}
