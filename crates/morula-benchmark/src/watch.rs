//! What a benchmark reports while it runs.

/// Follows a benchmark and may stop it. `()` does neither.
pub trait Watch: Sync {
    /// Takes a line for people: a data set that is skipped, a run that is finished.
    fn remark(&self, _line: String) {}

    /// The runs begin; from now on [`stops`](Self::stops) is asked.
    fn begins(&self) {}

    /// Whether to stop after the runs that have begun.
    fn stops(&self) -> bool {
        false
    }
}

impl Watch for () {}
