//! Local quadratic regression on one predictor (Cleveland, Grosse and Shyu, "Local regression
//! models", 1992), for the `seurat_v3` flavour.
//!
//! The fit is exact at the vertices of a k-d tree. Cubic Hermite polynomials interpolate between
//! them, as in netlib's dloess and Python's `skmisc.loess`. Own code, because parity with scanpy
//! needs the same tree and the same interpolation.

/// Largest size of a leaf of the tree, as a share of the points of a neighbourhood.
const CELL: f64 = 0.2;
/// Distance of the outer vertices from the data, as a share of the range.
const MARGIN: f64 = 0.005;
/// Squared relative distances: from `FAR` on a weight is 0, and up to `NEAR` it is 1.
const FAR: f64 = 0.999;
const NEAR: f64 = 1e-6;
/// Singular values below this share of the largest count as 0.
const SINGULAR: f64 = 100.0 * f64::EPSILON;

/// Fitted values at every `x`, with neighbourhoods of `span` of the points.
///
/// Small or tied samples are not an error. A neighbourhood grows until it spans a distance. If the
/// points do not determine a fit, the shortest solution is used (a constant where all points are
/// tied).
pub(super) fn loess(x: &[f64], y: &[f64], span: f64) -> Vec<f64> {
    let n = x.len();
    if n < 2 {
        return y.to_vec();
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]).then(a.cmp(&b)));
    let xs: Vec<f64> = order.iter().map(|&i| x[i]).collect();
    let ys: Vec<f64> = order.iter().map(|&i| y[i]).collect();

    let vertices = vertices(&xs, ((n as f64 * span * CELL) as usize).max(1));
    let neighbours = ((n as f64 * span + 1e-5) as usize).clamp(3.min(n), n);
    let fits: Vec<[f64; 2]> =
        vertices.iter().map(|&v| local_fit(&xs, &ys, v, neighbours)).collect();
    x.iter()
        .map(|&x| {
            let right = vertices.partition_point(|&v| v < x).clamp(1, vertices.len() - 1);
            blend(x, &vertices[right - 1..=right], &fits[right - 1..=right])
        })
        .collect()
}

/// Ends and cuts of the tree, ascending. A cell of more than `leaf` points is cut at its median, or
/// at the nearest place where neighbouring values differ.
fn vertices(xs: &[f64], leaf: usize) -> Vec<f64> {
    let (low, high) = (xs[0], xs[xs.len() - 1]);
    let margin = (high - low).max(low.abs().max(high.abs()) * 1e-10 + 1e-30) * MARGIN;
    let (low, high) = (low - margin, high + margin);
    let mut found = vec![low, high];
    let mut cells = vec![(0, xs.len() - 1, low, high)];
    while let Some((first, last, low, high)) = cells.pop() {
        if last - first < leaf {
            continue;
        }
        let m = cut(xs, first, last);
        if xs[m] == low || xs[m] == high {
            continue;
        }
        found.push(xs[m]);
        cells.push((first, m, low, xs[m]));
        cells.push((m + 1, last, xs[m], high));
    }
    found.sort_by(f64::total_cmp);
    found.dedup();
    found
}

/// The place nearest the middle of `first..=last` with `xs[m] != xs[m + 1]`, searched outwards; the
/// middle itself if an end is reached first.
fn cut(xs: &[f64], first: usize, last: usize) -> usize {
    // dloess counts the middle from one.
    let middle = (first + last + 2) / 2 - 1;
    for step in 0..=last - first {
        let right = middle + step;
        for m in [Some(right), middle.checked_sub(step)] {
            match m {
                Some(m) if (first..last).contains(&m) => {
                    if xs[m] != xs[m + 1] {
                        return m;
                    }
                }
                _ => return middle,
            }
        }
    }
    middle
}

/// Value and slope at `z` of the quadratic fitted to the nearest points with tricube weights.
fn local_fit(xs: &[f64], ys: &[f64], z: f64, neighbours: usize) -> [f64; 2] {
    let (from, to, radius) = neighbourhood(xs, z, neighbours);
    let mut columns: [Vec<f64>; 3] = Default::default();
    let mut target = Vec::new();
    for (x, y) in xs[from..to].iter().zip(&ys[from..to]) {
        let d = x - z;
        let share = d * d / (radius * radius);
        if share < FAR {
            let tricube = |r: f64| (1.0 - r * r * r).powi(3).sqrt();
            let w = if share > NEAR { tricube(share.sqrt()) } else { 1.0 };
            columns.iter_mut().zip([w, w * d, w * d * d]).for_each(|(c, v)| c.push(v));
            target.push(w * y);
        }
    }
    let [value, slope, _] = least_squares(columns, &target);
    [value, slope]
}

