//! UMAP keeps neighbourhoods, separates groups, and is reproducible.

use morula_preprocess::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Groups of `each` points around corners of a cube, in turns.
fn blobs(groups: usize, each: usize, d: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let point = |i: usize, rng: &mut ChaCha8Rng| -> Vec<f32> {
        let centre = |c: usize| if c == i % groups { 10.0 } else { 0.0 };
        (0..d).map(|c| centre(c) + rng.random_range(-1.0..1.0)).collect()
    };
    (0..groups * each).flat_map(|i| point(i, &mut rng)).collect()
}

/// Trustworthiness (Venna and Kaski 2001): 1 when the k nearest in the layout are among the k
/// nearest in `x`, lower by the ranks of those that are not.
fn trustworthiness(x: &[f32], d: usize, picture: &[f32], k: usize) -> f64 {
    let n = picture.len() / 2;
    let all = neighbors(x, d, n - 1).unwrap();
    let near = neighbors(picture, 2, k).unwrap();
    let mut penalty = 0;
    for (ranked, near) in all.indices.chunks(n - 1).zip(near.indices.chunks(k)) {
        for j in near {
            let rank = 1 + ranked.iter().position(|r| r == j).unwrap();
            penalty += rank.saturating_sub(k);
        }
    }
    let (n, k) = (n as f64, k as f64);
    1.0 - 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)) * penalty as f64
}

#[test]
fn groups_come_apart_and_stay_whole() {
    let (groups, each, d) = (6, 80, 20);
    let x = blobs(groups, each, d, 1);
    let y = umap(&x, d, &UmapParams::default()).unwrap();
    assert_eq!(y.len(), 2 * groups * each);
    // In the layout, the nearest neighbours of every point belong to its own group.
    let near = neighbors(&y, 2, 10).unwrap();
    let own = near.indices.chunks(10).enumerate();
    let strangers = own.flat_map(|(i, near)| near.iter().map(move |&j| (i, j as usize)));
    assert_eq!(strangers.filter(|(i, j)| i % groups != j % groups).count(), 0);
    assert!(y.iter().all(|v| v.abs() < 60.0));
    // Two dimensions lose much of a group with 19 dimensions, but nothing between groups.
    let kept = trustworthiness(&x, d, &y, 15);
    assert!(kept > 0.93, "{kept}");
}

#[test]
fn a_sheet_rolled_up_is_unrolled() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut x = Vec::new();
    for _ in 0..700 {
        let (t, height): (f32, f32) = (rng.random_range(4.0..14.0), rng.random_range(0.0..10.0));
        x.extend([t * t.cos(), height, t * t.sin()]);
    }
    let y = umap(&x, 3, &UmapParams { min_dist: 0.1, ..Default::default() }).unwrap();
    let kept = trustworthiness(&x, 3, &y, 15);
    assert!(kept > 0.99, "{kept}");
}

#[test]
fn the_same_seed_gives_the_same_picture_on_any_number_of_threads() {
    let x = blobs(3, 40, 8, 2);
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| umap(&x, 8, &UmapParams { seed, ..Default::default() }).unwrap())
    };
    assert_eq!(run(1, 0), run(3, 0));
    assert_ne!(run(1, 0), run(1, 1));
}

#[test]
fn few_and_equal_points_have_places() {
    let params = UmapParams { n_epochs: Some(50), ..Default::default() };
    assert!(umap(&[], 3, &params).unwrap().is_empty());
    for n in [1, 2, 3, 5] {
        let y = umap(&blobs(1, n, 3, n as u64), 3, &params).unwrap();
        assert!(y.len() == 2 * n && y.iter().all(|v| v.is_finite()), "{y:?}");
    }
    let y = umap(&[2.5; 40], 4, &params).unwrap();
    assert!(y.iter().all(|v| v.is_finite()));
    // Equal points are placed side by side, not on top of each other.
    assert!(y.chunks(2).all(|p| y.chunks(2).filter(|q| p == *q).count() == 1));
    // One dimension has no second component.
    let line: Vec<f32> = (0..50).map(|i| i as f32).collect();
    assert!(umap(&line, 1, &params).unwrap().iter().all(|v| v.is_finite()));
    // The extremes of what a float can hold.
    let y = umap(&[1e38, -1e38, 1e-38, 0.0, 1e38, 1.0], 1, &params).unwrap();
    assert!(y.iter().all(|v| v.is_finite()), "{y:?}");
}

#[test]
fn wrong_input_is_refused() {
    let params = UmapParams::default();
    for bad in [f32::NAN, f32::INFINITY] {
        let error = umap(&[0.0, 1.0, 2.0, bad], 2, &params).unwrap_err();
        assert!(matches!(error, PreprocessError::NotFinite { row: 1, col: 1, .. }), "{error}");
    }
    let shape = umap(&[0.0; 5], 2, &params).unwrap_err();
    assert!(matches!(shape, PreprocessError::Shape { .. }));
    let near = neighbors(&[0.0; 6], 2, 2).unwrap();
    let others = umap_layout(&near, &[0.0; 8], 2, &params);
    assert!(matches!(others, Err(PreprocessError::Shape { found: 3, expected: 4, .. })));
    for params in [
        UmapParams { n_neighbors: 1, ..Default::default() },
        UmapParams { min_dist: -0.1, ..Default::default() },
        UmapParams { min_dist: 2.0, ..Default::default() },
        UmapParams { min_dist: f64::NAN, ..Default::default() },
        UmapParams { spread: 0.0, ..Default::default() },
        UmapParams { spread: f64::INFINITY, ..Default::default() },
    ] {
        let refused = umap(&[0.0; 4], 2, &params);
        assert!(matches!(refused, Err(PreprocessError::Param { .. })), "{params:?}");
    }
    assert_eq!(umap(&[0.0; 8], 2, &UmapParams { n_epochs: Some(0), ..params }).unwrap().len(), 8);
}

#[test]
fn known_neighbours_give_the_same_layout() {
    let x: Vec<f32> = (0..120).map(|i| ((i * 37) % 101) as f32).collect();
    let params = UmapParams { n_epochs: Some(20), ..UmapParams::default() };
    let near = neighbors(&x, 3, params.n_neighbors - 1).unwrap();
    assert_eq!(umap_layout(&near, &x, 3, &params).unwrap(), umap(&x, 3, &params).unwrap());
}
