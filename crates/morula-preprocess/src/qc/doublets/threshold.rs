//! The score that parts simulated doublets of two types from the rest.

/// Bins of the histogram, and most rounds of smoothing.
const BINS: usize = 256;
const ROUNDS: usize = 10_000;

/// The minimum between the two modes of a histogram; `None` if smoothing never leaves two.
///
/// The histogram is smoothed with a moving mean of three bins until it has two maxima at most
/// (Prewitt and Mendelsohn 1966; scikit-image's `threshold_minimum`, which Scrublet's authors use).
/// Simulated doublets of one type of cells look like single cells and make the lower mode.
pub(super) fn minimum_between_modes(scores: &[f64]) -> Option<f64> {
    let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !(low.is_finite() && high > low) {
        return None;
    }
    let width = (high - low) / BINS as f64;
    let mut bins = vec![0.0; BINS];
    for score in scores {
        bins[(((score - low) / width) as usize).min(BINS - 1)] += 1.0;
    }
    for _ in 0..ROUNDS {
        bins = smoothed(&bins);
        let modes = maxima(&bins);
        if modes.len() < 3 {
            let [first, second] = modes[..] else { return None };
            let mut lowest = first;
            for bin in first..=second {
                if bins[bin] < bins[lowest] {
                    lowest = bin;
                }
            }
            return Some(low + width * (lowest as f64 + 0.5));
        }
    }
    None
}

/// Means of three bins; the first and last bins are repeated.
fn smoothed(bins: &[f64]) -> Vec<f64> {
    let last = bins.len() - 1;
    let mean = |i: usize| (bins[i.saturating_sub(1)] + bins[i] + bins[(i + 1).min(last)]) / 3.0;
    (0..bins.len()).map(mean).collect()
}

/// Bins after which a rise turns into a fall.
fn maxima(bins: &[f64]) -> Vec<usize> {
    let (mut found, mut rising) = (Vec::new(), true);
    for i in 0..bins.len() - 1 {
        if rising && bins[i + 1] < bins[i] {
            found.push(i);
            rising = false;
        } else if !rising && bins[i + 1] > bins[i] {
            rising = true;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_modes_are_parted() {
        let around =
            |centre: f64, n: i32| (-n..=n).map(move |i| centre + f64::from(i * i * i) / 4e5);
        let both: Vec<f64> = around(0.1, 30).chain(around(0.6, 25)).collect();
        let at = minimum_between_modes(&both).unwrap();
        assert!(at > 0.15 && at < 0.56, "{at}");
    }

    #[test]
    fn one_mode_has_no_threshold() {
        assert_eq!(minimum_between_modes(&[]), None);
        assert_eq!(minimum_between_modes(&[0.3; 9]), None);
        let one: Vec<f64> = (0..1000).map(|i| 0.3 + f64::from(i % 50) / 1e3).collect();
        assert_eq!(minimum_between_modes(&one), None);
    }
}
