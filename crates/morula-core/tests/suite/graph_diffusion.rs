//! Personalised PageRank against the dense inverse, the reference's power iteration, and its own
//! error bound.

use crate::common::graphs::{check_gradient, dense, golden, identity, propagation, random};
use crate::common::{close, f64_tensor, matrix, near, normals, siamese_case, values, vector};
use burn::tensor::Tensor;
use morula_core::graph::{
    Diffusion, DiffusionConfig, DiffusionScheme, Graph, Propagator, SparseTensor,
};
use proptest::prelude::*;

const SCHEMES: [DiffusionScheme; 2] = [DiffusionScheme::Series, DiffusionScheme::Chebyshev];

fn diffusion(alpha: f64, tolerance: f64, scheme: DiffusionScheme) -> Diffusion {
    let config = DiffusionConfig::new().with_alpha(alpha).with_tolerance(tolerance);
    config.with_scheme(scheme).init().unwrap()
}

/// alpha (I - (1 - alpha) S)^-1 x by Gauss and Jordan, without pivoting: the matrix is positive
/// definite.
fn exact(s: &SparseTensor, alpha: f64, x: &[f64]) -> Vec<f64> {
    let n = s.n_rows();
    let width = x.len() / n;
    let s = values(dense(s));
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            let left = (0..n).map(|j| f64::from(u8::from(i == j)) - (1.0 - alpha) * s[i * n + j]);
            left.chain(x[i * width..][..width].iter().map(|v| alpha * v)).collect()
        })
        .collect();
    for pivot in 0..n {
        let scale = 1.0 / rows[pivot][pivot];
        rows[pivot].iter_mut().for_each(|v| *v *= scale);
        let base = rows[pivot].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != pivot) {
            let factor = row[pivot];
            row.iter_mut().zip(&base).for_each(|(v, b)| *v -= factor * b);
        }
    }
    rows.into_iter().flat_map(|row| row[n..].to_vec()).collect()
}

