//! The distance that all internal scores use.

/// Euclidean distance in four parallel sums: a compiler may not split one sum by itself.
pub(super) fn euclidean(a: &[f64], b: &[f64]) -> f64 {
    let (a_lanes, a_rest) = a.as_chunks::<4>();
    let (b_lanes, b_rest) = b.as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for (p, q) in a_lanes.iter().zip(b_lanes) {
        for ((lane, p), q) in lanes.iter_mut().zip(p).zip(q) {
            *lane += (p - q) * (p - q);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(p, q)| (p - q) * (p - q)).sum();
    (lanes.iter().sum::<f64>() + rest).sqrt()
}
