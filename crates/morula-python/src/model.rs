//! Fitted models and their predictions.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use morula::data::DenseMatrix;
use morula::models::NamedDevice;
use morula::prelude::*;
use morula::preprocess::{UmapParams, umap, umap_layout};
use morula::results::{
    confident_additions, evidence_additions, fitted_evidence, refitted_evidence,
};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pythonize::pythonize;
use serde_json::{Map, Value, json};

use crate::counts::Counts;
use crate::cut::chosen;
use crate::errors::{Error, Result, raise};
use crate::params::{device, read};
use crate::{parts, work};

/// A fitted model.
#[pyclass(frozen, module = "morula._morula")]
pub struct Model {
    inner: Arc<Mutex<Box<dyn ClusterModel>>>,
    device: NamedDevice,
    /// Number of cells of the fit; 0 of a model that was loaded.
    n_obs: usize,
}

/// Clusters, probabilities and embedding of cells.
#[pyclass(frozen, module = "morula._morula")]
pub struct Predicted {
    inner: Arc<Prediction>,
    n_obs: usize,
}

impl Model {
    fn new(model: Box<dyn ClusterModel>, device: NamedDevice, n_obs: usize) -> Self {
        Self { inner: Arc::new(Mutex::new(model)), device, n_obs }
    }

    /// Asks the model away from Python's lock, also while another question is being answered. A panic
    /// in one question does not spoil the model.
    fn ask<T: Send + 'static>(
        &self,
        py: Python<'_>,
        n_jobs: Option<usize>,
        question: impl FnOnce(&dyn ClusterModel) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let model = self.inner.clone();
        raise(work::quietly(py, n_jobs, move || {
            question(model.lock().unwrap_or_else(PoisonError::into_inner).as_ref())
        }))
    }
}

