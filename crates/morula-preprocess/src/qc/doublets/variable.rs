//! Genes that vary more than their mean explains.

use morula_data::CsrMatrix;

use crate::rows::column_sums;

/// Bins of the log means, and the percentile in each that the noise is fitted to.
const BINS: usize = 50;
const PERCENTILE: f64 = 0.1;
/// Bins of the histogram of Fano factors.
const FANO_BINS: usize = 200;
/// A gene needs a value of at least so much in at least so many cells.
const MIN_COUNT: f32 = 3.0;
const MIN_CELLS: f64 = 3.0;
/// Share of the genes, by their score, that are left out.
const LEFT_OUT: f64 = 85.0;

/// Positions of the most variable genes of normalised counts, ascending.
///
/// `F_j = var_j / mean_j` is the Fano factor of gene j. A gene without differences between cells
/// has `F = c + b mean`, where `c` is the Fano factor of genes with few counts and `b` the variance
/// of the cells' efficiencies. The score is the ratio of what there is to what noise explains:
///
/// ```text
/// v_j = F_j / (c + b mean_j)                       Klein et al. 2015, Cell 161, 1187-1201
/// ```
///
/// `c` is the mode of the Fano factors, at least 1, and `b` minimises the distance to the least
/// variable genes of every mean, in logarithms. The top 15% are kept, as Scrublet does.
pub(super) fn variable_genes(x: &CsrMatrix) -> Vec<usize> {
    let n = x.n_rows() as f64;
    let sums = column_sums(x, |_, _, v| {
        let wide = f64::from(v);
        [wide, wide * wide, f64::from(u8::from(v >= MIN_COUNT))]
    });
    let present: Vec<(usize, f64, f64)> = (sums.iter().enumerate())
        .map(|(j, [sum, squares, _])| (j, sum / n, squares / n - (sum / n).powi(2)))
        .filter(|(_, mean, var)| *mean > 0.0 && *var > 0.0)
        .map(|(j, mean, var)| (j, mean, var / mean))
        .collect();
    let Some(noise) = Noise::fit(&present) else { return Vec::new() };
    let scores: Vec<f64> = present.iter().map(|(_, mean, fano)| fano / noise.at(*mean)).collect();
    let least = percentile(&mut scores.clone(), LEFT_OUT);
    let kept = present.iter().zip(&scores);
    let kept = kept.filter(|((j, ..), score)| **score >= least && sums[*j][2] >= MIN_CELLS);
    kept.map(|((j, ..), _)| *j).collect()
}

/// The Fano factor of a gene without differences between cells: `c + b mean`.
struct Noise {
    c: f64,
    b: f64,
}

impl Noise {
    fn at(&self, mean: f64) -> f64 {
        self.c + self.b * mean
    }

    fn fit(genes: &[(usize, f64, f64)]) -> Option<Self> {
        let c = mode(&genes.iter().map(|g| g.2.ln()).collect::<Vec<_>>())?.exp().max(1.0);
        // Log means and log squared coefficients of variation.
        let points: Vec<(f64, f64)> =
            genes.iter().map(|(_, mean, fano)| (mean.ln(), (fano / mean).ln())).collect();
        let curve = least_variable(&points);
        let distance = |b: f64| -> f64 {
            curve.iter().map(|(x, y)| ((c * (-x).exp() + b).ln() - y).abs()).sum()
        };
        Some(Self { c, b: minimum(distance) })
    }
}

/// The low percentile of the second values in bins of the first. An empty bin has that of the bin
/// before it.
fn least_variable(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let low = points.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
    let width = (high - low) / BINS as f64;
    let mut bins = vec![Vec::new(); BINS];
    for (x, y) in points {
        let bin = if width > 0.0 { ((x - low) / width) as usize } else { 0 };
        // The highest mean belongs to no bin, as its bin is open above.
        if let Some(bin) = bins.get_mut(bin) {
            bin.push(*y);
        }
    }
    let mut before = None;
    let mut curve = Vec::with_capacity(BINS);
    for (at, mut bin) in bins.into_iter().enumerate() {
        if !bin.is_empty() {
            before = Some(percentile(&mut bin, PERCENTILE));
        }
        curve.extend(before.map(|y| (low + width * (at as f64 + 0.5), y)));
    }
    curve
}

/// The `b` above 0 with the least distance, by golden sections of its logarithm.
fn minimum(distance: impl Fn(f64) -> f64) -> f64 {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (1e-6f64.ln(), 1e3f64.ln());
    let of = |log: f64| distance(log.exp());
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (of(left), of(right));
    for _ in 0..80 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = of(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = of(right);
        }
    }
    ((low + high) / 2.0).exp()
}

/// The middle of the fullest bin.
fn mode(values: &[f64]) -> Option<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() {
        return None;
    }
    let width = (high - low) / FANO_BINS as f64;
    let mut bins = [0usize; FANO_BINS];
    for v in values {
        let bin = if width > 0.0 { ((v - low) / width) as usize } else { 0 };
        bins[bin.min(FANO_BINS - 1)] += 1;
    }
    let mut fullest = 0;
    (1..FANO_BINS).for_each(|bin| fullest = if bins[bin] > bins[fullest] { bin } else { fullest });
    Some(low + width * (fullest as f64 + 0.5))
}

/// A percentile with linear interpolation, of at least one value.
fn percentile(values: &mut [f64], percent: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = percent / 100.0 * (values.len() - 1) as f64;
    let (below, share) = (at.floor() as usize, at.fract());
    let above = (below + 1).min(values.len() - 1);
    values[below] + share * (values[above] - values[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated() {
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0], 50.0), 2.0);
        assert_eq!(percentile(&mut [0.0, 10.0], 25.0), 2.5);
        assert_eq!(percentile(&mut [7.0], 85.0), 7.0);
    }

    #[test]
    fn the_least_distance_is_found() {
        assert!((minimum(|b| (b.ln() - 0.3f64.ln()).abs()) - 0.3).abs() < 1e-9);
    }

    #[test]
    fn a_gene_of_half_the_cells_varies() {
        // Gene 0 is high in half of the cells; the others are the same everywhere, up to a little.
        let rows: Vec<f32> = (0..40usize)
            .flat_map(|i| {
                (0..20usize).map(move |j| match j {
                    0 => {
                        if i < 20 {
                            40.0
                        } else {
                            0.0
                        }
                    }
                    _ => (5 + j + (i * 7 + j * 3) % 5) as f32,
                })
            })
            .collect();
        let x = CsrMatrix::from_dense(40, 20, &rows).unwrap();
        assert!(variable_genes(&x).contains(&0));
        assert!(variable_genes(&CsrMatrix::from_dense(3, 2, &[0.0; 6]).unwrap()).is_empty());
    }
}
