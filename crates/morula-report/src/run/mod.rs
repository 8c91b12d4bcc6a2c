//! The facts of a run.

mod anndata;
mod parameters;
mod quality;
mod subclusters;

pub use anndata::{BATCH_COLUMNS, Source};
pub use quality::CellQuality;
pub(crate) use quality::MOST_FLAGGED;
pub use subclusters::DividedCluster;

use morula_cluster::ClusterTree;
use morula_cluster::evidence::Split;
use morula_metrics::encode_labels;

use crate::{Expression, ReportError, Result, ValidMarker};

/// A clustering run: the content of the report. Cells that preprocessing left out are not among its
/// cells.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Run {
    /// Name of the data, for the title.
    pub name: String,
    /// Name of the model or method.
    pub model: String,
    /// Names of the clusters.
    pub clusters: Vec<String>,
    /// Cluster of every cell, a position in `clusters`.
    pub labels: Vec<usize>,
    /// Probability of that cluster, from 0 to 1.
    pub confidence: Vec<f64>,
    /// Coordinates in two dimensions, row-major `cells x 2`.
    pub layout: Vec<f32>,
    /// The tree of the clusters.
    pub tree: Option<ClusterTree>,
    /// The evidence for every split of the tree, in the order of its merges; empty if there is none.
    pub splits: Vec<Split>,
    /// Clusters that were divided further.
    pub divided: Vec<DividedCluster>,
    /// Known labels of the cells, used for figures only.
    pub annotations: Vec<Annotation>,
    /// Quality metrics and flags of the cells; empty if there are none.
    pub quality: CellQuality,
    /// Losses over the epochs.
    pub losses: Losses,
    /// Expression, to find and show markers.
    pub expression: Option<Expression>,
    /// The reason if there is no expression.
    pub no_expression: Option<String>,
    /// The best markers of every cluster whose p-values hold after clustering; empty if they were not
    /// computed.
    pub valid_markers: Vec<Vec<ValidMarker>>,
    /// Lines of the summary: name and value.
    pub facts: Vec<(String, String)>,
    /// Parameters: name and value.
    pub parameters: Vec<(String, String)>,
    /// The seed.
    pub seed: Option<u64>,
    /// Programs: name and version.
    pub versions: Vec<(String, String)>,
    /// The command that repeats the run.
    pub command: Option<String>,
}

/// Known labels of the cells.
#[derive(Debug, Clone)]
pub struct Annotation {
    /// Name of the column.
    pub name: String,
    /// Meaning of the labels.
    pub role: Role,
    /// A label per cell, `None` where it is missing.
    pub labels: Vec<Option<String>>,
}

/// Meaning of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Types of cells, which a clustering should find.
    Truth,
    /// Donors, plates or conditions, which a clustering should not find.
    Batch,
}

/// Losses: a value per epoch, NaN where a term has none.
#[derive(Debug, Clone, Default)]
pub struct Losses {
    /// Stage of training of every epoch; empty if there is only one stage.
    pub stages: Vec<String>,
    /// Terms by name, the total first.
    pub terms: Vec<(String, Vec<f64>)>,
}

impl Run {
    /// A run that has no cells yet.
    pub fn new(name: impl Into<String>, model: impl Into<String>, clusters: Vec<String>) -> Self {
        Self { name: name.into(), model: model.into(), clusters, ..Self::default() }
    }

    /// Number of clusters.
    pub fn k(&self) -> usize {
        self.clusters.len()
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.labels.len()
    }

