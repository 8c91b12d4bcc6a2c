//! Mutual information, adjusted for chance.

use std::collections::BTreeMap;

use super::Contingency;

impl Contingency {
    /// Mutual information expected by chance, in nats.
    ///
    /// Chance is a random shuffle of the labels, so `n_ij` is hypergeometric:
    /// `E[I] = sum_ij sum_n n/N ln(N n / (a_i b_j)) P(n; a_i, b_j, N)`
    /// (Vinh, Epps and Bailey 2010, eq. 24a). The sum is exact, without sampling. Equal sizes are
    /// summed once, so that the time is not quadratic in the number of singletons.
    pub fn expected_mutual_info(&self) -> f64 {
        let (classes, clusters) =
            (multiplicities(self.class_sizes()), multiplicities(self.cluster_sizes()));
        let mut total = 0.0;
        for (&a, &times_a) in &classes {
            for (&b, &times_b) in &clusters {
                total += times_a * times_b * expected_term(a, b, self.n_cells());
            }
        }
        total
    }

    /// Adjusted mutual information with the arithmetic mean,
    /// `AMI = (I - E[I]) / ((H(T) + H(P)) / 2 - E[I])`: 1 for a perfect clustering, 0 on
    /// average for a random one (Vinh, Epps and Bailey 2010).
    ///
    /// 1 when both labellings have one cluster, 0 when only one of them has.
    pub fn adjusted_mutual_info(&self) -> f64 {
        if self.is_perfect() {
            return 1.0;
        }
        if self.class_sizes().len() == 1 || self.cluster_sizes().len() == 1 {
            return 0.0;
        }
        let expected = self.expected_mutual_info();
        let maximum = f64::midpoint(self.truth_entropy(), self.pred_entropy());
        // The maximum exceeds the expectation unless the labellings agree perfectly. Rounding alone
        // could make the difference vanish.
        (self.mutual_info() - expected) / (maximum - expected).max(f64::EPSILON)
    }
}

/// Every distinct size, with the number of groups of that size.
fn multiplicities(sizes: &[usize]) -> BTreeMap<usize, f64> {
    let mut times = BTreeMap::new();
    for &size in sizes {
        *times.entry(size).or_insert(0.0) += 1.0;
    }
    times
}

/// `E[n/N ln(N n / (a b))]` for a hypergeometric overlap `n` of groups of `a` and `b` cells.
///
/// The ratio of neighbouring probabilities,
/// `P(n + 1) / P(n) = (a - n)(b - n) / ((n + 1)(N - a - b + n + 1))`, gives all of them from the
/// mode outwards; their sum normalises them. Differences of log-gamma would lose the digits that
/// `ln N!` has before the point.
fn expected_term(a: usize, b: usize, n_cells: usize) -> f64 {
    /// Weights below this share of the mode's weight are lost in its rounding.
    const NEGLIGIBLE: f64 = f64::EPSILON * f64::EPSILON;

    let (a, b, n_cells) = (a as f64, b as f64, n_cells as f64);
    let (low, high) = ((a + b - n_cells).max(0.0), a.min(b));
    let mode = ((a + 1.0) / (n_cells + 2.0) * (b + 1.0)).floor().clamp(low, high);
    let ratio = |n: f64| (a - n) / (n + 1.0) * ((b - n) / (n_cells - a - b + n + 1.0));
    let info = |n: f64| {
        if n == 0.0 { 0.0 } else { n / n_cells * ((n / a) * (n_cells / b)).ln() }
    };

    let (mut mass, mut sum) = (1.0, info(mode));
    let mut add = |n: f64, weight: f64| {
        mass += weight;
        sum += weight * info(n);
    };
    let (mut n, mut weight) = (mode, 1.0);
    while n < high && weight > NEGLIGIBLE {
        weight *= ratio(n);
        n += 1.0;
        add(n, weight);
    }
    (n, weight) = (mode, 1.0);
    while n > low && weight > NEGLIGIBLE {
        n -= 1.0;
        weight /= ratio(n);
        add(n, weight);
    }
    sum / mass
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn binomial(n: usize, k: usize) -> f64 {
        if k > n { 0.0 } else { (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64) }
    }

    #[test]
    fn expected_term_equals_the_sum_over_binomials() {
        let n_cells = 13;
        for a in 1..=n_cells {
            for b in 1..=n_cells {
                let brute: f64 = (1..=a.min(b))
                    .map(|n| {
                        let chance =
                            binomial(b, n) * binomial(n_cells - b, a - n) / binomial(n_cells, a);
                        let info = (n * n_cells) as f64 / (a * b) as f64;
                        n as f64 / n_cells as f64 * info.ln() * chance
                    })
                    .sum();
                let term = expected_term(a, b, n_cells);
                assert_relative_eq!(term, brute, epsilon = 1e-15, max_relative = 1e-13);
            }
        }
    }

    #[test]
    fn expected_information_is_symmetric_and_exact_for_singletons() {
        let truth: Vec<usize> = (0..3000).map(|i| i % 7).collect();
        let pred: Vec<usize> = (0..3000).collect();
        let table = Contingency::new(&truth, &pred).unwrap();
        let swapped = Contingency::new(&pred, &truth).unwrap();
        // A shuffle of singletons changes nothing: E[I] = I = H(truth).
        assert_relative_eq!(
            table.expected_mutual_info(),
            table.truth_entropy(),
            max_relative = 1e-13
        );
        assert_relative_eq!(
            swapped.expected_mutual_info(),
            table.expected_mutual_info(),
            max_relative = 1e-13
        );
    }
}
