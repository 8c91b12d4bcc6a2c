//! Genes that tell clusters from each other.

mod expression;
mod rank;

pub use expression::Expression;
pub use rank::RankedGene;

use crate::Result;
use expression::Moments;

/// Genes ranked per cluster.
const RANKED: usize = 10;

/// Expression of the genes that tell each cluster from the other cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Markers {
    /// Per cluster the genes that mark it, best first; none for a cluster without cells.
    pub ranked: Vec<Vec<RankedGene>>,
    /// Genes to draw, positions among the genes of the expression, and the cluster each marks:
    /// by cluster, none twice.
    pub shown: Vec<(usize, usize)>,
    /// Mean of `ln(1 + counts)` of the genes shown, row-major `clusters x shown`.
    pub mean: Vec<f64>,
    /// Share of cells that express them, row-major `clusters x shown`.
    pub fraction: Vec<f64>,
}

impl Markers {
    /// Ranks the genes of every cluster, and gathers what to draw.
    ///
    /// # Errors
    /// [`ReportError::Shape`](crate::ReportError::Shape) when there is not one label per cell.
    pub fn new(expression: &Expression, labels: &[usize], k: usize) -> Result<Self> {
        let moments = Moments::new(expression, labels, k)?;
        let ranked = rank::rank_genes(&moments, RANKED);
        // Few clusters leave room for more genes each.
        let each = (50 / k.max(1)).clamp(1, 6);
        let mut shown: Vec<(usize, usize)> = Vec::new();
        for (cluster, genes) in ranked.iter().enumerate() {
            let new = genes.iter().filter(|g| g.score > 0.0);
            let new: Vec<usize> = new.map(|g| g.gene).take(each).collect();
            for gene in new {
                if shown.iter().all(|s| s.0 != gene) {
                    shown.push((gene, cluster));
                }
            }
        }
        let of = |value: &dyn Fn(usize, usize) -> f64| {
            (0..k)
                .flat_map(|c| shown.iter().map(move |s| (c, s.0)))
                .map(|(c, g)| value(c, g))
                .collect()
        };
        let mean = of(&|c, g| moments.mean(c, g));
        let fraction = of(&|c, g| moments.fraction(c, g));
        Ok(Self { ranked, shown, mean, fraction })
    }
}