    /// Number of cells in every cluster.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.k()];
        for &k in self.labels.iter().filter(|&&k| k < self.k()) {
            sizes[k] += 1;
        }
        sizes
    }

    /// Mean confidence of every cluster, NaN for a cluster without cells.
    pub fn mean_confidence(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.k()];
        for (&k, c) in self.labels.iter().zip(&self.confidence).filter(|(k, _)| **k < self.k()) {
            sums[k] += c;
        }
        sums.iter().zip(self.sizes()).map(|(sum, n)| sum / n as f64).collect()
    }

    /// Checks that the sizes of all parts agree.
    pub(crate) fn check(&self) -> Result<()> {
        let n = self.n_cells();
        if n == 0 {
            return Err(ReportError::NoCells);
        }
        let fits = |what: &str, found: usize, expected: usize| match found == expected {
            true => Ok(()),
            false => Err(shape(what, expected, found)),
        };
        if let Some(beyond) = self.labels.iter().find(|&&k| k >= self.k()) {
            let (expected, found) = (format!("{} clusters", self.k()), format!("cluster {beyond}"));
            return Err(ReportError::Shape { what: "labels".into(), expected, found });
        }
        fits("confidence of the cells", self.confidence.len(), n)?;
        fits("coordinates of the cells", self.layout.len(), 2 * n)?;
        if let Some(value) = self.layout.iter().find(|v| !v.is_finite()) {
            let found = value.to_string();
            return Err(shape("coordinates of the cells", "finite numbers", found));
        }
        for role in [Role::Truth, Role::Batch] {
            let n = self.annotations.iter().filter(|a| a.role == role).count();
            if n > 1 {
                return Err(shape(format!("annotations of role {role:?}"), "at most one", n));
            }
        }
        for annotation in &self.annotations {
            fits(&annotation.name, annotation.labels.len(), n)?;
        }
        if let Some(tree) = &self.tree {
            fits("clusters of the tree", tree.n_clusters(), self.k())?;
            if !self.splits.is_empty() {
                fits("splits with evidence", self.splits.len(), tree.merges().len())?;
            }
        }
        for (name, values) in &self.quality.metrics {
            fits(name, values.len(), n)?;
        }
        for (name, flags) in &self.quality.flags {
            fits(name, flags.len(), n)?;
        }
        if let Some(expression) = &self.expression {
            fits("cells with expression", expression.n_cells(), n)?;
        }
        if !self.valid_markers.is_empty() {
            fits("clusters with valid markers", self.valid_markers.len(), self.k())?;
        }
        let epochs = self.losses.terms.first().map_or(0, |term| term.1.len());
        for (name, values) in &self.losses.terms {
            fits(&format!("loss {name}"), values.len(), epochs)?;
        }
        match self.losses.stages.is_empty() {
            true => Ok(()),
            false => fits("stages of the epochs", self.losses.stages.len(), epochs),
        }
    }
}

impl Annotation {
    /// A code per cell, `None` where the label is missing, and the names of the codes. Names are
    /// sorted, and numbers at their ends by value.
    pub(crate) fn codes(&self) -> (Vec<Option<usize>>, Vec<String>) {
        let known: Vec<&String> = self.labels.iter().flatten().collect();
        let (codes, names) = encode_labels(&known);
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by_cached_key(|&i| (prefix(names[i]), number(names[i]), names[i]));
        let mut place = vec![0; names.len()];
        order.iter().enumerate().for_each(|(to, &from)| place[from] = to);
        let mut known = codes.into_iter().map(|code| place[code]);
        let codes = self.labels.iter().map(|l| l.as_ref().and_then(|_| known.next())).collect();
        (codes, order.into_iter().map(|from| names[from].to_string()).collect())
    }
}

/// The part of a name before the number at its end.
fn prefix(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// The number at the end of a name, so that c2 sorts before c10.
fn number(name: &str) -> u128 {
    name[prefix(name).len()..].parse().unwrap_or(u128::MAX)
}

pub(crate) fn shape(
    what: impl Into<String>,
    expected: impl ToString,
    found: impl ToString,
) -> ReportError {
    let (expected, found) = (expected.to_string(), found.to_string());
    ReportError::Shape { what: what.into(), expected, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_the_order_of_names_and_of_numbers() {
        let of = |labels: &[Option<&str>]| Annotation {
            name: "a".into(),
            role: Role::Batch,
            labels: labels.iter().map(|l| l.map(str::to_string)).collect(),
        };
        let (codes, names) = of(&[Some("b10"), None, Some("10"), Some("9"), Some("b9")]).codes();
        assert_eq!(names, ["9", "10", "b9", "b10"]);
        assert_eq!(codes, [Some(3), None, Some(1), Some(0), Some(2)]);
        assert!(of(&[None]).codes().1.is_empty());
    }

    #[test]
    fn parts_that_do_not_fit_are_named() {
        let mut run = Run::new("x", "m", vec!["0".into()]);
        assert!(matches!(run.check(), Err(ReportError::NoCells)));
        run.labels = vec![0, 1];
        assert!(run.check().unwrap_err().to_string().contains("cluster 1"));
        run.labels = vec![0, 0];
        assert!(run.check().unwrap_err().to_string().contains("confidence"));
        run.confidence = vec![1.0, 1.0];
        run.layout = vec![0.0, 1.0, f32::NAN, 1.0];
        assert!(run.check().unwrap_err().to_string().contains("NaN"));
        run.layout[2] = 0.0;
        run.check().unwrap();
        run.losses.terms = vec![("a".into(), vec![1.0]), ("b".into(), vec![])];
        assert!(run.check().unwrap_err().to_string().contains("loss b"));
    }
}
