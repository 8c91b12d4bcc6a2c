//! Nearest neighbours against a full sort of all distances.

use morula_preprocess::*;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Sorts all points by distance, then index.
fn naive(queries: &[f32], points: &[f32], d: usize, k: usize, skip_self: bool) -> Vec<u32> {
    let mut found = Vec::new();
    for (i, q) in queries.chunks(d).enumerate() {
        let mut all: Vec<(f64, u32)> = (points.chunks(d).enumerate())
            .filter(|(j, _)| !(skip_self && i == *j))
            .map(|(j, p)| {
                let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
                (q.iter().zip(p).map(square).sum(), j as u32)
            })
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.extend(all.iter().take(k).map(|e| e.1));
    }
    found
}

fn cloud(n: usize, d: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n * d).map(|_| rng.random_range(-1.0..1.0)).collect()
}

#[test]
fn several_blocks_match_the_naive_search() {
    let x = cloud(1300, 7, 1);
    let found = neighbors(&x, 7, 15).unwrap();
    assert_eq!(found.indices, naive(&x, &x, 7, 15, true));
    let queries = cloud(300, 7, 2);
    let found = kneighbors(&queries, &x, 7, 4).unwrap();
    assert_eq!(found.indices, naive(&queries, &x, 7, 4, false));
    assert_eq!(found.n_queries(), 300);
}

/// Far from the origin the product loses most digits, but the result stays exact.
#[test]
fn a_distant_cloud_is_searched_exactly() {
    let x: Vec<f32> = cloud(700, 5, 3).iter().map(|v| v * 4.0 + 60_000.0).collect();
    assert_eq!(neighbors(&x, 5, 10).unwrap().indices, naive(&x, &x, 5, 10, true));
}

/// Scales whose squares exceed single precision, alone and together.
#[test]
fn no_scale_is_out_of_range() {
    for scale in [1e-30f32, 1e-18, 1e18, 1e30] {
        let x: Vec<f32> = cloud(600, 4, 6).iter().map(|v| v * scale).collect();
        assert_eq!(neighbors(&x, 4, 9).unwrap().indices, naive(&x, &x, 4, 9, true), "{scale}");
    }
    let mut x = cloud(600, 4, 7);
    x[5] = 1e30;
    x[2000..2040].iter_mut().for_each(|v| *v *= 1e-12);
    assert_eq!(neighbors(&x, 4, 9).unwrap().indices, naive(&x, &x, 4, 9, true));
}

/// Two clusters so far apart that products cannot distinguish the points of one cluster.
#[test]
fn distant_clusters_are_searched_exactly() {
    let mut x = cloud(1100, 6, 8);
    x[3000..].iter_mut().for_each(|v| *v += 1e6);
    assert_eq!(neighbors(&x, 6, 12).unwrap().indices, naive(&x, &x, 6, 12, true));
}

#[test]
fn many_blocks_repeat_on_any_number_of_threads() {
    let (x, queries) = (cloud(2900, 9, 9), cloud(1200, 9, 10));
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (neighbors(&x, 9, 15).unwrap(), kneighbors(&queries, &x, 9, 15).unwrap()))
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(2), on(5));
}

#[test]
fn duplicates_are_neighbours_at_distance_zero() {
    let x = [1.0f32, 2.0, 1.0, 2.0, 5.0, 5.0, 1.0, 2.0];
    let found = neighbors(&x, 2, 2).unwrap();
    assert_eq!(found.indices, [1, 3, 0, 3, 0, 1, 0, 1]);
    assert_eq!(found.distances[..2], [0.0, 0.0]);
    assert_eq!(found.distances[4], 5.0);
}

#[test]
fn k_is_at_most_what_there_is() {
    let x = cloud(4, 3, 5);
    assert_eq!(neighbors(&x, 3, 10).unwrap().k, 3);
    let alone = neighbors(&x[..3], 3, 10).unwrap();
    assert_eq!((alone.k, alone.n_queries()), (0, 0));
    assert_eq!(alone.connectivities().n_rows(), 1);
    assert_eq!(neighbors(&[], 3, 10).unwrap().connectivities().n_rows(), 0);
    assert_eq!(kneighbors(&x, &x[..3], 3, 9).unwrap().k, 1);
    assert!(neighbors(&x, 5, 1).is_err() && neighbors(&x, 0, 1).is_err());
    assert!(neighbors(&[f32::NAN], 1, 1).is_err());
}

#[test]
fn the_graph_is_the_symmetric_union() {
    // On a line: 0 and 1 are mutual, 5 points to 1, 20 to 5.
    let graph = neighbors(&[0.0, 1.0, 5.0, 20.0], 1, 1).unwrap().connectivities();
    let want = [0., 1., 0., 0., 1., 0., 1., 0., 0., 1., 0., 1., 0., 0., 1., 0.];
    assert_eq!(graph.to_dense(), want);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    /// Coarse coordinates give many ties and duplicates.
    #[test]
    fn any_points(n in 1usize..40, d in 1usize..4, k in 0usize..45, seed in 0u64..1000) {
        let x: Vec<f32> = cloud(n, d, seed).iter().map(|v| (v * 2.0).round()).collect();
        let found = neighbors(&x, d, k).unwrap();
        prop_assert_eq!(&found.indices, &naive(&x, &x, d, k, true));
        let graph = found.connectivities();
        prop_assert_eq!(&graph.transpose(), &graph);
        prop_assert!((0..n).all(|i| !graph.row(i).0.contains(&(i as u32))));
    }
}