fn length(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Origin: scsiameseclu.json, case `ppr`, NumPy float64. `y_T10` is the power iteration after ten
/// products, so it fixes the scheme; the dense product fixes the limit of both.
#[test]
fn reference_values() {
    let case = siamese_case("ppr");
    let applied = &case["apply_to_x_without_forming_it"];
    let s = propagation(&golden(&case));
    let x = matrix(&applied["x"]);
    let alpha = case["alpha"].as_f64().unwrap();

    // Ten products: 2 * 0.8 / 1.8 * 0.8^10 is just below this.
    let series = diffusion(alpha, 0.0955, DiffusionScheme::Series);
    assert_eq!(series.n_products(), 10);
    close(&series.forward(&s, x.clone()), &applied["y_T10"]);
    for scheme in SCHEMES {
        let limit = diffusion(alpha, 1e-12, scheme);
        close(&limit.forward(&s, x.clone()), &applied["dense_sym_times_x"]);
        close(&limit.forward(&s, identity(6)), &case["dense_sym"]);
    }
    let found = exact(&s, alpha, &vector(&applied["x"]));
    near(&found, &vector(&applied["dense_sym_times_x"]), 1e-9);
}

/// Section [3.2](https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-2)
/// names 7, 21 and 44 for the series.
#[test]
fn number_of_products() {
    for (alpha, series, chebyshev) in [(0.5, 7, 4), (0.2, 21, 8), (0.1, 44, 12), (1.0, 0, 0)] {
        let found = SCHEMES.map(|scheme| diffusion(alpha, 0.01, scheme).n_products());
        assert_eq!(found, [series, chebyshev], "alpha {alpha}");
    }
    assert_eq!(DiffusionConfig::new().init().unwrap().n_products(), 8);
}

proptest! {
    /// The error is within the tolerance and, on a graph with eigenvalues at both ends, not far
    /// below it.
    #[test]
    fn tolerance_is_kept(
        n in 1usize..14, n_edges in 0usize..40, seed in 0u64..1000,
        alpha in 0.05..1.0f64, exponent in 1.0..6.0f64,
    ) {
        let tolerance = 10f64.powf(-exponent);
        let s = propagation(&random(n, n_edges, seed));
        let x = normals(seed, n * 3);
        let expected = exact(&s, alpha, &x);
        for scheme in SCHEMES {
            let y = values(diffusion(alpha, tolerance, scheme).forward(&s, f64_tensor(&x, [n, 3])));
            let error: Vec<f64> = y.iter().zip(&expected).map(|(y, e)| y - e).collect();
            prop_assert!(length(&error) <= tolerance * length(&x) + 1e-14, "{scheme:?}");
        }
    }

    #[test]
    fn the_operator_is_its_own_adjoint(seed in 0u64..1000, alpha in 0.05..0.9f64) {
        let s = propagation(&random(9, 14, seed));
        let draws = normals(seed, 36);
        let [x, y] = [&draws[..18], &draws[18..]].map(|v| f64_tensor(v, [9, 2]));
        for scheme in SCHEMES {
            let operator = diffusion(alpha, 0.01, scheme);
            let left = values((operator.forward(&s, x.clone()) * y.clone()).sum())[0];
            let right = values((operator.forward(&s, y.clone()) * x.clone()).sum())[0];
            prop_assert!((left - right).abs() < 1e-12);

            // So the gradient of <A x, y> is A y.
            let leaf = x.clone().require_grad();
            let product = (operator.forward(&s, leaf.clone()) * y.clone()).sum();
            let gradient = leaf.grad(&product.backward()).unwrap();
            near(&values(gradient), &values(operator.forward(&s, y.clone())), 1e-12);
        }
    }
}

#[test]
fn gradients_match_central_differences() {
    let s = propagation(&random(7, 9, 3));
    let x = normals(4, 14);
    for scheme in SCHEMES {
        let operator = diffusion(0.2, 0.01, scheme);
        let loss = |x| operator.forward(&s, x).tanh().square().sum();
        check_gradient(&x, [7, 2], loss);
    }
}

/// The square root of the degrees is an eigenvector of S with eigenvalue 1; a cell without
/// neighbours is a component of its own.
#[test]
fn what_diffusion_leaves_as_it_is() {
    let graph = Graph::from_edges(5, [(0, 1), (1, 2), (2, 3)]).unwrap();
    let root: Vec<f64> = (0..5).map(|i| (graph.neighbors(i).len() as f64 + 1.0).sqrt()).collect();
    for scheme in SCHEMES {
        let operator = diffusion(0.2, 0.01, scheme);
        let y = operator.forward(&propagation(&graph), f64_tensor(&root, [5, 1]));
        near(&values(y), &root, 1e-12);
        let whole = diffusion(1.0, 0.5, scheme);
        let y = whole.forward(&propagation(&graph), f64_tensor(&normals(1, 5), [5, 1]));
        assert_eq!(values(y), normals(1, 5));
    }
}

#[test]
fn degenerate_graphs() {
    let empty = propagation(&Graph::from_edges(0, []).unwrap());
    let lonely = propagation(&Graph::from_edges(1, []).unwrap());
    for scheme in SCHEMES {
        let operator = diffusion(0.2, 0.01, scheme);
        assert_eq!(operator.forward(&empty, f64_tensor(&[], [0, 3])).dims(), [0, 3]);
        near(&values(operator.forward(&lonely, f64_tensor(&[7.0], [1, 1]))), &[7.0], 1e-12);
    }
}

#[test]
fn propagators_are_the_operators() {
    let s = propagation(&random(6, 8, 1));
    let x: Tensor<2> = f64_tensor(&normals(2, 12), [6, 2]);
    let operator = DiffusionConfig::new().init().unwrap();
    let adjacency = Propagator::Adjacency(s.clone()).forward(x.clone());
    assert_eq!(values(adjacency), values(s.matmul(x.clone())));
    let diffused = Propagator::Diffusion(s.clone(), operator.clone()).forward(x.clone());
    assert_eq!(values(diffused), values(operator.forward(&s, x)));
}

#[test]
fn impossible_settings_are_refused() {
    let config = DiffusionConfig::new();
    for alpha in [0.0, -0.1, 1.1, f64::NAN, 1e-300, 1e-9] {
        assert!(config.with_alpha(alpha).init().is_err(), "alpha {alpha}");
    }
    for tolerance in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(config.with_tolerance(tolerance).init().is_err(), "tolerance {tolerance}");
    }
}
