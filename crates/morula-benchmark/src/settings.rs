//! The settings that all rows of a results folder share.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use morula::models::DeviceChoice;
use serde::{Deserialize, Serialize};

use crate::error::usage;
use crate::method::Method;
use crate::options::Options;

/// The contents of `settings.json`: runs of different settings never mix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub version: String,
    pub device: String,
    /// Threads of a run.
    pub threads: usize,
    /// Parameters that are not the defaults, per method.
    pub parameters: BTreeMap<Method, toml::Table>,
}

/// The file.
pub const FILE: &str = "settings.json";

/// The name of a device, as the command line has it.
pub fn device_name(device: DeviceChoice) -> &'static str {
    match device {
        DeviceChoice::Auto => "auto",
        DeviceChoice::Cpu => "cpu",
        DeviceChoice::Gpu => "gpu",
    }
}

impl Settings {
    pub fn of(options: &Options) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            device: device_name(options.device).into(),
            threads: options.threads,
            parameters: options.parameters.clone(),
        }
    }

    /// The settings of a folder, if it has some.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Some(serde_json::from_str(&text).with_context(|| path.display().to_string())?))
    }

    /// Writes the settings into a new folder; refuses a folder with others.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        match Self::read(folder)? {
            None => {
                let path = folder.join(FILE);
                fs::write(&path, serde_json::to_string_pretty(self)?)
                    .with_context(|| format!("cannot write {}", path.display()))
            }
            Some(there) if there == *self => Ok(()),
            Some(there) => Err(usage(format!(
                "{}: its runs have other settings; give another --out or the same settings\n  \
                 there: {}\n  asked: {}",
                folder.display(),
                serde_json::to_string(&there)?,
                serde_json::to_string(self)?,
            ))),
        }
    }

    /// In words, for the report.
    pub fn text(&self) -> String {
        let changed: Vec<String> = (self.parameters.iter())
            .filter(|(_, table)| !table.is_empty())
            .map(|(method, table)| format!("{method} with `{}`", line(table)))
            .collect();
        let changed = match changed.is_empty() {
            true => "every method with its defaults".into(),
            false => changed.join("; "),
        };
        let Self { version, device, threads, .. } = self;
        let threads =
            if *threads == 1 { "one thread".into() } else { format!("{threads} threads") };
        format!("Morula {version}, device {device}, {threads} per run; {changed}.")
    }
}

fn line(table: &toml::Table) -> String {
    table.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::tests::model;

    #[test]
    fn other_settings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let parameters = BTreeMap::from([(model(), toml::from_str("epochs = 3").unwrap())]);
        let settings =
            Settings { version: "1".into(), device: "cpu".into(), threads: 1, parameters };
        settings.keep(folder.path()).unwrap();
        settings.keep(folder.path()).unwrap();
        let other = Settings { threads: 2, ..settings.clone() };
        assert!(format!("{:#}", other.keep(folder.path()).unwrap_err()).contains("other settings"));
        assert!(settings.text().contains("jojoscl with `epochs = 3`"));
    }
}
