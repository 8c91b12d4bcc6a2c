//! Clusters within clusters.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use morula::data::{Column, DataFrame, UnsValue};
use morula::models::NamedDevice;
use morula::prelude::*;
use morula::results::subcluster::fit_of;
use morula::results::{EvidenceFrom, SubclusterParams, Subclustered, Subclusters as Clusters};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pythonize::pythonize;
use serde_json::{Value, json};

use crate::arrays::{Labels, categorical};
use crate::counts::Counts;
use crate::entries::entry;
use crate::errors::{Result, raise, refuse};
use crate::params::{device, read};
use crate::{parts, work};

/// Clusters of cells, which are divided one after the other.
#[pyclass(frozen, module = "morula._morula")]
pub struct Subclusters {
    inner: Arc<Mutex<Clusters>>,
    kind: ModelKind,
    /// All parameters of the model.
    params: Value,
    evidence: EvidenceFrom,
    device: NamedDevice,
}

#[pymethods]
impl Subclusters {
    /// From columns of obs with labels, the confidence of the cells by column, entries of uns, and the
    /// names of the result, of the column to divide and of the new results. Without a `model` and
    /// `params`, the model and the parameters are those of the fit that made the clusters.
    #[new]
    #[pyo3(signature = (obs, confidence, uns, names, model, params, n_clusters, seed, evidence,
                        device_name))]
    #[expect(clippy::too_many_arguments, reason = "called from one place of Python")]
    fn build(
        py: Python<'_>,
        obs: Vec<(String, Labels<'_>)>,
        confidence: Vec<(String, Vec<f64>)>,
        uns: &Bound<'_, PyAny>,
        names: (String, Option<String>, Option<String>),
        model: Option<&str>,
        params: &Bound<'_, PyAny>,
        n_clusters: Option<usize>,
        seed: Option<u64>,
        evidence: &str,
        device_name: &str,
    ) -> PyResult<Self> {
        let (result, groupby, key) = names;
        let uns = match raise(entry(uns))? {
            UnsValue::Map(entries) => entries,
            _ => BTreeMap::new(),
        };
        let obs = raise(frame(obs, confidence))?;
        let found = Clusters::of_result(&obs, &uns, &result, groupby.as_deref(), key.as_deref());
        let inner = raise(found.map_err(Into::into))?;
        let (kind, params) = raise(chosen(&result, uns.get(&result), model, params))?;
        let mut params = params;
        n_clusters.into_iter().for_each(|k| params.set_n_clusters(NClusters::Given(k)));
        seed.into_iter().for_each(|seed| params.set_seed(seed));
        let recipe = params.recipe().check();
        raise(recipe.map_err(Into::into))?;
        let params = raise(params.checked().map_err(Into::into))?.to_value();
        let evidence = match evidence {
            "none" => EvidenceFrom::None,
            "full" => EvidenceFrom::Full,
            _ => EvidenceFrom::Views,
        };
        let device = raise(device(py, device_name))?;
        Ok(Self { inner: Arc::new(Mutex::new(inner)), kind, params, evidence, device })
    }

    /// Name of the new results.
    #[getter]
    fn key(&self) -> String {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).key().to_string()
    }

    /// Title of the model.
    #[getter]
    fn title(&self) -> &str {
        self.kind.title
    }

    /// Refuses a cluster that cannot be divided.
    fn check(&self, of: &str) -> PyResult<()> {
        let params = raise(self.params())?;
        let clusters = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        raise(clusters.check(of, params.as_ref()).map(drop).map_err(Into::into))
    }

    /// Divides a cluster by a fit to its cells, and says what was found. `progress` is that of `fit`.
    #[pyo3(signature = (of, counts, n_jobs, progress))]
    fn divide<'py>(
        &self,
        py: Python<'py>,
        of: String,
        counts: &Counts,
        n_jobs: Option<usize>,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (inner, counts, kind) = (self.inner.clone(), counts.inner(), self.kind);
        let (params, device, evidence) = (self.params.clone(), self.device.clone(), self.evidence);
        let divide = move |report: work::Report<(EpochRecord, usize)>| {
            let params = kind.read(params).or_else(|e| refuse(e.to_string()))?;
            let how = SubclusterParams { kind, params, device, evidence };
            let mut watch =
                |record: &EpochRecord, epochs: usize| match report((record.clone(), epochs)) {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                };
            let mut clusters = inner.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(clusters.divide(&of, &counts, &how, Some(&mut watch))?)
        };
        let show = |py: Python<'_>, (record, epochs): (EpochRecord, usize)| match &progress {
            Some(progress) => progress.call1((pythonize(py, &record)?, epochs)).map(drop),
            None => Ok(()),
        };
        let found = raise(work::run(py, n_jobs, divide, show))?;
        Ok(pythonize(py, &about(&found))?)
    }

    /// The clusters and what is known of them: parts by place and name.
    fn additions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let clusters = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let n_obs = clusters.labels().codes().len();
        raise(parts::additions(py, &clusters.additions(), n_obs, 0))
    }
}

impl Subclusters {
    fn params(&self) -> Result<Box<dyn AnyParams>> {
        self.kind.read(self.params.clone()).or_else(|e| refuse(e.to_string()))
    }
}

/// Columns of obs.
fn frame(
    labels: Vec<(String, Labels<'_>)>,
    confidence: Vec<(String, Vec<f64>)>,
) -> Result<DataFrame> {
    let labels = labels.into_iter();
    let labels = labels.map(|(name, of)| Ok((name, Column::Categorical(categorical(of)?))));
    let mut columns = labels.collect::<Result<Vec<(String, Column)>>>()?;
    columns.extend(confidence.into_iter().map(|(name, of)| (name, Column::Float(of))));
    let n = columns.first().map_or(0, |(_, column)| column.len());
    let mut frame = DataFrame::new(vec![String::new(); n]);
    for (name, column) in columns {
        frame.set(name, column)?;
    }
    Ok(frame)
}

/// The model and its parameters.
fn chosen(
    result: &str,
    about: Option<&UnsValue>,
    model: Option<&str>,
    values: &Bound<'_, PyAny>,
) -> Result<(ModelKind, Box<dyn AnyParams>)> {
    let kind = match model {
        Some(model) => ModelKind::named(model)?,
        None => {
            let (kind, mut params) = fit_of(result, about.unwrap_or(&UnsValue::map()))?;
            if values.is_empty()? {
                params.set_n_clusters(NClusters::Auto);
                return Ok((kind, params));
            }
            kind
        }
    };
    let (kind, values) = read(kind.name, values)?;
    Ok((kind, kind.params(&values)?))
}

fn about(found: &Subclustered) -> Value {
    json!({
        "of": found.of, "names": found.names, "sizes": found.sizes, "n_left_out": found.n_left_out,
        "without_batches": found.without_batches, "n_supported": found.supported.map(|s| s.0),
        "no_evidence": found.no_evidence,
    })
}
