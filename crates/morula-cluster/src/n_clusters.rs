//! The number of clusters, given or detected.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Number of clusters; in files a number or `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NClusters {
    /// Detected in the data ([`communities`](crate::communities())).
    Auto,
    /// The given number.
    Given(usize),
}

impl NClusters {
    /// The number, if one was given.
    pub fn given(self) -> Option<usize> {
        match self {
            Self::Auto => None,
            Self::Given(k) => Some(k),
        }
    }
}

impl From<usize> for NClusters {
    fn from(k: usize) -> Self {
        Self::Given(k)
    }
}

impl fmt::Display for NClusters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Given(k) => write!(f, "{k}"),
        }
    }
}

impl std::str::FromStr for NClusters {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse::<usize>()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(k)) if k > 0 => Ok(Self::Given(k)),
            _ => Err(format!("'{text}': give a whole number of at least 1, or auto")),
        }
    }
}

impl Serialize for NClusters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Given(k) => serializer.serialize_u64(*k as u64),
        }
    }
}

impl<'de> Deserialize<'de> for NClusters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = NClusters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of clusters or \"auto\"")
            }

            fn visit_u64<E: de::Error>(self, k: u64) -> Result<NClusters, E> {
                usize::try_from(k).map(NClusters::Given).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, k: i64) -> Result<NClusters, E> {
                usize::try_from(k).map(NClusters::Given).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NClusters, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// The largest number of clusters below `asked` that can be met. `met` returns the number of clusters
/// that have cells when a number is requested. The last 16 candidates are tried one by one. More
/// candidates are first narrowed by bisection, which assumes that no number above an unmet one is
/// met.
///
/// # Errors
/// Those of `met`.
pub fn largest_possible<E>(
    asked: usize,
    mut met: impl FnMut(usize) -> Result<usize, E>,
) -> Result<usize, E> {
    // `low` falls until it is met; `high` is not met.
    let (mut low, mut high) = (asked.saturating_sub(1).max(1), asked);
    loop {
        let found = met(low)?;
        if found >= low || low <= 1 {
            break;
        }
        if low + 1 == high {
            high = low;
        }
        low = found.max(1);
    }
    while high - low > SCANNED {
        let middle = low + (high - low) / 2;
        if met(middle)? >= middle { low = middle } else { high = middle }
    }
    for k in (low + 1..high).rev() {
        if met(k)? >= k {
            return Ok(k);
        }
    }
    Ok(low)
}

/// Number of candidates that are tried one by one.
const SCANNED: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_that_is_met_is_found() {
        for limit in 1..=70 {
            for asked in limit + 1..=80 {
                let mut tried = 0;
                let mut met = |k: usize| {
                    tried += 1;
                    Ok::<_, ()>(if k <= limit { k } else { limit.min(k / 3).max(1) })
                };
                assert_eq!(largest_possible(asked, &mut met), Ok(limit), "{asked}");
                assert!(tried < 30, "{tried}");
            }
        }
        assert_eq!(largest_possible(9, Err::<usize, _>), Err(8));
    }

    #[test]
    fn numbers_and_auto_are_read_and_written() {
        for (text, expected) in [("7", NClusters::Given(7)), ("\"auto\"", NClusters::Auto)] {
            let read: NClusters = serde_json::from_str(text).unwrap();
            assert_eq!(read, expected);
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        for text in ["-1", "\"many\"", "\"0\"", "1.5", "null"] {
            assert!(serde_json::from_str::<NClusters>(text).is_err(), "{text}");
        }
        assert_eq!("12".parse(), Ok(NClusters::Given(12)));
        assert!("0".parse::<NClusters>().is_err());
    }
}