#[test]
fn the_first_of_many_are_the_few() {
    let x = cloud(30, 3, 8);
    let many = neighbors(&x, 3, 9).unwrap();
    for k in [0, 1, 4, 9] {
        let (first, few) = (many.first(k), neighbors(&x, 3, k).unwrap());
        assert_eq!((first.k, first.n_points, first.indices), (k, 30, few.indices));
        assert_eq!(first.distances, few.distances);
    }
    assert_eq!(many.first(20), many);
}

/// Many points in groups are searched approximately: nearly all neighbours are found, nearest first,
/// and any number of threads gives the same ones.
#[test]
fn many_points_have_nearly_all_of_their_neighbours() {
    let (n, d, k) = (MAX_EXACT + 3000, 6, 15);
    let mut x = cloud(n, d, 11);
    x.chunks_mut(d).enumerate().for_each(|(i, row)| row[i % d] += (i % 5) as f32);
    // Equal points, and one that is far from all others.
    let first = x[..d].to_vec();
    x[d..21 * d].chunks_mut(d).for_each(|row| row.copy_from_slice(&first));
    x[30 * d] = 1e6;
    let exact = exact_neighbors(&x, d, k).unwrap();
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| neighbors(&x, d, k).unwrap())
    };
    let found = of(1);
    assert_eq!((found.k, found.n_points, found.n_queries()), (k, n, n));
    for threads in [2, 5] {
        assert_eq!(of(threads), found, "{threads} threads");
    }
    let mut hits = 0;
    for i in 0..n {
        let (row, truth) = (&found.indices[i * k..][..k], &exact.indices[i * k..][..k]);
        hits += truth.iter().filter(|j| row.contains(j)).count();
        let distances = &found.distances[i * k..][..k];
        assert!(distances.is_sorted() && !row.contains(&(i as u32)), "{i}");
        assert!(row.iter().all(|j| row.iter().filter(|other| *other == j).count() == 1), "{i}");
    }
    let recall = hits as f64 / (n * k) as f64;
    assert!(recall >= 0.97, "{recall}");
    assert!(neighbors(&[f32::NAN; 40_000], 1, 3).is_err());
}

/// The naive search among the cells of other batches.
fn naive_of_others(x: &[f32], d: usize, batches: &[usize], k: usize) -> Vec<u32> {
    let row = |i: usize| &x[i * d..][..d];
    let of = |i: usize| {
        let others: Vec<usize> = (0..batches.len()).filter(|&j| batches[j] != batches[i]).collect();
        let rows: Vec<f32> = others.iter().flat_map(|&j| row(j)).copied().collect();
        naive(row(i), &rows, d, k, false).into_iter().map(move |at| others[at as usize] as u32)
    };
    (0..batches.len()).flat_map(of).collect()
}

#[test]
fn neighbours_of_other_batches_match_the_naive_search_on_any_number_of_threads() {
    let x = cloud(1400, 6, 11);
    // Unequal batches, in no order, with codes that leave numbers out.
    let batches: Vec<usize> = (0..1400).map(|i| [7, 2, 7, 2, 7, 900][(i * i) % 6]).collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| neighbors_of_other_batches(&x, 6, &batches, 15).unwrap())
    };
    let found = on(1);
    assert_eq!((found.k, found.n_points), (15, 1400));
    assert_eq!(found.indices, naive_of_others(&x, 6, &batches, 15));
    for (i, row) in found.distances.chunks(15).enumerate() {
        assert!(row.is_sorted());
        let (a, b) = (&x[i * 6..][..6], &x[found.indices[i * 15] as usize * 6..][..6]);
        let square: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        assert!((square.sqrt() - f64::from(row[0])).abs() < 1e-6);
    }
    assert_eq!(found, on(3));
}

#[test]
fn other_batches_limit_the_neighbours_and_wrong_input_is_refused() {
    let x = cloud(6, 2, 12);
    let k = |batches: [usize; 6]| neighbors_of_other_batches(&x, 2, &batches, 15).unwrap().k;
    assert_eq!([k([0; 6]), k([0, 0, 0, 0, 1, 2]), k([0, 1, 2, 3, 4, 5])], [0, 2, 5]);
    assert_eq!(neighbors_of_other_batches(&[], 2, &[], 3).unwrap().n_queries(), 0);
    let refused = |x: &[f32], d: usize, batches: &[usize]| {
        neighbors_of_other_batches(x, d, batches, 1).unwrap_err().to_string()
    };
    assert!(refused(&x, 2, &[0; 5]).contains("expected 5, found 6"));
    assert!(refused(&x, 0, &[0; 6]).contains("expected 6, found 0"));
    assert!(refused(&[0.0, 1.0, f32::NAN], 1, &[0, 1, 0]).contains("NaN"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_batches(n in 1usize..30, k in 0usize..12, codes in 1usize..5, seed in 0u64..1000) {
        let x: Vec<f32> = cloud(n, 2, seed).iter().map(|v| (v * 2.0).round()).collect();
        let batches: Vec<usize> = (0..n).map(|i| (i * 7 + seed as usize) % codes).collect();
        let found = neighbors_of_other_batches(&x, 2, &batches, k).unwrap();
        prop_assert_eq!(&found.indices, &naive_of_others(&x, 2, &batches, found.k));
    }
}
