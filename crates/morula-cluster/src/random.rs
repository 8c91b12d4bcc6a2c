//! Random numbers that depend on the seed and on where they are used, never on history.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Purpose of a stream of random numbers. Streams of one seed never overlap.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// Initial weights.
    Weights = 1,
    /// Order of the cells in an epoch.
    Order = 2,
    /// Augmented views of a step.
    Views = 3,
    /// K-means starts.
    KMeans = 4,
    /// Edges of a resampled graph.
    Edges = 5,
}

/// The generator for the `index`-th use of a purpose, `index < 2^56`. Resuming needs no saved
/// generator state: seed, purpose and index define every number.
pub fn stream(seed: u64, purpose: Purpose, index: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 56) | index as u64);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_repeat_and_differ() {
        let first = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        assert_eq!(first(1, Purpose::Order, 4), first(1, Purpose::Order, 4));
        assert_ne!(first(1, Purpose::Order, 4), first(2, Purpose::Order, 4));
        assert_ne!(first(1, Purpose::Order, 4), first(1, Purpose::Order, 5));
        assert_ne!(first(1, Purpose::Order, 4), first(1, Purpose::Views, 4));
    }
}
