//! Maps values to pixels, and finds round values for ticks.

/// An axis that maps values from `low` to `high` to pixels from `from` to `to`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// Adds some room around equal values and around no values.
    pub(crate) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let room = if high > low { 0.0 } else { low.abs().max(1.0) * 0.05 };
        Self { low: low - room, high: high + room, from, to }
    }

    pub(crate) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Round values within the range; their number is near `about`.
    pub(crate) fn ticks(&self, about: usize) -> Vec<f64> {
        let step = step((self.high - self.low) / about.max(1) as f64);
        let count = |v: f64| (v / step).clamp(-1e9, 1e9);
        let (first, last) =
            (count(self.low - 1e-9 * step).ceil(), count(self.high + 1e-9 * step).floor());
        let n = (last - first).clamp(-1.0, 100.0) as i64;
        (0..=n).map(|i| (first + i as f64) * step).collect()
    }
}

/// The smallest step of at least this size: 1, 2 or 5 times a power of ten.
fn step(least: f64) -> f64 {
    if !least.is_normal() {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    factors
        .map(|f| f * power)
        .into_iter()
        .find(|s| *s >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// A number in few characters: `0.25`, `1500`, `2e6`.
pub(crate) fn compact(value: f64) -> String {
    let size = value.abs();
    if size < 1e-12 {
        return "0".into();
    }
    if !(1e-3..1e6).contains(&size) {
        return format!("{value:.1e}").replace(".0e", "e");
    }
    let digits = (2 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').into(),
        false => text,
    }
}

/// A p-value, short.
pub(crate) fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-300 => "<1e-300".into(),
        p if p < 1e-3 => format!("{p:.0e}"),
        p => compact(p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let axis = Axis::new((0.13, 0.87), (0.0, 100.0));
        let ticks: Vec<String> = axis.ticks(4).into_iter().map(compact).collect();
        assert_eq!(ticks, ["0.2", "0.4", "0.6", "0.8"]);
        assert!((axis.at(0.5) - 50.0).abs() < 1e-9);
        assert_eq!(Axis::new((0.0, 60.0), (0.0, 1.0)).ticks(3), [0.0, 20.0, 40.0, 60.0]);
        for odd in [(3.0, 3.0), (f64::INFINITY, f64::NEG_INFINITY), (0.0, 0.0), (1e300, 1e301)] {
            let axis = Axis::new(odd, (0.0, 1.0));
            assert!(axis.at(odd.0.clamp(-1e9, 1e9)).is_finite());
            assert!(axis.ticks(4).len() < 20);
        }
    }

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 0.25, 1500.0, -0.5, 2e6, 1.5e-5, 12.34, 0.1 + 0.2];
        let all = all.map(compact);
        let p = [0.0, 2e-310, 1.26e-20, 0.00234, 1.0, f64::NAN].map(p_value);
        assert_eq!(p, ["<1e-300", "<1e-300", "1e-20", "0.00234", "1", "NaN"]);
        assert_eq!(all, ["0", "0.25", "1500", "-0.5", "2e6", "1.5e-5", "12.3", "0.3"]);
    }
}
