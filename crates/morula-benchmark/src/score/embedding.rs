//! Scores of an embedding, which depend on no clusters of a method.

use anyhow::Result;
use morula::cluster::representations::{CellNeighbors, NEIGHBORHOOD};
use morula::cluster::{
    ClusterError, ClusterParams, KMeansParams, LeidenParams, NClusters, kmeans, leiden,
};
use morula::data::DenseMatrix;
use morula::metrics::{Contingency, KnnGraph, MetricsError, encode_labels, silhouette_batch};
use morula::preprocess::{Neighbors, exact_neighbors, neighbors_of_other_batches};
use serde::{Deserialize, Serialize};

use crate::clustered::Clustered;

/// Neighbours that vote for the type of a cell.
const VOTERS: usize = 15;

/// Neighbours for LISI, a perplexity of 30.
const LISI_NEIGHBORS: usize = 89;

/// Resolutions of Leiden.
const RESOLUTIONS: [f64; 14] =
    [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0];

/// Starts of K-means; the best one counts.
const N_INIT: usize = 10;

/// The same for all runs, so that the scores depend on the embedding alone.
const SEED: u64 = 0;

/// The silhouette of more cells would take longer than everything else.
const MOST_CELLS: usize = 20_000;

/// How well an embedding has the types apart, and the batches together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingScores {
    /// Accuracy and macro F1 of the votes of the 15 nearest neighbours.
    pub knn_acc: f64,
    pub knn_f1: f64,
    /// cLISI; none for a single type or fewer than six cells.
    pub clisi: Option<f64>,
    pub connectivity: f64,
    /// ARI of K-means with as many clusters as types.
    pub kmeans_ari: f64,
    /// Best and mean ARI of Leiden over [`RESOLUTIONS`].
    pub leiden_best: f64,
    pub leiden_mean: f64,
    /// ARI of the models' clustering method on the embedding alone, K given and found; none where
    /// one of K clusters would have no cells.
    pub cut_given: Option<f64>,
    pub cut_auto: Option<f64>,
    /// None without batches, or with one.
    pub batches: Option<BatchScores>,
}

/// How well an embedding mixes the batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchScores {
    /// Accuracy and macro F1 of the votes of the 15 nearest neighbours in other batches.
    pub across_acc: f64,
    pub across_f1: f64,
    /// iLISI; none for fewer than six cells.
    pub ilisi: Option<f64>,
    /// Batch ASW; none where no type has cells of two batches, or above [`MOST_CELLS`].
    pub batch_asw: Option<f64>,
}

/// Scores the embedding of the cells that have a label and, where there are batches, a batch; none
/// for fewer than two such cells.
pub fn score<'a>(
    clustered: &Clustered,
    truth: &'a [Option<String>],
    batches: Option<&'a [Option<String>]>,
) -> Result<Option<EmbeddingScores>> {
    let (mut cells, mut types, mut batch_of) = (Vec::new(), Vec::new(), Vec::new());
    for (at, &i) in clustered.kept_cells.iter().enumerate() {
        let of = |column: &'a [Option<String>]| column.get(i)?.as_deref();
        match (of(truth), batches.map(of)) {
            (Some(label), None) => types.push(label),
            (Some(label), Some(Some(batch))) => {
                types.push(label);
                batch_of.push(batch);
            }
            _ => continue,
        }
        cells.push(at);
    }
    if cells.len() < 2 {
        return Ok(None);
    }
    let embedding = &clustered.embedding;
    let d = embedding.n_cols();
    let x = cells.iter().flat_map(|&at| embedding.row(at)).copied().collect();
    let x = DenseMatrix::from_rows(x, d);
    let found = exact_neighbors(x.values(), d, LISI_NEIGHBORS)?;
    let (voters, near) = (found.first(VOTERS), found.first(NEIGHBORHOOD - 1));
    let votes = graph(&voters)?.knn_scores(&types)?;

    let n_types = encode_labels(&types).1.len();
    let params = KMeansParams { n_clusters: n_types, n_init: N_INIT, seed: SEED };
    let kmeans_ari = ari(&types, &kmeans(&x, &params)?)?;
    let leiden_ari = leiden_ari(&near, &types)?;
    let [cut_given, cut_auto] =
        cuts(embedding, [NClusters::Given(n_types), NClusters::Auto], &cells, &types)?;
    let batches = match batches {
        Some(_) => batch_scores(&x, &found, &types, &batch_of)?,
        None => None,
    };
    Ok(Some(EmbeddingScores {
        knn_acc: votes.accuracy,
        knn_f1: votes.f1_macro,
        clisi: where_defined(graph(&found)?.clisi(&types))?,
        connectivity: graph(&near)?.graph_connectivity(&types)?,
        kmeans_ari,
        leiden_best: leiden_ari.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        leiden_mean: leiden_ari.iter().sum::<f64>() / leiden_ari.len() as f64,
        cut_given,
        cut_auto,
        batches,
    }))
}

