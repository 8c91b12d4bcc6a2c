//! Test of the ratio of a gene's rates in two groups of cells.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Moments;

/// The test of one gene in group A against group B.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRatio {
    /// Natural logarithm of the ratio of the rates, `ln(r_A / r_B)`.
    pub log_ratio: f64,
    /// The ratio over its standard error.
    pub t: f64,
    /// Two-sided p-value.
    pub p: f64,
}

impl LogRatio {
    /// Tests one gene by the sums over the cells of two groups.
    ///
    /// The rate of a group is `r = c / sum N` with `c = sum x + e`, and
    ///
    /// `t = ln(r_A / r_B) / sqrt(v_A + v_B)`,
    /// `v = max(n / (n - 1) sum (x - N r)^2, c) / c^2`
    ///
    /// with the observed variance of the counts and at least that of Poisson counts. One count is added
    /// in all, to each group in proportion to its size `sum N`: `e` is 0.5 for groups of one size, and
    /// a gene without counts has the same rate in both. It has
    /// Student's distribution with as many degrees of freedom as the smaller group has cells, less
    /// one. Counts in which the groups were found give p-values that are too small; use the second
    /// part of [`thin`](super::thin).
    ///
    /// A group of fewer than two cells gives `p = 1`.
    pub fn new(a: &Moments, b: &Moments, gene: usize) -> Self {
        let n = a.n_cells.min(b.n_cells);
        if n < 2 || a.size <= 0.0 || b.size <= 0.0 {
            return Self { log_ratio: 0.0, t: 0.0, p: 1.0 };
        }
        let size = a.size + b.size;
        let [(rate_a, var_a), (rate_b, var_b)] = [a, b].map(|group| rate(group, gene, size));
        let log_ratio = (rate_a / rate_b).ln();
        let t = log_ratio / (var_a + var_b).sqrt();
        Self { log_ratio, t, p: student_two_sided(t, n as f64 - 1.0) }
    }
}

/// The rate of a gene in a group, and the variance of its logarithm.
fn rate(group: &Moments, gene: usize, size: f64) -> (f64, f64) {
    let count = group.counts[gene] + group.size / size;
    let rate = count / group.size;
    let n = group.n_cells as f64;
    let residuals =
        group.squares[gene] - 2.0 * rate * group.products[gene] + rate * rate * group.size_squares;
    (rate, (residuals * n / (n - 1.0)).max(count) / (count * count))
}

/// `P(T > t)` of Student's distribution; 1 where that is not defined.
pub fn student_upper(t: f64, freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(law) if t.is_finite() => law.sf(t),
        _ => 1.0,
    }
}

/// `P(|T| > |t|)` of Student's distribution; 1 where that is not defined.
pub fn student_two_sided(t: f64, freedom: f64) -> f64 {
    (2.0 * student_upper(t.abs(), freedom)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::moments;
    use super::*;
    use morula_data::CsrMatrix;

    /// SciPy 1.15: `t.sf(2, 10)`, `2 * t.sf(3.5, 4)`, `t.sf(30, 20)`.
    #[test]
    fn tails_of_students_distribution() {
        assert!((student_upper(2.0, 10.0) - 0.036_694_017_385_370_18).abs() < 1e-12);
        assert!((student_two_sided(-3.5, 4.0) - 0.024_896_163_460_222_748).abs() < 1e-12);
        assert!((student_upper(30.0, 20.0) / 2.097_612_661_999_827e-18 - 1.0).abs() < 1e-9);
        assert_eq!(student_upper(f64::NAN, 3.0), 1.0);
        assert_eq!(student_upper(1.0, 0.0), 1.0);
    }

    #[test]
    fn the_ratio_by_hand() {
        let x = CsrMatrix::from_dense(4, 1, &[4.0, 6.0, 1.0, 3.0]).unwrap();
        let labels = [Some(0), Some(0), Some(1), Some(1)];
        let groups = moments(&x, &[1.0; 4], &labels, 2).unwrap();
        let found = LogRatio::new(&groups[0], &groups[1], 0);
        // Rates 5.25 and 2.25; the residuals are smaller than Poisson's.
        assert!((found.log_ratio - (5.25_f64 / 2.25).ln()).abs() < 1e-12);
        let t = (5.25_f64 / 2.25).ln() / (1.0 / 10.5_f64 + 1.0 / 4.5).sqrt();
        assert!((found.t - t).abs() < 1e-12);
        assert!(found.p > 0.0 && found.p < 1.0);
        assert_eq!(LogRatio::new(&groups[0], &groups[0], 0).t, 0.0);
        // Without counts the rates are the same, however unlike the sizes are.
        let none = CsrMatrix::from_dense(4, 1, &[0.0; 4]).unwrap();
        let sizes = [1.0, 1.0, 500.0, 500.0];
        let groups = moments(&none, &sizes, &labels, 2).unwrap();
        assert_eq!(LogRatio::new(&groups[0], &groups[1], 0).log_ratio, 0.0);
        let one = moments(&x, &[1.0; 4], &[Some(0), None, None, Some(1)], 2).unwrap();
        assert_eq!(LogRatio::new(&one[0], &one[1], 0).p, 1.0);
    }
}
