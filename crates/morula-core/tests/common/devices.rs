//! The devices that a device test runs on.

use std::io::Write;
use std::sync::OnceLock;

use burn::tensor::Device;

/// A device and what to call it.
#[derive(Debug, Clone)]
pub struct TestDevice {
    pub name: String,
    pub device: Device,
}

/// The CPU (with the feature `ndarray`, by both backends) and, with the feature `wgpu`, one adapter:
/// a hardware GPU if there is one, else a software one (Mesa's lavapipe, which ends shader loops after 65,535 rounds: keep shapes small).
pub fn devices() -> &'static [TestDevice] {
    static DEVICES: OnceLock<Vec<TestDevice>> = OnceLock::new();
    DEVICES.get_or_init(|| {
        let mut found = vec![TestDevice { name: "flex".into(), device: Device::flex() }];
        #[cfg(feature = "ndarray")]
        found.push(TestDevice { name: "ndarray".into(), device: Device::ndarray() });
        let gpu = adapter();
        match &gpu {
            Ok(gpu) => say(&format!("GPU half runs on {}", gpu.name)),
            Err(why) => say(&format!("GPU half was not run: {why}")),
        }
        found.extend(gpu);
        found
    })
}

/// A line on standard error that the test harness does not hold back.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(not(feature = "wgpu"))]
fn adapter() -> Result<TestDevice, &'static str> {
    Err("built without the feature wgpu")
}

#[cfg(feature = "wgpu")]
fn adapter() -> Result<TestDevice, &'static str> {
    use burn::tensor::DeviceKind;
    let kinds = [
        DeviceKind::DiscreteGpu(0),
        DeviceKind::IntegratedGpu(0),
        DeviceKind::VirtualGpu(0),
        DeviceKind::Cpu,
    ];
    // Burn panics rather than answer when a driver is absent.
    let ask = || {
        kinds.into_iter().find_map(|kind| {
            let name = format!("wgpu, {kind:?}");
            let device = Device::wgpu_options().device_kind(kind).init().ok()?;
            Some(TestDevice { name, device })
        })
    };
    std::panic::catch_unwind(ask).ok().flatten().ok_or("no adapter answers")
}