fn graph(found: &Neighbors) -> Result<KnnGraph<'_>> {
    Ok(KnnGraph::new(&found.indices, &found.distances, found.k)?)
}

fn ari(types: &[&str], labels: &[usize]) -> Result<f64> {
    Ok(Contingency::new(types, labels)?.adjusted_rand_index())
}

/// ARI of Leiden at every resolution.
fn leiden_ari(near: &Neighbors, types: &[&str]) -> Result<[f64; RESOLUTIONS.len()]> {
    let graph = near.fuzzy_connectivities();
    let mut scores = [0.0; RESOLUTIONS.len()];
    for (score, resolution) in scores.iter_mut().zip(RESOLUTIONS) {
        *score = ari(types, &leiden(&graph, &LeidenParams { resolution, seed: SEED, n_init: 1 })?)?;
    }
    Ok(scores)
}

/// ARI of the models' clustering method on an embedding, for some numbers of clusters. All cells
/// are clustered; those at `cells` have the `types`.
fn cuts<const N: usize>(
    embedding: &DenseMatrix,
    numbers: [NClusters; N],
    cells: &[usize],
    types: &[&str],
) -> Result<[Option<f64>; N]> {
    let view = CellNeighbors::new(vec![embedding.clone()])?;
    let graph = view.graph()?;
    let mut scores = [None; N];
    for (score, n_clusters) in scores.iter_mut().zip(numbers) {
        let found = ClusterParams::new(n_clusters).fit_graph(view.clone(), &graph, SEED);
        *score = match found {
            Ok(found) => {
                let labels: Vec<usize> = cells.iter().map(|&at| found.labels[at]).collect();
                Some(ari(types, &labels)?)
            }
            Err(ClusterError::TooManyClusters { .. }) => None,
            Err(error) => return Err(error.into()),
        };
    }
    Ok(scores)
}

fn batch_scores(
    x: &DenseMatrix,
    found: &Neighbors,
    types: &[&str],
    batches: &[&str],
) -> Result<Option<BatchScores>> {
    let (codes, _) = encode_labels(batches);
    let others = neighbors_of_other_batches(x.values(), x.n_cols(), &codes, VOTERS)?;
    if others.k == 0 {
        return Ok(None);
    }
    let votes = graph(&others)?.knn_scores_across(types, batches)?;
    let silhouette = || silhouette_batch(x.values(), x.n_cols(), types, batches);
    Ok(Some(BatchScores {
        across_acc: votes.accuracy,
        across_f1: votes.f1_macro,
        ilisi: where_defined(graph(found)?.ilisi(batches))?,
        batch_asw: match x.n_rows() <= MOST_CELLS {
            true => where_defined(silhouette())?,
            false => None,
        },
    }))
}

