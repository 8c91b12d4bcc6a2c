//! Labels of cells, and the division of their clusters.

use std::collections::BTreeMap;

use morula_data::{Additions, Categorical, Column, CountMatrix, DataError, UnsValue};
use morula_models::{AnyParams, FitOptions, ModelError, Observer};

use super::fit::{comparable, evidence, named_tree, reborrowed, rows_of};
use super::names::{is_within, with_parts};
use super::parts::Parts;
use super::{SubclusterError, SubclusterParams, Subclustered, key_of, uns};
use crate::results::describe;
use crate::results::tree::evidence_of;

/// Fewest cells that can be two communities: each has three at least.
const LEAST_CELLS: usize = 6;

/// Labels of cells, of which clusters are divided one after the other.
///
/// ```
/// use morula::data::Categorical;
/// use morula::preprocess::{SimulateParams, simulate};
/// use morula::prelude::*;
/// use morula::results::{EvidenceFrom, SubclusterParams, Subclusters};
///
/// let cells = SimulateParams { cells: 120, genes: 200, types: 2, ..Default::default() };
/// let counts = simulate(&cells)?.counts;
/// let kind = ModelKind::named("views")?;
/// let device = DeviceChoice::Cpu.resolve()?;
/// let params = kind.defaults();
/// let how = SubclusterParams { kind, params, device, evidence: EvidenceFrom::None };
///
/// let all = Categorical::from_labels(vec![Some("0"); 120]);
/// let mut clusters = Subclusters::new("all", &all);
/// let found = clusters.divide("0", &counts, &how, None)?;
/// assert_eq!(found.names, ["0.1", "0.2"]);
/// assert_eq!(clusters.labels().categories(), ["0.1", "0.2"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Subclusters {
    pub(super) groupby: String,
    key: String,
    /// The column that was divided first.
    origin: String,
    labels: Categorical,
    pub(super) confidence: Option<Vec<f64>>,
    pub(super) fits: Vec<UnsValue>,
    evidence: BTreeMap<String, UnsValue>,
}

impl Subclusters {
    /// The clusters of the column `groupby`; the results go under [`key_of`] it.
    pub fn new(groupby: &str, labels: &Categorical) -> Self {
        Self {
            groupby: groupby.into(),
            key: key_of(groupby),
            origin: groupby.into(),
            labels: labels.clone(),
            confidence: None,
            fits: Vec::new(),
            evidence: BTreeMap::new(),
        }
    }

    /// With another name of the results.
    pub fn named(mut self, key: &str) -> Self {
        self.key = key.into();
        self
    }

    /// With the confidence of every cell in its cluster, NaN where there is none.
    ///
    /// # Errors
    /// [`DataError::Shape`] for other numbers of cells.
    pub fn with_confidence(mut self, confidence: &[f64]) -> Result<Self, SubclusterError> {
        let (found, expected) = (confidence.len(), self.labels.codes().len());
        if found != expected {
            let (found, expected) = (format!("{found} cells"), format!("{expected} cells"));
            return Err(DataError::Shape { what: "the confidence".into(), found, expected }.into());
        }
        self.confidence = Some(confidence.to_vec());
        Ok(self)
    }

    /// With what an earlier run wrote about these clusters: `uns["<groupby>"]` and
    /// `uns["<groupby>_evidence"]`. Entries of other results are ignored.
    pub fn with_earlier(mut self, fits: Option<&UnsValue>, evidence: Option<&UnsValue>) -> Self {
        self.fits = fits.map(uns::fits_of).unwrap_or_default();
        if !self.fits.is_empty() {
            self.evidence = evidence.map(uns::table_of).unwrap_or_default();
            let origin = fits.and_then(uns::groupby_of);
            self.origin = origin.map_or(self.origin, String::from);
        }
        self
    }

    /// The name of the results.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The column that is divided.
    pub fn groupby(&self) -> &str {
        &self.groupby
    }

    /// The clusters, with the parts found so far.
    pub fn labels(&self) -> &Categorical {
        &self.labels
    }

    /// Number of cells of a cluster that can be divided.
    ///
    /// # Errors
    /// [`SubclusterError::UnknownCluster`], [`SubclusterError::AlreadySplit`] and
    /// [`SubclusterError::TooFewCells`].
    pub fn check(&self, of: &str, params: &dyn AnyParams) -> Result<usize, SubclusterError> {
        let n_cells = self.cells(of)?.1.len();
        let least = params.n_clusters().given().unwrap_or(0).max(LEAST_CELLS);
        match n_cells < least {
            true => Err(SubclusterError::TooFewCells { name: of.into(), n_cells, least }),
            false => Ok(n_cells),
        }
    }

    /// Position and cells of a cluster.
    fn cells(&self, of: &str) -> Result<(usize, Vec<usize>), SubclusterError> {
        let labels = &self.labels;
        let place = labels.categories().iter().position(|category| category == of);
        let code = place.map_or(-1, |place| place as i32);
        let cells = labels.codes().iter().enumerate().filter(|(_, c)| **c == code && code >= 0);
        let cells: Vec<usize> = cells.map(|(cell, _)| cell).collect();
        if let (Some(place), false) = (place, cells.is_empty()) {
            return Ok((place, cells));
        }
        let mut n_cells = vec![0; labels.categories().len()];
        labels.codes().iter().filter(|code| **code >= 0).for_each(|&c| n_cells[c as usize] += 1);
        let known = labels.categories().iter().zip(n_cells).filter(|(_, n)| *n > 0);
        let known: Vec<String> = known.map(|(name, _)| name.clone()).collect();
        let parts: Vec<String> = known.iter().filter(|n| is_within(n, of)).cloned().collect();
        let (name, column) = (of.to_string(), self.groupby.clone());
        Err(match parts.is_empty() {
            true => SubclusterError::UnknownCluster { name, column, known },
            false => SubclusterError::AlreadySplit { name, column, parts },
        })
    }

