//! Genes that vary within batches rather than between them.

use super::{HighlyVariable, HvgFlavor, HvgParams, count_score, measure, ranks};
use crate::normalize::median;
use crate::rows::{Selection, column_sums, moments};
use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;
use std::cmp::Ordering;

/// [`highly_variable_genes`](super::highly_variable_genes) within each batch, merged as in scanpy
/// with a `batch_key`.
///
/// The dispersion flavours and `PearsonResiduals` prefer genes that are selected in many batches;
/// the mean normalised dispersion or the median rank breaks ties. `SeuratV3` prefers the median
/// rank over the batches that select a gene; the number of these batches breaks ties. Means, spread
/// and score are means over batches; for the count flavours, means and spread are over all cells.
/// Exactly `n_top_genes` genes are selected, or all if there are fewer.
///
/// # Errors
/// [`PreprocessError::Shape`] unless there is one batch per cell;
/// [`PreprocessError::Param`] for parameters out of range.
pub fn highly_variable_genes_by_batch(
    x: &CsrMatrix,
    batches: &[usize],
    params: &HvgParams,
) -> Result<HighlyVariable> {
    params.check()?;
    if batches.len() != x.n_rows() {
        let (expected, found) = (x.n_rows(), batches.len());
        return Err(PreprocessError::Shape { what: "batches of cells", expected, found });
    }
    let mut names = batches.to_vec();
    names.sort_unstable();
    names.dedup();
    let members: Vec<Vec<usize>> = (names.iter())
        .map(|b| (0..batches.len()).filter(|&i| batches[i] == *b).collect())
        .collect();
    Ok(match params.flavor {
        HvgFlavor::Seurat | HvgFlavor::CellRanger => by_dispersion(x, &members, params),
        HvgFlavor::SeuratV3 | HvgFlavor::PearsonResiduals => by_rank(x, &members, params),
    })
}

fn by_dispersion(x: &CsrMatrix, members: &[Vec<usize>], params: &HvgParams) -> HighlyVariable {
    let g = x.n_cols();
    let mut votes = vec![0usize; g];
    let (mut means, mut spread) = (vec![Mean::default(); g], vec![Mean::default(); g]);
    let mut score = vec![Mean::default(); g];
    for cells in members {
        let all: Vec<usize> = (0..g).collect();
        let batch = Selection::new(x, cells, &all);
        let seen: Vec<usize> = column_sums(&batch, |_, _, v| [f64::from(u8::from(v > 0.0))])
            .iter()
            .enumerate()
            .filter(|(_, n)| n[0] > 0.0)
            .map(|(j, _)| j)
            .collect();
        let found = measure(&Selection::new(x, cells, &seen), params);
        found.selected.iter().for_each(|&at| votes[seen[at]] += 1);
        let mut at = seen.iter().enumerate().peekable();
        for j in 0..g {
            // A gene that a batch lacks counts as 0 in all three.
            let shown = at.next_if(|(_, s)| **s == j).map(|(at, _)| at);
            let of = |v: &[f64]| shown.map_or(0.0, |at| v[at]);
            means[j].add(of(&found.means));
            spread[j].add(of(&found.spread));
            score[j].add(of(&found.score));
        }
    }
    let score: Vec<f64> = score.iter().map(Mean::value).collect();
    let selected = first(params.n_top_genes, g, |a, b| {
        votes[b].cmp(&votes[a]).then(ranks::descending(score[a], score[b]))
    });
    let values = |m: &[Mean]| m.iter().map(Mean::value).collect();
    HighlyVariable { selected, means: values(&means), spread: values(&spread), score }
}

fn by_rank(x: &CsrMatrix, members: &[Vec<usize>], params: &HvgParams) -> HighlyVariable {
    let (g, all) = (x.n_cols(), (0..x.n_cols()).collect::<Vec<_>>());
    let mut score = vec![0.0; g];
    let mut top_ranks: Vec<Vec<f64>> = vec![Vec::new(); g];
    // As in scanpy, the clip of the first batch holds for all.
    let clip = members.first().map(|cells| (cells.len() as f64).sqrt());
    let params = &HvgParams { clip: params.clip.or(clip), ..params.clone() };
    for cells in members {
        let batch = Selection::new(x, cells, &all);
        let found = count_score(&batch, &moments(&batch), params);
        for (j, rank) in ranks::ranks(&found).into_iter().enumerate() {
            score[j] += found[j] / members.len() as f64;
            if rank < params.n_top_genes {
                top_ranks[j].push(rank as f64);
            }
        }
    }
    let votes: Vec<usize> = top_ranks.iter().map(Vec::len).collect();
    let middle: Vec<f64> =
        top_ranks.into_iter().map(|r| median(r).unwrap_or(f64::INFINITY)).collect();
    let selected = first(params.n_top_genes, g, |a, b| {
        let by_votes = votes[b].cmp(&votes[a]);
        let by_rank = middle[a].total_cmp(&middle[b]);
        match params.flavor {
            HvgFlavor::SeuratV3 => by_rank.then(by_votes),
            _ => by_votes.then(by_rank),
        }
    });
    let m = moments(x);
    HighlyVariable { selected, means: m.mean, spread: m.var, score }
}

/// The first `n` positions in the given order, ascending.
fn first(n: usize, of: usize, order: impl Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut genes: Vec<usize> = (0..of).collect();
    genes.sort_by(|&a, &b| order(a, b));
    genes.truncate(n);
    genes.sort_unstable();
    genes
}

/// A mean that ignores NaN.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    n: f64,
}

impl Mean {
    fn add(&mut self, v: f64) {
        if !v.is_nan() {
            self.sum += v;
            self.n += 1.0;
        }
    }

    fn value(&self) -> f64 {
        if self.n > 0.0 { self.sum / self.n } else { f64::NAN }
    }
}
