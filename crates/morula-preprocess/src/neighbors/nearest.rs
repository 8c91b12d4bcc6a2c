//! The nearest points found so far.

/// The k nearest so far, sorted by squared distance and then by index.
pub(super) struct Nearest {
    k: usize,
    best: Vec<(f64, u32)>,
}

impl Nearest {
    pub(super) fn new(k: usize) -> Self {
        Self { k, best: Vec::with_capacity(k) }
    }

    /// Squared distance of the k-th point; infinite if there are fewer than k.
    pub(super) fn worst(&self) -> f64 {
        match self.best.last() {
            Some(last) if self.best.len() == self.k => last.0,
            _ => f64::INFINITY,
        }
    }

    /// Inserts a point and returns whether it is among the nearest. The result does not depend on
    /// the order of the points.
    pub(super) fn offer(&mut self, square: f64, index: u32) -> bool {
        let at = self.best.partition_point(|b| (b.0, b.1) < (square, index));
        if at >= self.k {
            return false;
        }
        if self.best.len() == self.k {
            self.best.pop();
        }
        self.best.insert(at, (square, index));
        true
    }

    pub(super) fn into_vec(self) -> Vec<(f64, u32)> {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_offers_does_not_matter() {
        let points = [(2.0, 0), (1.0, 5), (1.0, 3), (4.0, 1), (1.0, 4)];
        for turn in 0..points.len() {
            let mut nearest = Nearest::new(2);
            assert_eq!(nearest.worst(), f64::INFINITY);
            (points.iter().cycle().skip(turn).take(5)).for_each(|p| _ = nearest.offer(p.0, p.1));
            assert_eq!(nearest.worst(), 1.0);
            assert_eq!(nearest.into_vec(), [(1.0, 3), (1.0, 4)]);
        }
    }

    #[test]
    fn no_neighbours_take_nothing() {
        assert!(!Nearest::new(0).offer(1.0, 0));
    }
}
