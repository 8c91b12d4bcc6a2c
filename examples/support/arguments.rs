//! The arguments of the examples: words and `--device`.

use morula::prelude::DeviceChoice;

/// Words in order, and the device.
pub struct Arguments {
    pub words: Vec<String>,
    pub device: DeviceChoice,
}

impl Arguments {
    /// Reads the command line. The error shows `usage` when fewer than `least` words are given, or
    /// an option is unknown.
    pub fn parse(usage: &str, least: usize) -> Result<Self, Box<dyn std::error::Error>> {
        let mut parsed = Self { words: Vec::new(), device: DeviceChoice::Auto };
        let mut given = std::env::args().skip(1);
        while let Some(argument) = given.next() {
            match argument.as_str() {
                "--device" => parsed.device = given.next().ok_or(usage)?.parse()?,
                flag if flag.starts_with('-') => return Err(format!("usage: {usage}").into()),
                word => parsed.words.push(word.into()),
            }
        }
        if parsed.words.len() < least {
            return Err(format!("usage: {usage}").into());
        }
        Ok(parsed)
    }
}
