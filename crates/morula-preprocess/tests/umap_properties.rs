//! UMAP gives every point a position, whatever the points are, or an error that says why not.

use morula_preprocess::{PreprocessError, UmapParams, umap};
use proptest::collection::vec;
use proptest::prelude::*;

/// Values of all magnitudes, with ties.
fn value() -> impl Strategy<Value = f32> {
    prop_oneof![6 => -5.0f32..5.0, 2 => Just(0.0), 1 => Just(1e38), 1 => Just(-1e-38)]
}

fn points() -> impl Strategy<Value = (Vec<f32>, usize)> {
    (0usize..25, 1usize..5).prop_flat_map(|(n, d)| (vec(value(), n * d), Just(d)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_point_has_a_place((x, d) in points(), k in 2usize..40, seed in any::<u64>()) {
        let params = UmapParams { n_neighbors: k, n_epochs: Some(20), seed, ..Default::default() };
        let y = umap(&x, d, &params).unwrap();
        prop_assert_eq!(y.len(), x.len() / d * 2);
        prop_assert!(y.iter().all(|v| v.is_finite()));
        prop_assert_eq!(y, umap(&x, d, &params).unwrap());
    }

    #[test]
    fn not_finite_is_an_error((x, d) in points(), at in any::<usize>(), nan in any::<bool>()) {
        prop_assume!(!x.is_empty());
        let mut x = x;
        let at = at % x.len();
        x[at] = if nan { f32::NAN } else { f32::NEG_INFINITY };
        let result = umap(&x, d, &UmapParams::default());
        let place = (at / d, at % d);
        let named = matches!(
            result,
            Err(PreprocessError::NotFinite { row, col, .. }) if (row, col) == place
        );
        prop_assert!(named, "{:?} at {:?}", result, place);
    }
}
