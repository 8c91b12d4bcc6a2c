//! `morula devices`: the devices to compute on.

use anyhow::Result;
use clap::Args;
use morula::models::devices;
use serde::Serialize;

use crate::args::PrintArgs;
use crate::console::Console;

/// List the devices that this program can compute on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  morula devices --json")]
pub struct Devices {
    #[command(flatten)]
    print: PrintArgs,
}

#[derive(Debug, Serialize)]
struct List {
    devices: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    /// Its value of `--device`.
    device: &'static str,
    /// Whether `--device auto` uses it.
    auto: bool,
}

impl Devices {
    pub fn run(self) -> Result<()> {
        // GPUs come first, and auto uses the first device.
        let entry = |(i, device): (usize, morula::models::NamedDevice)| Entry {
            device: if device.is_gpu { "gpu" } else { "cpu" },
            auto: i == 0,
            name: device.name,
        };
        let list = List { devices: devices().into_iter().enumerate().map(entry).collect() };
        Console::new(&self.print).result(&list, || list.text())
    }
}

impl List {
    fn text(&self) -> String {
        let line = |e: &Entry| {
            let chosen = if e.auto { " (chosen by --device auto)" } else { "" };
            format!("{}: {}{chosen}", e.device, e.name)
        };
        self.devices.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
