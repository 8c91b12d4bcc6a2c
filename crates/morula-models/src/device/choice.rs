//! Choosing the device at run time.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;

use crate::{ModelError, Result};

/// The device that the user chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A hardware GPU if this build supports one and one answers, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A hardware GPU, or an error.
    Gpu,
}

impl FromStr for DeviceChoice {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu),
            _ => Err(ModelError::Device {
                asked: text.into(),
                why: "there is no such device; choose auto, cpu or gpu".into(),
            }),
        }
    }
}

/// A device and its name.
#[derive(Debug, Clone)]
pub struct NamedDevice {
    /// The device of the tensors.
    pub device: Device,
    /// Name for messages: kind, name and API.
    pub name: String,
    /// Whether it is a hardware GPU; software adapters are not.
    pub is_gpu: bool,
}

impl fmt::Display for NamedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl DeviceChoice {
    /// The device to use.
    ///
    /// Software adapters (Mesa's lavapipe and the like) are never used as a GPU: they are slow, and
    /// some end long loops silently.
    ///
    /// # Errors
    /// [`ModelError::Device`] when a GPU is required and none is available, or when the build has
    /// no CPU backend.
    pub fn resolve(self) -> Result<NamedDevice> {
        match self {
            Self::Cpu => cpu(),
            Self::Gpu => gpus()
                .into_iter()
                .next()
                .ok_or_else(|| ModelError::Device { asked: "gpu".into(), why: NO_GPU.into() }),
            Self::Auto => gpus().into_iter().next().map_or_else(cpu, Ok),
        }
    }
}

/// Every device this build can use, GPUs first.
pub fn devices() -> Vec<NamedDevice> {
    gpus().into_iter().chain(cpu()).collect()
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
const NO_GPU: &str = "no hardware GPU answers; check its driver, or use cpu";
#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
const NO_GPU: &str =
    "this build has no GPU backend; build with the feature wgpu or cuda, or use cpu";

#[cfg(feature = "flex")]
fn cpu() -> Result<NamedDevice> {
    Ok(NamedDevice { device: Device::flex(), name: "CPU (flex)".into(), is_gpu: false })
}

#[cfg(all(feature = "ndarray", not(feature = "flex")))]
#[allow(deprecated, reason = "Burn deprecates its ndarray backend")]
fn cpu() -> Result<NamedDevice> {
    Ok(NamedDevice { device: Device::ndarray(), name: "CPU (ndarray)".into(), is_gpu: false })
}

#[cfg(not(any(feature = "flex", feature = "ndarray")))]
fn cpu() -> Result<NamedDevice> {
    Err(ModelError::Device {
        asked: "cpu".into(),
        why: "this build has no CPU backend; build with the feature flex or ndarray".into(),
    })
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn gpus() -> Vec<NamedDevice> {
    Vec::new()
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn gpus() -> Vec<NamedDevice> {
    let mut found = Vec::new();
    #[cfg(feature = "cuda")]
    found.extend(cuda());
    #[cfg(feature = "wgpu")]
    found.extend(wgpu());
    found
}

/// Burn panics when a driver is missing; this means that the device is missing.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn quietly<T>(ask: impl FnOnce() -> Option<T> + std::panic::UnwindSafe) -> Option<T> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let answer = std::panic::catch_unwind(ask).ok().flatten();
    std::panic::set_hook(hook);
    answer
}

#[cfg(feature = "cuda")]
fn cuda() -> Option<NamedDevice> {
    quietly(|| {
        let device = Device::cuda(0usize);
        device.sync().ok()?;
        Some(NamedDevice { device, name: "GPU (CUDA)".into(), is_gpu: true })
    })
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Option<NamedDevice> {
    use burn::tensor::DeviceKind;
    quietly(|| {
        // Adapters of these kinds are hardware; a software adapter has the kind Cpu.
        let hardware =
            [DeviceKind::DiscreteGpu(0), DeviceKind::IntegratedGpu(0), DeviceKind::VirtualGpu(0)];
        hardware.into_iter().find_map(|kind| {
            let name = format!("GPU (wgpu, {kind:?})");
            let device = Device::wgpu_options().device_kind(kind).init().ok()?;
            Some(NamedDevice { device, name, is_gpu: true })
        })
    })
}