/// None for data that a score is not defined for.
fn where_defined(score: Result<f64, MetricsError>) -> Result<Option<f64>> {
    use MetricsError::{NeighborCount, NoMixedLabel, SingleGroup};
    match score {
        Ok(score) => Ok(Some(score)),
        Err(NeighborCount { .. } | NoMixedLabel { .. } | SingleGroup { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four groups of 30 cells in two dimensions, `of` group and cell, one after the other.
    fn cells(of: impl Fn(usize, usize) -> [f32; 2]) -> Clustered {
        let rows: Vec<f32> = (0..120).flat_map(|i| of(i / 30, i % 30)).collect();
        Clustered {
            kept_cells: (0..120).collect(),
            labels: vec![0; 120],
            confidence: None,
            embedding: DenseMatrix::from_rows(rows, 2),
        }
    }

    /// A point of a disc of radius 1, of 30 that fill it.
    fn disc(i: usize) -> [f32; 2] {
        let (radius, angle) = ((i as f32 / 30.0).sqrt(), 2.4 * i as f32);
        [radius * angle.cos(), radius * angle.sin()]
    }

    fn at(x: f32, y: f32, i: usize) -> [f32; 2] {
        let [a, b] = disc(i);
        [x + a, y + b]
    }

    fn column(of: impl Fn(usize) -> &'static str) -> Vec<Option<String>> {
        (0..120).map(|i| Some(of(i).to_string())).collect()
    }

    fn types() -> Vec<Option<String>> {
        column(|i| ["a", "b", "c", "d"][i / 30])
    }

    #[test]
    fn types_apart_have_the_best_scores_and_shuffled_types_chance() {
        let apart = cells(|group, i| at(9.0 * group as f32, 0.0, i));
        let best = score(&apart, &types(), None).unwrap().unwrap();
        assert_eq!([best.knn_acc, best.knn_f1, best.connectivity, best.kmeans_ari], [1.0; 4]);
        assert_eq!([best.leiden_best, best.cut_given.unwrap()], [1.0; 2]);
        // Perplexity 30 of 29 other cells: all neighbours weigh alike within a type, so some others do too.
        assert!(best.clisi.unwrap() > 0.9 && best.cut_auto.unwrap() > 0.9, "{best:?}");
        assert!(best.leiden_mean < 1.0 && best.batches.is_none(), "{best:?}");

        let shuffled = column(|i| ["a", "b", "c", "d"][(i * 7) % 4]);
        let chance = score(&apart, &shuffled, None).unwrap().unwrap();
        let aris = [chance.kmeans_ari, chance.leiden_best, chance.cut_given.unwrap()];
        assert!(aris.iter().all(|ari| ari.abs() < 0.1) && chance.knn_acc < 0.5, "{chance:?}");
        assert!(chance.clisi.unwrap() < 0.3, "{chance:?}");
    }

    #[test]
    fn batches_that_are_mixed_have_the_better_batch_scores() {
        let batches = column(|i| ["one", "two"][i % 2]);
        let of = |shift: f32| {
            // The second of every two cells is of the other batch.
            let cells = cells(|group, i| at(9.0 * group as f32, shift * (i % 2) as f32, i));
            score(&cells, &types(), Some(&batches)).unwrap().unwrap().batches.unwrap()
        };
        let [mixed, apart] = [of(0.0), of(40.0)];
        assert_eq!([mixed.across_acc, mixed.across_f1, apart.across_acc], [1.0; 3]);
        assert!(mixed.ilisi.unwrap() > 0.9 && apart.ilisi.unwrap() < 0.3, "{mixed:?} {apart:?}");
        assert!(mixed.batch_asw.unwrap() > 0.8 && apart.batch_asw.unwrap() < 0.2);

        // Where batches trade places, other batches vote for the wrong type.
        let swapped =
            cells(|group, i| at(9.0 * (group ^ (i % 2)) as f32, 40.0 * (i % 2) as f32, i));
        let swapped = score(&swapped, &types(), Some(&batches)).unwrap().unwrap();
        assert_eq!((swapped.knn_acc, swapped.batches.unwrap().across_acc), (1.0, 0.0));
    }

    #[test]
    fn what_is_not_defined_is_left_out() {
        let all = cells(|group, i| at(9.0 * group as f32, 0.0, i));
        let one_type = column(|_| "a");
        let one = score(&all, &one_type, Some(&column(|_| "one"))).unwrap().unwrap();
        assert_eq!((one.knn_acc, one.clisi, one.batches), (1.0, None, None));
        // No type in two batches.
        let split = score(&all, &types(), Some(&types())).unwrap().unwrap().batches.unwrap();
        assert_eq!((split.across_acc, split.batch_asw), (0.0, None));
        // Two cells with both a label and a batch; the input has a cell that was not kept.
        let mut few = all.clone();
        few.kept_cells.iter_mut().for_each(|i| *i += 1);
        let known = |cells: [usize; 3]| -> Vec<Option<String>> {
            (0..121).map(|i| cells.contains(&i).then(|| format!("{}", i % 2))).collect()
        };
        let pair = score(&few, &known([0, 8, 101]), Some(&known([1, 8, 101]))).unwrap().unwrap();
        assert_eq!((pair.knn_acc, pair.clisi, pair.cut_given), (0.0, None, Some(1.0)));
        assert_eq!(pair.batches.unwrap().ilisi, None);
        assert_eq!(score(&few, &known([0, 8, 101]), Some(&known([0, 1, 8]))).unwrap(), None);
    }

    #[test]
    fn all_cells_alike_have_scores() {
        let alike = cells(|_, _| [1.0, 1.0]);
        let batches = column(|i| ["one", "two", "three"][i % 3]);
        let scores = score(&alike, &types(), Some(&batches)).unwrap().unwrap();
        assert!(scores.kmeans_ari.abs() < 1e-12 && scores.leiden_mean.is_finite(), "{scores:?}");
    }
}
