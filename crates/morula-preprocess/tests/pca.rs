//! Principal components: equations, edge cases, repeatability.

use morula_data::CsrMatrix;
use morula_preprocess::*;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Log expression of simulated cells: `cells x genes`.
fn expression(cells: usize, genes: usize) -> CsrMatrix {
    let params = SimulateParams { cells, genes, markers: genes / 10, ..Default::default() };
    let mut x = simulate(&params).unwrap().counts.x().clone();
    normalize_total(&mut x, TargetSum::Median).unwrap();
    log1p(&mut x);
    x
}

fn params(n_comps: usize) -> PcaParams {
    PcaParams { n_comps, ..Default::default() }
}

/// `C v = lambda v` for the covariance C, loadings orthonormal, scores = centred x loadings.
fn check_equations(x: &CsrMatrix, p: &Pca) {
    let (n, g, k) = (x.n_rows(), x.n_cols(), p.n_comps);
    let dense = x.to_dense();
    let centred = |i: usize, j: usize| f64::from(dense[i * g + j]) - p.mean[j];
    let load = |j: usize, c: usize| f64::from(p.loadings[j * k + c]);
    let scale = p.explained_variance.first().copied().unwrap_or(0.0).sqrt().max(1e-3);
    for c in 0..k {
        for d in 0..=c {
            let dot: f64 = (0..g).map(|j| load(j, c) * load(j, d)).sum();
            let unit = p.explained_variance[c] > 1e-9 * scale * scale;
            let want = if c == d && unit { 1.0 } else { dot.round() };
            assert!((dot - want).abs() < 1e-5, "loadings {c}, {d}: {dot}");
        }
        let mut gradient = vec![0.0; g];
        for i in 0..n {
            let score: f64 = (0..g).map(|j| centred(i, j) * load(j, c)).sum();
            let found = f64::from(p.scores[i * k + c]);
            assert!((score - found).abs() < 1e-4 * scale, "score {i}, {c}: {score} {found}");
            (0..g).for_each(|j| gradient[j] += score * centred(i, j) / (n as f64 - 1.0).max(1.0));
        }
        for (j, gradient) in gradient.iter().enumerate() {
            let error = gradient - p.explained_variance[c] * load(j, c);
            assert!(error.abs() < 1e-5 * scale * scale, "eigenvector {c}: {error}");
        }
    }
    assert!(p.explained_variance.windows(2).all(|w| w[0] >= w[1] - 1e-12));
}

#[test]
fn iteration_solves_the_eigenproblem() {
    for (cells, genes) in [(700, 400), (400, 700)] {
        let x = expression(cells, genes);
        check_equations(&x, &pca(&x, &params(30)).unwrap());
    }
}

/// With a flat spectrum the iteration converges slowly enough to restart.
#[test]
fn pure_noise_is_solved_through_restarts() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let noise: Vec<f32> = (0..1500 * 1200).map(|_| rng.random_range(-1.0..1.0)).collect();
    let x = CsrMatrix::from_dense(1500, 1200, &noise).unwrap();
    check_equations(&x, &pca(&x, &params(4)).unwrap());
}

#[test]
fn the_direct_way_solves_it_too() {
    for (cells, genes) in [(200, 60), (60, 200)] {
        let x = expression(cells, genes);
        check_equations(&x, &pca(&x, &params(59)).unwrap());
    }
}

#[test]
fn low_rank_and_zero_matrices_are_no_problem() {
    let (n, g) = (500, 450);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let a: Vec<f32> = (0..n * 3).map(|_| rng.random_range(-1.0..1.0)).collect();
    let b: Vec<f32> = (0..g * 3).map(|_| rng.random_range(-1.0..1.0)).collect();
    let rank3: Vec<f32> =
        (0..n * g).map(|p| (0..3).map(|r| a[p / g * 3 + r] * b[p % g * 3 + r]).sum()).collect();
    let p = pca(&CsrMatrix::from_dense(n, g, &rank3).unwrap(), &params(10)).unwrap();
    assert!(p.explained_variance[2] > 1e-2 && p.explained_variance[3] < 1e-9);
    assert!(p.scores.iter().chain(&p.loadings).all(|v| v.is_finite()));

    let zero = CsrMatrix::from_dense(n, g, &vec![0.0; n * g]).unwrap();
    let p = pca(&zero, &params(10)).unwrap();
    assert!(p.explained_variance.iter().all(|v| *v == 0.0));
    assert!(p.explained_variance_ratio.iter().all(|v| *v == 0.0));
    assert!(p.scores.iter().all(|v| *v == 0.0));
}

