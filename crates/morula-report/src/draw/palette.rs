//! Colours that differ for any colour vision.

use super::Rgb;

/// The eight colours of Okabe and Ito, "Color Universal Design" (2008), then 22 more. Each of these
/// is the candidate farthest from all colours before it: its least distance in Oklab is largest,
/// over normal vision, deuteranopia and protanopia, simulated after Machado, Oliveira and Fernandes
/// (2009).
const CATEGORIES: [u32; 30] = [
    0x0072b2, 0xe69f00, 0x009e73, 0xd55e00, 0x56b4e9, 0xcc79a7, 0xf0e442, 0x000000, 0x5a1e00,
    0x2d0096, 0x00f0c3, 0xa5005a, 0x9669ff, 0x5a005a, 0x2d3cd2, 0x964b00, 0x69c378, 0xa5d2ff,
    0x4b4b87, 0x3c4b3c, 0x876987, 0x6987d2, 0xa5b4b4, 0xc3d287, 0x5a5ae1, 0xc33c4b, 0x960f1e,
    0x5a2da5, 0xf05a69, 0x8796ff,
];

/// Colour of the i-th category. Beyond 30 the colours repeat.
pub(crate) fn category(i: usize) -> Rgb {
    let [_, r, g, b] = CATEGORIES[i % CATEGORIES.len()].to_be_bytes();
    Rgb(r, g, b)
}

/// Colour for a missing label or value.
pub(crate) fn missing() -> Rgb {
    Rgb(217, 217, 217)
}

/// Viridis, from dark at 0 to light at 1.
pub(crate) fn viridis(value: f64) -> Rgb {
    if value.is_nan() {
        return missing();
    }
    let color = colorous::VIRIDIS.eval_continuous(value.clamp(0.0, 1.0));
    Rgb(color.r, color.g, color.b)
}

/// Black or white: the one with more contrast on this colour.
pub(crate) fn ink_on(Rgb(r, g, b): Rgb) -> Rgb {
    let luminance = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
    if luminance > 140.0 { Rgb(0, 0, 0) } else { Rgb(255, 255, 255) }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Matrix = [[f64; 3]; 3];
    const NORMAL: Matrix = [[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]];
    /// Machado et al. 2009, severity 1.
    const DEUTERANOPIA: Matrix = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ];
    const PROTANOPIA: Matrix = [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ];

    fn apply(m: Matrix, v: [f64; 3]) -> [f64; 3] {
        m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    /// Oklab (Ottosson 2020), times 100.
    fn oklab(Rgb(r, g, b): Rgb, sight: Matrix) -> [f64; 3] {
        let linear = [r, g, b].map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let seen = apply(sight, linear).map(|c| c.clamp(0.0, 1.0));
        let cones = apply(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ],
            seen,
        );
        apply(
            [
                [21.04542553, 79.36177850, -0.40720468],
                [197.79984951, -242.85922050, 45.05937099],
                [2.59040371, 78.27717662, -80.86757660],
            ],
            cones.map(f64::cbrt),
        )
    }

    fn least_distance(n: usize, sight: Matrix) -> f64 {
        let seen: Vec<[f64; 3]> = (0..n).map(|i| oklab(category(i), sight)).collect();
        let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
        let apart = |(i, j): (usize, usize)| -> f64 {
            seen[i].iter().zip(seen[j]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        };
        pairs.map(apart).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn colours_are_distinct_for_every_vision() {
        for (n, normal, impaired) in
            [(8, 15.0, 7.5), (16, 13.0, 7.5), (20, 12.0, 7.0), (30, 8.4, 6.1)]
        {
            assert!(least_distance(n, NORMAL) > normal, "{n}");
            for sight in [DEUTERANOPIA, PROTANOPIA] {
                let least = least_distance(n, sight);
                assert!(least > impaired, "{n}: {least}");
            }
        }
        assert_eq!(category(31), category(1));
    }

    #[test]
    fn scales_take_any_value() {
        assert_eq!(viridis(-1.0), viridis(0.0));
        assert_eq!(viridis(f64::NAN), missing());
        assert_eq!(
            (ink_on(viridis(0.0)), ink_on(viridis(1.0))),
            (Rgb(255, 255, 255), Rgb(0, 0, 0))
        );
    }
}