/// Fits a model to counts. `progress` is called after every epoch with its record and the number of
/// epochs, or is None; an exception from it, and Ctrl-C, end the fit.
#[pyfunction]
#[pyo3(signature = (kind, params, counts, device_name, n_jobs, progress))]
pub fn fit(
    py: Python<'_>,
    kind: &str,
    params: &Bound<'_, PyAny>,
    counts: &Counts,
    device_name: &str,
    n_jobs: Option<usize>,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<Model> {
    let (kind, params) = raise(read(kind, params))?;
    let device = raise(device(py, device_name))?;
    let (counts, n_obs) = (counts.inner(), counts.inner().n_obs());
    let chosen = device.device.clone();
    let fit = move |report: work::Report<(EpochRecord, usize)>| {
        let mut watch = |record: &EpochRecord, epochs: usize| match report((record.clone(), epochs))
        {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let options = FitOptions { observer: Some(&mut watch), checkpoint: None };
        Ok(kind.params(&params)?.fit_with(&counts, &chosen, options)?)
    };
    let show = |py: Python<'_>, (record, epochs): (EpochRecord, usize)| match &progress {
        Some(progress) => progress.call1((pythonize(py, &record)?, epochs)).map(drop),
        None => Ok(()),
    };
    raise(work::run(py, n_jobs, fit, show)).map(|model| Model::new(model, device, n_obs))
}

/// Loads a model that this package, the command or a program has saved.
#[pyfunction]
pub fn load(py: Python<'_>, folder: PathBuf, device_name: &str) -> PyResult<Model> {
    let device = raise(device(py, device_name))?;
    let chosen = device.device.clone();
    let load = move || Ok(ModelKind::of_saved(&folder)?.load(&folder, &chosen)?);
    raise(work::quietly(py, None, load)).map(|model| Model::new(model, device, 0))
}

#[pymethods]
impl Model {
    /// Name of the model.
    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.ask(py, None, |model| Ok(model.name()))
    }

    /// Number of clusters.
    #[getter]
    fn n_clusters(&self, py: Python<'_>) -> PyResult<usize> {
        self.ask(py, None, |model| Ok(model.n_clusters()))
    }

    /// Name of the device.
    #[getter]
    fn device(&self) -> &str {
        &self.device.name
    }

    /// Batches that it corrects for.
    #[getter]
    fn batches(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, None, |model| Ok(model.batches().to_vec()))
    }

    /// Names of the genes that it uses.
    #[getter]
    fn genes(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, None, |model| {
            Ok(model.recipe().selected_genes().into_iter().map(String::from).collect())
        })
    }

    /// Parameters and seed of the fit, as a dict.
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let parameters = self.ask(py, None, |model| Ok(model.describe().parameters))?;
        Ok(pythonize(py, &parameters)?)
    }

    /// Losses of every epoch, as dicts.
    #[getter]
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let terms = |record: &EpochRecord| -> Map<String, Value> {
            record.terms.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
        };
        let record = |record: &EpochRecord| {
            json!({
                "epoch": record.epoch, "stage": record.stage, "total": record.total,
                "learning_rate": record.learning_rate,
                "terms": terms(record),
            })
        };
        let history = self.ask(py, None, |model| Ok(model.history().to_vec()))?;
        Ok(pythonize(py, &history.iter().map(record).collect::<Vec<Value>>())?)
    }

    /// Clusters, probabilities and embedding of the cells of the fit; None of a loaded model.
    fn fitted(&self, py: Python<'_>) -> PyResult<Option<Predicted>> {
        let found = self.ask(py, None, |model| Ok(model.fitted().cloned()))?;
        Ok(found.map(|inner| Predicted { inner: Arc::new(inner), n_obs: self.n_obs }))
    }

    /// Clusters, probabilities and embedding of new cells.
    #[pyo3(signature = (counts, n_jobs))]
    fn predict(
        &self,
        py: Python<'_>,
        counts: &Counts,
        n_jobs: Option<usize>,
    ) -> PyResult<Predicted> {
        let counts = counts.inner();
        let n_obs = counts.n_obs();
        let found = self.ask(py, n_jobs, move |model| Ok(model.predict(&counts)?))?;
        Ok(Predicted { inner: Arc::new(found), n_obs })
    }

    /// The model with the clusters at a level ("coarse", "default" or "fine"), of a number, or at a
    /// resolution.
    #[pyo3(signature = (level, n_clusters, resolution))]
    fn cut(
        &self,
        py: Python<'_>,
        level: Option<&str>,
        n_clusters: Option<usize>,
        resolution: Option<f64>,
    ) -> PyResult<Self> {
        let level = raise(chosen(level, n_clusters, resolution))?;
        let cut = self.ask(py, None, move |model| Ok(model.cut(level)?))?;
        Ok(Self::new(cut, self.device.clone(), 0))
    }

    /// Writes the model to a folder.
    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        self.ask(py, None, move |model| Ok(model.save(&folder)?))
    }

    /// What the command adds to its input: parts by place and name. `denoised`: with the layer of
    /// denoised counts, for data with these genes. `layout`: with UMAP of the embedding.
    #[pyo3(signature = (predicted, min_confidence, genes, denoised, layout, n_jobs))]
    #[expect(clippy::too_many_arguments, reason = "called from one place of Python")]
    fn additions<'py>(
        &self,
        py: Python<'py>,
        predicted: &Predicted,
        min_confidence: f32,
        genes: Vec<String>,
        denoised: bool,
        layout: bool,
        n_jobs: Option<usize>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (found, n_obs) = (predicted.inner.clone(), predicted.n_obs);
        let (device, n_vars) = (self.device.name.clone(), genes.len());
        let additions = self.ask(py, n_jobs, move |model| {
            let mut all = confident_additions(model, &found, n_obs, &device, min_confidence)?;
            if denoised {
                let counts = Denoised::of(model, &found)?.ok_or_else(|| no_counts(model))?;
                all = counts.add_to(all, n_obs, &genes)?;
            }
            if layout {
                let params = UmapParams { seed: model.describe().seed, ..UmapParams::default() };
                let (latent, d) = (found.latent.values(), found.latent.n_cols());
                let places = match &found.neighbors {
                    Some(near) => umap_layout(near, latent, d, &params)?,
                    None => umap(latent, d, &params)?,
                };
                all = umap_additions(all, model.name(), &found, n_obs, &places, &params)?;
            }
            Ok(all)
        })?;
        raise(parts::additions(py, &additions, n_obs, n_vars))
    }

    /// The evidence for the splits of the clusters of the fit, which was to these counts with this
    /// number of clusters (None: to be found): parts by place and name, and the number of clusters
    /// that it supports. `full`: with a second fit of the model. None of a model without a tree, and
    /// of a loaded one.
    #[pyo3(signature = (counts, n_clusters, full, n_jobs))]
    fn evidence<'py>(
        &self,
        py: Python<'py>,
        counts: &Counts,
        n_clusters: Option<usize>,
        full: bool,
        n_jobs: Option<usize>,
    ) -> PyResult<Option<(Bound<'py, PyDict>, usize)>> {
        let counts = counts.inner();
        let (n_obs, n_vars) = (counts.n_obs(), counts.n_vars());
        let asked = n_clusters.map_or(NClusters::Auto, NClusters::Given);
        let (model, device) = (self.inner.clone(), self.device.device.clone());
        let test = move |report: work::Report<()>| {
            let model = model.lock().unwrap_or_else(PoisonError::into_inner);
            let mut watch = |_: &EpochRecord, _: usize| match report(()) {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            };
            let found = match full {
                true => {
                    let options = FitOptions { observer: Some(&mut watch), checkpoint: None };
                    refitted_evidence(model.as_ref(), &counts, &device, options)?
                }
                false => fitted_evidence(model.as_ref(), &counts, asked)?,
            };
            let (Some(tree), Some(found)) = (model.tree(), found) else { return Ok(None) };
            let additions = evidence_additions(Additions::new(), model.name(), tree, &found)?;
            Ok(Some((additions, found.n_supported)))
        };
        let found = raise(work::run(py, n_jobs, test, |_, ()| Ok(())))?;
        let Some((additions, n_supported)) = found else { return Ok(None) };
        Ok(Some((raise(parts::additions(py, &additions, n_obs, n_vars))?, n_supported)))
    }

    /// Denoised counts of predicted cells: the genes, and kept cells x genes.
    fn denoised<'py>(
        &self,
        py: Python<'py>,
        predicted: &Predicted,
    ) -> PyResult<(Vec<String>, Bound<'py, PyAny>)> {
        let found = predicted.inner.clone();
        let counts = self.ask(py, None, move |model| {
            model.denoised(&found.latent)?.ok_or_else(|| no_counts(model))
        })?;
        let counts = raise(predicted.spread(&counts))?;
        Ok((self.genes(py)?, parts::dense(py, &counts)?))
    }
}

