//! Colours that can be told apart with any colour vision.

/// Okabe and Ito, "Color Universal Design" (2008); black stands last, where it is needed least.
const OKABE_ITO: [[u8; 3]; 8] = [
    [0, 114, 178],
    [230, 159, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [213, 94, 0],
    [240, 228, 66],
    [0, 0, 0],
];

/// The colour of a cluster. Every eight clusters the colours repeat, mixed with more white.
pub(super) fn color(cluster: usize) -> [u8; 3] {
    let white = 1.0 - 0.6_f32.powi((cluster / OKABE_ITO.len()) as i32);
    OKABE_ITO[cluster % OKABE_ITO.len()]
        .map(|c| (f32::from(c) * (1.0 - white) + 255.0 * white) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rounds_of_colours_are_distinct() {
        let mut all: Vec<_> = (0..16).map(color).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 16);
    }
}
