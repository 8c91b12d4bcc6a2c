//! Mean and spread.

use std::fmt::Write;

/// Mean and standard deviation (ddof = 1) of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stat {
    pub mean: f64,
    /// None for a single value.
    pub sd: Option<f64>,
    pub n: usize,
}

impl Stat {
    /// None without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let sd = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Self { mean, sd, n })
    }

    /// `0.512 ± 0.010`
    pub fn text(&self, digits: usize) -> String {
        let mut text = format!("{:.digits$}", self.mean);
        if let Some(sd) = self.sd {
            let _ = write!(text, " ± {sd:.digits$}");
        }
        text
    }

    /// A difference, with its sign.
    pub fn signed(&self, digits: usize) -> String {
        // No minus before zero.
        let sign = if self.mean >= -0.5 * 10f64.powi(-(digits as i32)) { "+" } else { "" };
        format!(
            "{sign}{}",
            self.text(digits).trim_start_matches(if sign == "+" { "-" } else { "" })
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_spread_by_hand() {
        let stat = Stat::of(&[0.2, 0.4, 0.9]).unwrap();
        assert!((stat.mean - 0.5).abs() < 1e-12);
        assert!((stat.sd.unwrap() - 0.13f64.sqrt()).abs() < 1e-12);
        assert_eq!(stat.text(2), "0.50 ± 0.36");
        assert_eq!(Stat::of(&[0.25]).unwrap().text(3), "0.250");
        assert_eq!(Stat::of(&[]), None);
    }

    #[test]
    fn differences_have_a_sign() {
        let signed = |v| Stat::of(&[v]).unwrap().signed(2);
        assert_eq!(["+0.10", "-0.20", "+0.00"], [signed(0.1), signed(-0.2), signed(-0.001)]);
    }
}