    /// Fits the model to the cells of a cluster, and gives them the names of its parts. `counts` are those
    /// of all cells. The observer may stop a fit; the clusters stay as they were then.
    ///
    /// The evidence is that of these cells alone. It does not know that all molecules chose them.
    ///
    /// # Errors
    /// As [`check`](Self::check); [`SubclusterError::OtherCells`]; [`SubclusterError::Fit`].
    pub fn divide(
        &mut self,
        of: &str,
        counts: &CountMatrix,
        how: &SubclusterParams,
        mut observer: Option<&mut dyn Observer>,
    ) -> Result<Subclustered, SubclusterError> {
        let (labels, n_counts) = (self.labels.codes().len(), counts.n_obs());
        if labels != n_counts {
            return Err(SubclusterError::OtherCells { labels, counts: n_counts });
        }
        self.check(of, how.params.as_ref())?;
        let (cluster, cells) = self.cells(of)?;
        let genes: Vec<usize> = (0..counts.n_vars()).collect();
        let (counts, without_batches) = comparable(counts.select(&cells, &genes))?;
        let failed =
            |source: ModelError| SubclusterError::Fit { name: of.into(), source: Box::new(source) };
        let params = how.kind.read(how.params.to_value());
        let params = params.map_err(|e| failed(ModelError::Setting(e.to_string())))?;
        let options = FitOptions { observer: reborrowed(&mut observer), checkpoint: None };
        let model = params.fit_with(&counts, &how.device.device, options).map_err(failed)?;
        let evidence = evidence(model.as_ref(), &counts, how, reborrowed(&mut observer));
        let none = || ModelError::Setting("a fitted model knows its cells".into());
        let fitted = model.fitted().ok_or_else(|| failed(none()))?;

        let parts = Parts::new(of, fitted, model.n_clusters(), self.labels.categories());
        let n_left_out = cells.len() - fitted.labels.len();
        let confidence = fitted.confidence();
        let sum: f64 = confidence.iter().map(|&p| f64::from(p)).sum();
        let mut found = Subclustered {
            of: of.into(),
            names: parts.names.clone(),
            sizes: parts.sizes.clone(),
            n_left_out,
            without_batches,
            mean_confidence: sum / confidence.len().max(1) as f64,
            ..Default::default()
        };
        let mut rows = BTreeMap::new();
        match (evidence, model.tree()) {
            (Ok(Some(evidence)), Some(tree)) => {
                let names = parts.names_of_clusters(of);
                rows = rows_of(of, tree, &evidence, &names).map_err(|e| failed(e.into()))?;
                let between = tree.n_clusters().saturating_sub(1);
                let splits = evidence.splits.iter().rev().take(between);
                let n_splits = splits.filter(|split| split.supported).count();
                found.supported = Some((evidence.n_supported, n_splits));
            }
            (Err(error), _) => found.no_evidence = Some(error.to_string()),
            _ => {}
        }
        let places = fitted.kept_cells.iter().zip(&fitted.labels);
        let places = places.map(|(&cell, &label)| (cells[cell], parts.place[label]));
        let places: Vec<(usize, usize)> = places.collect();
        self.labels = with_parts(&self.labels, cluster, &places, &parts.names)?;
        if let Some(all) = &mut self.confidence {
            places.iter().zip(&confidence).for_each(|((cell, _), &p)| all[*cell] *= f64::from(p));
        }
        self.evidence = uns::replaced(&self.evidence, of, &rows);
        self.fits.retain(|fit| uns::name_of(fit) != Some(of));
        let sizes: Vec<i64> = parts.sizes.iter().map(|&n| n as i64).collect();
        let about = describe(model.as_ref(), &how.device.name);
        let about = match model.tree() {
            Some(tree) => about.with("tree", named_tree(tree, &parts.names_of_clusters(of))),
            None => about,
        };
        let about = about.with(uns::OF, of).with("model", how.kind.name).with("n_cells", sizes);
        self.fits.push(about.with("names", parts.names));
        Ok(found)
    }

    /// The clusters and what is known of them as parts of the data; see the [module](super).
    pub fn additions(&self) -> Additions {
        let key = self.key();
        let confidence = format!("{key}_confidence");
        let additions = Additions::new()
            .obs(key, Column::Categorical(self.labels.clone()))
            .uns(key, uns::fits_to_uns(&self.origin, &self.fits));
        let additions = match &self.confidence {
            Some(values) => additions.obs(confidence, Column::Float(values.clone())),
            None => additions.without_obs(confidence, key),
        };
        match self.evidence.is_empty() {
            true => additions.without_uns(evidence_of(key)),
            false => additions.uns(evidence_of(key), self.evidence.clone()),
        }
    }
}