/// The error for denoised counts of a model that has none.
fn no_counts(model: &dyn ClusterModel) -> Error {
    Error::Value(format!("{} does not denoise", model.name()))
}

impl Predicted {
    /// The rows of the kept cells among all cells, NaN for the others.
    fn spread(&self, matrix: &DenseMatrix) -> Result<DenseMatrix> {
        let d = matrix.n_cols();
        let mut values = vec![f32::NAN; self.n_obs * d];
        for (row, &i) in self.inner.kept_cells.iter().enumerate() {
            values[i * d..(i + 1) * d].copy_from_slice(matrix.row(row));
        }
        Ok(DenseMatrix::new(self.n_obs, d, values)?)
    }
}

#[pymethods]
impl Predicted {
    /// Number of cells, kept or not.
    #[getter]
    fn n_obs(&self) -> usize {
        self.n_obs
    }

    /// Positions of the cells that have a result.
    #[getter]
    fn kept_cells<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        PyArray1::from_iter(py, self.inner.kept_cells.iter().map(|&i| i as i64))
    }

    /// Cluster of every cell, -1 of cells left out.
    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        let mut labels = vec![-1; self.n_obs];
        let found = &self.inner;
        found.kept_cells.iter().zip(&found.labels).for_each(|(&i, &k)| labels[i] = k as i64);
        PyArray1::from_vec(py, labels)
    }

    /// Probability of every cluster, cells x clusters; NaN of cells left out.
    #[getter]
    fn proba<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        parts::dense(py, &raise(self.spread(&self.inner.proba))?)
    }

    /// Embedding, cells x dimensions; NaN of cells left out.
    #[getter]
    fn latent<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        parts::dense(py, &raise(self.spread(&self.inner.latent))?)
    }
}
