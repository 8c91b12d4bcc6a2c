//! The devices that a device test runs on, and how far they may differ.

use std::io::Write;
use std::sync::OnceLock;

use burn::tensor::Device;

/// Largest error of one operation in f32, values and gradients, on any device: relative to the
/// largest value that float64 on the CPU expects.
pub const OPERATION: f64 = 1e-5;

/// Largest difference between a GPU and the CPU in ten training steps: of every loss at every step,
/// relative to its size, and of the embedding after the last one, relative to its largest value.
/// Larger than [`OPERATION`], because Adam divides each gradient by its own size: where one is all
/// rounding, devices take that parameter different ways.
pub const TRAINING: f64 = 1e-4;

/// Setting this environment variable to 1 makes the lack of a GPU a failure, as CI does.
const REQUIRE: &str = "MORULA_REQUIRE_GPU";

/// A device and what to call it.
#[derive(Debug, Clone)]
pub struct TestDevice {
    pub name: String,
    pub device: Device,
}

/// The CPU (with the feature `ndarray`, by both backends) and, with the feature `wgpu`, one
/// adapter: a hardware GPU if there is one, else a software one (Mesa's lavapipe, which ends
/// shader loops after 65,535 rounds: keep shapes small).
///
/// The first device is the reference. A missing adapter is a line on standard error, or a panic
/// where a GPU is required.
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

/// A line on standard error that the test harness does not hold back.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The largest difference from what is expected, relative to the largest value expected.
#[track_caller]
pub fn error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(f64::MIN_POSITIVE, |scale, value| value.abs().max(scale));
    let worst = found.iter().zip(expected).map(|(f, e)| (f - e).abs() / scale);
    // A maximum that does not lose a NaN.
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
