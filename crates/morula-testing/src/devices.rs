//! The devices that a device test runs on, and how far they may differ.

use std::io::Write;
use std::sync::OnceLock;

use burn::tensor::Device;

/// Largest error of the values and gradients of one operation in f32 on any device, relative to the
/// largest value that float64 gives on the CPU.
pub const OPERATION: f64 = 1e-5;

/// Largest difference between a GPU and the CPU in ten training steps: of every loss at every step,
/// relative to its size, and of the embedding after the last step, relative to its largest value.
/// It is larger than [`OPERATION`] because Adam divides each gradient by its own size: where a
/// gradient is rounding error alone, the parameter moves differently on each device.
pub const TRAINING: f64 = 1e-4;

/// Setting this environment variable to 1 makes the lack of a GPU a failure, as CI does.
const REQUIRE: &str = "MORULA_REQUIRE_GPU";

/// A device and its name.
#[derive(Debug, Clone)]
pub struct TestDevice {
    /// The name in messages.
    pub name: String,
    /// The device.
    pub device: Device,
}

/// The CPU (with the feature `ndarray`, by both backends) and, with the feature `wgpu`, one
/// adapter: a hardware GPU if there is one, else a software one (Mesa's lavapipe, which ends
/// shader loops after 65,535 rounds: keep shapes small).
///
/// The first device is the reference. If no adapter answers, a line on standard error says so.
///
/// # Panics
/// If no adapter answers and `MORULA_REQUIRE_GPU` is 1.
pub fn devices() -> &'static [TestDevice] {
    static DEVICES: OnceLock<Vec<TestDevice>> = OnceLock::new();
    DEVICES.get_or_init(|| {
        let mut found = vec![TestDevice { name: "flex".into(), device: Device::flex() }];
        #[cfg(feature = "ndarray")]
        found.push(TestDevice { name: "ndarray".into(), device: Device::ndarray() });
        match adapter() {
            Ok(gpu) => {
                say(&format!("GPU half runs on {}", gpu.name));
                found.push(gpu);
            }
            Err(why) if std::env::var(REQUIRE).is_ok_and(|value| value == "1") => {
                panic!("{REQUIRE} is set, but the GPU half cannot be run: {why}")
            }
            Err(why) => say(&format!("GPU half was not run: {why}")),
        }
        found
    })
}

/// Writes a line to standard error, which the test harness does not capture.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The largest difference between found and expected values, relative to the largest expected
/// value. NaN if a difference is NaN.
#[track_caller]
pub fn error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(f64::MIN_POSITIVE, |scale, value| value.abs().max(scale));
    let worst = found.iter().zip(expected).map(|(f, e)| (f - e).abs() / scale);
    // Unlike `f64::max`, this maximum keeps a NaN.
    worst.fold(0.0, |a, b| if b <= a { a } else { b })
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
    // Burn panics when a driver is absent.
    let ask = || {
        kinds.into_iter().find_map(|kind| {
            let name = format!("wgpu, {kind:?}");
            let device = Device::wgpu_options().device_kind(kind).init().ok()?;
            Some(TestDevice { name, device })
        })
    };
    std::panic::catch_unwind(ask).ok().flatten().ok_or("no adapter answers")
}
