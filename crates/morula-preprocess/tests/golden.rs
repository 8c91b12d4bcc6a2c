//! Normalisation, logarithm and scaling against float64 reference values, computed in NumPy
//! ([1](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-preprocessing)): four cells, five genes.

use morula_data::CsrMatrix;
use morula_preprocess::{TargetSum, log1p, normalize_total, scale};

const COUNTS: [f32; 20] =
    [4., 0., 1., 0., 5., 0., 2., 0., 0., 2., 10., 1., 3., 6., 0., 1., 1., 1., 1., 1.];
const SIZE_FACTORS: [f64; 4] = [1.333333333, 0.5333333333, 2.666666667, 0.6666666667];
#[rustfmt::skip]
const NORMALISED: [f64; 20] = [
    3.0, 0.0, 0.75, 0.0, 3.75, 0.0, 3.75, 0.0, 0.0, 3.75,
    3.75, 0.375, 1.125, 2.25, 0.0, 1.5, 1.5, 1.5, 1.5, 1.5,
];
#[rustfmt::skip]
const LOG1P: [f64; 20] = [
    1.386294361, 0.0, 0.5596157879, 0.0, 1.558144618, 0.0, 1.558144618, 0.0, 0.0, 1.558144618,
    1.558144618, 0.3184537311, 0.7537718024, 1.178654996, 0.0,
    0.9162907319, 0.9162907319, 0.9162907319, 0.9162907319, 0.9162907319,
];
#[rustfmt::skip]
const SCALED: [f64; 20] = [
    0.6030451463, -1.015313225, 0.00550162399, -0.8527538707, 0.746202735,
    -1.382170706, 1.250447843, -1.396367644, -0.8527538707, 0.746202735,
    0.8491399613, -0.5522367827, 0.4918734449, 1.066346174, -1.367783749,
    -0.07001440131, 0.3171021642, 0.8989925749, 0.639161567, -0.1246217213,
];

#[track_caller]
fn close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (&f, e) in found.iter().zip(expected) {
        assert!((f64::from(f) - e).abs() <= 1e-5 * e.abs().max(1.0), "{f} instead of {e}");
    }
}

#[test]
fn counts_to_z_scores() {
    let mut x = CsrMatrix::from_dense(4, 5, &COUNTS).unwrap();
    let factors = normalize_total(&mut x, TargetSum::Median).unwrap();
    close(&factors, &SIZE_FACTORS);
    close(&x.to_dense(), &NORMALISED);
    log1p(&mut x);
    close(&x.to_dense(), &LOG1P);
    close(&scale(&x, None).unwrap().0, &SCALED);
}