/// The range of the `count` points nearest to `z`, and the distance of the farthest. The range
/// grows if all of them are equally far; the distance is infinite if all points are.
fn neighbourhood(xs: &[f64], z: f64, count: usize) -> (usize, usize, f64) {
    let mut from = xs.partition_point(|&x| x < z);
    let mut to = from;
    let (mut nearest, mut radius) = (f64::INFINITY, 0.0);
    let weightless = |nearest: f64, radius: f64| nearest * nearest >= FAR * radius * radius;
    while to - from < xs.len() {
        if to - from >= count && !weightless(nearest, radius) {
            break;
        }
        let left = if from > 0 { z - xs[from - 1] } else { f64::INFINITY };
        let right = if to < xs.len() { xs[to] - z } else { f64::INFINITY };
        radius = left.min(right);
        nearest = radius.min(nearest);
        if to == xs.len() || (from > 0 && left < right) {
            from -= 1;
        } else {
            to += 1;
        }
    }
    (from, to, if weightless(nearest, radius) { f64::INFINITY } else { radius })
}

/// Least squares over three columns by one-sided Jacobi rotations; the shortest of the solutions.
fn least_squares(mut columns: [Vec<f64>; 3], target: &[f64]) -> [f64; 3] {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    // Columns are scaled to unit length, as the powers of x differ by orders of magnitude.
    let scales = columns.each_ref().map(|c| match dot(c, c).sqrt() {
        0.0 => 1.0,
        norm => norm,
    });
    for (c, s) in columns.iter_mut().zip(scales) {
        c.iter_mut().for_each(|v| *v /= s);
    }
    let mut v = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..30 {
        let mut rotated = false;
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            let (a, b) = (dot(&columns[p], &columns[p]), dot(&columns[q], &columns[q]));
            let c = dot(&columns[p], &columns[q]);
            if c.abs() <= 1e-16 * (a * b).sqrt() {
                continue;
            }
            rotated = true;
            let zeta = (b - a) / (2.0 * c);
            let t = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
            let cos = 1.0 / t.hypot(1.0);
            let turn = |x: &mut f64, y: &mut f64| {
                (*x, *y) = (cos * (*x - t * *y), cos * (t * *x + *y));
            };
            let (head, tail) = columns.split_at_mut(q);
            head[p].iter_mut().zip(&mut tail[0]).for_each(|(x, y)| turn(x, y));
            let (head, tail) = v.split_at_mut(q);
            head[p].iter_mut().zip(&mut tail[0]).for_each(|(x, y)| turn(x, y));
        }
        if !rotated {
            break;
        }
    }
    let squares = columns.each_ref().map(|c| dot(c, c));
    let largest = squares.iter().copied().fold(0.0, f64::max);
    let mut solution = [0.0; 3];
    for i in 0..3 {
        if squares[i].sqrt() > SINGULAR * largest.sqrt() {
            let along = dot(&columns[i], target) / squares[i];
            solution.iter_mut().zip(v[i]).for_each(|(s, v)| *s += along * v);
        }
    }
    [solution[0] / scales[0], solution[1] / scales[1], solution[2] / scales[2]]
}

/// Cubic Hermite interpolation between two vertices with values and slopes.
fn blend(x: f64, ends: &[f64], fits: &[[f64; 2]]) -> f64 {
    let h = ends[1] - ends[0];
    let t = (x - ends[0]) / h;
    let u = 1.0 - t;
    let values = fits[0][0] * u * u * (1.0 + 2.0 * t) + fits[1][0] * t * t * (3.0 - 2.0 * t);
    values + h * t * u * (fits[0][1] * u - fits[1][1] * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_fitted_at_the_vertices_and_close_between() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i) / 20.0).collect();
        let y: Vec<f64> = x.iter().map(|x| 1.0 - 2.0 * x + 0.5 * x * x).collect();
        for (fit, y) in loess(&x, &y, 0.3).iter().zip(&y) {
            // Cubic Hermite pieces reproduce a parabola.
            assert!((fit - y).abs() < 1e-9, "{fit} {y}");
        }
    }

    #[test]
    fn degenerate_samples_give_finite_values() {
        assert!(loess(&[], &[], 0.3).is_empty());
        assert_eq!(loess(&[1.0], &[5.0], 0.3), [5.0]);
        for n in 2..30 {
            let tied = vec![0.5; n];
            let y: Vec<f64> = (0..n).map(|i| (i % 3) as f64).collect();
            let mean = y.iter().sum::<f64>() / n as f64;
            for fit in loess(&tied, &y, 0.3) {
                assert!((fit - mean).abs() < 1e-9, "n {n}: {fit} {mean}");
            }
            let two: Vec<f64> = (0..n).map(|i| (i % 2) as f64).collect();
            assert!(loess(&two, &y, 0.3).iter().all(|f| f.is_finite()), "n {n}");
            let line: Vec<f64> = (0..n).map(|i| i as f64).collect();
            assert!(loess(&line, &y, 0.3).iter().all(|f| f.is_finite()), "n {n}");
        }
    }

    /// Golden: `skmisc.loess(x, y, span=0.3, degree=2)` (scikit-misc; `scripts/scanpy_golden.py`).
    #[test]
    fn curves_agree_with_skmisc() {
        let text = include_str!("../../tests/golden/skmisc_loess.json");
        let golden: serde_json::Value = serde_json::from_str(text).unwrap();
        for curve in golden["curves"].as_array().unwrap() {
            let list = |name: &str| -> Vec<f64> {
                curve[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
            };
            let fitted = loess(&list("x"), &list("y"), 0.3);
            for (found, want) in fitted.iter().zip(list("fit")) {
                assert!((found - want).abs() < 1e-8, "{found} {want}");
            }
        }
    }
}
