//! Embeddings without training, which the embedding of a model has to beat.

use anyhow::Result;
use morula::cluster::representations::{ExpressionViews, JointViews};
use morula::data::DenseMatrix;
use morula::preprocess::{HarmonyParams, PcaParams, Prepared, pca_offset};

/// An embedding of preprocessed counts. Where there are batches, Harmony corrects the components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// 20 principal components of z-scores.
    Components20,
    /// 20 joint components of three views of expression, 20 components each.
    Joint20,
    /// 64 joint components of three views, 50 components each, where every cell is averaged with its
    /// 10 nearest.
    Smooth64,
}

impl Representation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Components20 => "components20",
            Self::Joint20 => "joint20",
            Self::Smooth64 => "smooth64",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Components20 => "20 principal components; K-means, or Leiden at resolution 0.2",
            Self::Joint20 => {
                "20 joint components of three views; K-means, or Leiden at resolution 0.2"
            }
            Self::Smooth64 => "64 joint components, smoothed; K-means, or Leiden at resolution 0.2",
        }
    }

    pub(crate) fn embed(self, prepared: &Prepared) -> Result<DenseMatrix> {
        let joint = |per_view: usize, n_comps: usize, n_neighbors: usize| {
            let (_, views) = ExpressionViews::fit_with(prepared, per_view)?;
            Ok(JointViews::fit(&views, n_comps, n_neighbors)?.1)
        };
        match self {
            Self::Components20 => components(prepared, 20),
            Self::Joint20 => joint(20, 20, 0),
            Self::Smooth64 => joint(50, 64, 10),
        }
    }
}

/// Principal components of scaled expression.
pub fn components(prepared: &Prepared, n_comps: usize) -> Result<DenseMatrix> {
    let pca = pca_offset(&prepared.scaled(), &PcaParams { n_comps, ..PcaParams::default() })?;
    let scores = match &prepared.batches {
        Some(batches) => HarmonyParams::default().fit(&pca.scores, pca.n_comps, batches)?.1,
        None => pca.scores,
    };
    Ok(DenseMatrix::from_rows(scores, pca.n_comps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula::data::{Categorical, CountMatrix};
    use morula::preprocess::{RecipeParams, SimulateParams, simulate};

    const ALL: [Representation; 3] =
        [Representation::Components20, Representation::Joint20, Representation::Smooth64];

    fn counts(cells: usize) -> CountMatrix {
        let params = SimulateParams { cells, genes: 300, ..SimulateParams::default() };
        simulate(&params).unwrap().counts
    }

    fn embed(representation: Representation, counts: &CountMatrix) -> DenseMatrix {
        representation.embed(&RecipeParams::default().fit(counts).unwrap().1).unwrap()
    }

    #[test]
    fn dimensions_are_those_of_the_name_or_what_few_cells_allow() {
        let dims = |cells: usize| {
            let counts = counts(cells);
            ALL.map(|representation| {
                let embedding = embed(representation, &counts);
                assert_eq!(embedding.n_rows(), cells, "{representation:?}");
                embedding.n_cols()
            })
        };
        assert_eq!(dims(90), [20, 20, 64]);
        // Fewer cells than neighbours and dimensions.
        assert!(dims(9).iter().all(|&d| (1..=9).contains(&d)));
    }

    #[test]
    fn batches_are_corrected() {
        let counts = counts(120);
        let batches = Categorical::from_labels((0..120).map(|i| Some(["a", "b"][i % 2])));
        let with = counts.clone().with_batches(batches).unwrap();
        for representation in ALL {
            assert_ne!(embed(representation, &with), embed(representation, &counts));
        }
    }
}