#[test]
fn dense_and_sparse_agree() {
    let x = expression(500, 400);
    let sparse = pca(&x, &params(10)).unwrap();
    let dense = pca_dense(&x.to_dense(), 400, &params(10)).unwrap();
    for (s, d) in sparse.scores.iter().zip(&dense.scores) {
        assert!((s - d).abs() < 1e-5, "{s} {d}");
    }
    for (s, d) in sparse.mean.iter().zip(&dense.mean) {
        assert!((s - d).abs() < 1e-7);
    }
}

#[test]
fn training_rows_project_to_their_scores() {
    let x = expression(500, 400);
    let p = pca(&x, &params(10)).unwrap();
    for (t, s) in p.transform(&x.to_dense()).unwrap().iter().zip(&p.scores) {
        assert!((t - s).abs() < 1e-5, "{t} {s}");
    }
    assert!(p.transform(&[1.0; 399]).is_err());
    assert!(p.transform(&[]).unwrap().is_empty());
}

#[test]
fn results_repeat_bit_for_bit_on_any_number_of_threads() {
    let x = expression(600, 500);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let p = pca(&x, &params(20)).unwrap();
            let near = neighbors(&p.scores, 20, 15).unwrap();
            (p, near)
        })
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(2), on(5));
}

#[test]
fn the_largest_loading_is_positive() {
    let p = pca(&expression(500, 400), &params(12)).unwrap();
    for c in 0..12 {
        let column = p.loadings.iter().skip(c).step_by(12);
        let largest = column.fold(0f32, |m, v| if v.abs() > m.abs() { *v } else { m });
        assert!(largest > 0.0);
    }
}

#[test]
fn no_rows_give_no_components() {
    let x = CsrMatrix::from_dense(0, 3, &[]).unwrap();
    let p = pca(&x, &params(2)).unwrap();
    assert_eq!(p.n_comps, 0);
    assert!(p.transform(&[1.0; 6]).unwrap().is_empty());
}

#[test]
fn bad_input_is_refused() {
    let x = CsrMatrix::from_dense(2, 2, &[1., f32::NAN, 3., 4.]).unwrap();
    assert!(matches!(pca(&x, &params(1)), Err(PreprocessError::NotFinite { row: 0, col: 1, .. })));
    let x = CsrMatrix::from_dense(2, 2, &[1., 2., 3., 4.]).unwrap();
    assert!(pca(&x, &params(0)).is_err());
    assert!(pca_dense(&[1.0; 3], 2, &params(1)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any small matrix, also with one row or column, gives finite, ordered components.
    #[test]
    fn small_matrices_never_fail(
        n in 1usize..12,
        g in 1usize..12,
        k in 1usize..15,
        values in proptest::collection::vec(-3i8..4, 144),
    ) {
        let values: Vec<f32> = values[..n * g].iter().map(|&v| f32::from(v)).collect();
        let x = CsrMatrix::from_dense(n, g, &values).unwrap();
        let p = pca(&x, &params(k)).unwrap();
        prop_assert_eq!(p.n_comps, k.min(n).min(g));
        prop_assert!(p.scores.iter().chain(&p.loadings).all(|v| v.is_finite()));
        prop_assert!(p.explained_variance_ratio.iter().sum::<f64>() < 1.0 + 1e-9);
        check_equations(&x, &p);
    }
}

/// New rows get the same scores from sparse and dense rows; rows of the fit get those of the fit.
#[test]
fn sparse_rows_are_projected_as_dense_ones() {
    let dense: Vec<f32> =
        (0..40 * 7).map(|i| if i % 3 == 0 { ((i * 31) % 17) as f32 } else { 0.0 }).collect();
    let x = CsrMatrix::from_dense(40, 7, &dense).unwrap();
    let fit = pca(&x, &PcaParams { n_comps: 4, seed: 0 }).unwrap();
    let sparse = fit.transform_sparse(&x).unwrap();
    for (a, b) in sparse.iter().zip(fit.transform(&dense).unwrap()) {
        assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{a} {b}");
    }
    for (a, b) in sparse.iter().zip(&fit.scores) {
        assert!((a - b).abs() <= 1e-4 * (1.0 + b.abs()), "{a} {b}");
    }
    assert!(fit.transform_sparse(&x.select_cols(&[0, 1])).is_err());
}
