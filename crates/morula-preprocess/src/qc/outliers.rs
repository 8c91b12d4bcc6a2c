//! Cells far from the median of their sample.

use crate::normalize::median;

/// The bounds of one metric in one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Median of the sample's cells; NaN without any.
    pub median: f64,
    /// Values below are outliers; minus infinity for none.
    pub lower: f64,
    /// Values above are outliers; infinity for none.
    pub upper: f64,
}

impl Bounds {
    /// The bounds `median +- n_mads MAD`, where `MAD = median |v - median|`.
    ///
    /// The rule of [Single-cell best practices](https://www.sc-best-practices.org/preprocessing_visualization/quality_control.html)
    /// (Germain, Sonrel and Robinson 2020). Where the MAD is 0, as for mitochondrial counts of
    /// nuclei, there are no bounds: the rule would take every cell that is not at the median. NaN
    /// are ignored.
    pub fn around_median(values: &[f64], n_mads: f64) -> Self {
        let known = || values.iter().copied().filter(|v| !v.is_nan());
        let Some(centre) = median(known().collect()) else {
            return Self { median: f64::NAN, lower: f64::NEG_INFINITY, upper: f64::INFINITY };
        };
        let mad = median(known().map(|v| (v - centre).abs()).collect()).unwrap_or(0.0);
        let width = if mad > 0.0 { n_mads * mad } else { f64::INFINITY };
        Self { median: centre, lower: centre - width, upper: centre + width }
    }

    /// Whether a value is beyond the bounds. NaN, of an empty cell, is.
    pub fn excludes(&self, value: f64) -> bool {
        !(self.lower..=self.upper).contains(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_deviations_from_the_median() {
        let bounds = Bounds::around_median(&[1.0, 2.0, 3.0, 4.0, 100.0, f64::NAN], 3.0);
        assert_eq!(bounds, Bounds { median: 3.0, lower: 0.0, upper: 6.0 });
        assert!(bounds.excludes(100.0) && bounds.excludes(f64::NAN) && !bounds.excludes(6.0));
    }

    #[test]
    fn no_deviation_means_no_bounds() {
        let bounds = Bounds::around_median(&[0.0, 0.0, 0.0, 5.0], 3.0);
        assert!(!bounds.excludes(5.0) && !bounds.excludes(0.0));
        assert!(Bounds::around_median(&[], 3.0).median.is_nan());
    }
}
