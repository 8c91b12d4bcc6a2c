//! The fitted model: predict, save, load.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use morula_core::{Encoder, EncoderConfig, ops};
use morula_data::CountMatrix;
use morula_preprocess::{Recipe, Report};
use serde::{Deserialize, Serialize};

use super::finish::shrink;
use super::train::EVAL_BATCH;
use super::{Embedding, JojoSclParams};
use crate::assignment::{Assignment, SavedAssignment};
use crate::cluster::Granularity;
use crate::correction::Correction;
use crate::{ClusterModel, EpochRecord, Matrix, ModelError, Prediction, Result, folder, weights};

/// Version of the folder written by [`ClusterModel::save`].
const FORMAT: u32 = 5;

/// A fitted JojoSCL model.
#[derive(Debug, Clone)]
pub struct JojoSclModel {
    pub(super) params: JojoSclParams,
    pub(super) recipe: Recipe,
    pub(super) encoder: Encoder,
    pub(super) correction: Correction,
    pub(super) assignment: Assignment,
    pub(super) granularity: Option<Granularity>,
    pub(super) centres: Matrix,
    pub(super) shrinkage: Vec<f32>,
    pub(super) history: Vec<EpochRecord>,
    pub(super) fitted: Option<Prediction>,
}

/// `model.json`; the weights are beside it.
#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    model: String,
    version: String,
    params: JojoSclParams,
    recipe: Recipe,
    #[serde(default)]
    correction: Correction,
    assignment: SavedAssignment,
    granularity: Option<Granularity>,
    centres: Matrix,
    shrinkage: Vec<f32>,
    history: Vec<EpochRecord>,
}

impl JojoSclModel {
    /// The parameters it was fitted with.
    pub fn params(&self) -> &JojoSclParams {
        &self.params
    }

    /// The fitted preprocessing.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// b of every cluster: how far SURE says its cells should be drawn to its centre. Near 1 the
    /// cells differ by noise alone, near 0 the centre carries nothing.
    pub fn shrinkage(&self) -> &[f32] {
        &self.shrinkage
    }

    /// Labels, probabilities and embedding from the encoder's output.
    pub(super) fn describe(
        &self,
        h: Tensor<2>,
        proba: Matrix,
        kept_cells: Vec<usize>,
        report: Report,
    ) -> Result<Prediction> {
        let latent = match self.params.embedding {
            Embedding::Raw => h,
            Embedding::Shrunk => {
                let labels = ops::indices(&proba.argmax(), &h.device());
                let centres = self.centres.to_tensor(&h.device());
                shrink(h, centres, labels, &self.shrinkage)
            }
        };
        Prediction::read(proba, latent, kept_cells, report)
    }

    fn device(&self) -> Device {
        self.encoder.devices().into_iter().next().unwrap_or_default()
    }
}

impl ClusterModel for JojoSclModel {
    const NAME: &'static str = "jojoscl";

    fn n_clusters(&self) -> usize {
        self.assignment.n_clusters()
    }

    fn granularity(&self) -> Option<&Granularity> {
        self.granularity.as_ref()
    }

    fn fitted(&self) -> Option<&Prediction> {
        self.fitted.as_ref()
    }

    fn predict(&self, counts: &CountMatrix) -> Result<Prediction> {
        let prepared = self.recipe.transform(counts)?;
        let (n_genes, device) = (prepared.n_genes, self.device());
        // The device never holds more than a batch: there may be any number of cells.
        let batches = prepared.x.chunks(EVAL_BATCH * n_genes).map(|rows| {
            let x = TensorData::new(rows.to_vec(), [rows.len() / n_genes, n_genes]);
            self.encoder.forward(Tensor::<2>::from_data(x, &device))
        });
        let h = Tensor::cat(batches.collect(), 0);
        let h = self.correction.apply_embedding(h, prepared.batches.as_deref())?;
        let proba = self.assignment.proba(&h, &prepared)?;
        self.describe(h, proba, prepared.kept_cells, prepared.report)
    }

    fn batches(&self) -> &[String] {
        self.recipe.batches()
    }

    fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    fn save(&self, target: &Path) -> Result<()> {
        folder::replace(target, |folder| {
            weights::save(&self.encoder, &folder.join("encoder.safetensors"))?;
            let manifest = Manifest {
                format: FORMAT,
                model: Self::NAME.into(),
                version: env!("CARGO_PKG_VERSION").into(),
                params: self.params.clone(),
                recipe: self.recipe.clone(),
                correction: self.correction.clone(),
                assignment: self.assignment.save(folder, &self.device())?,
                granularity: self.granularity.clone(),
                centres: self.centres.clone(),
                shrinkage: self.shrinkage.clone(),
                history: self.history.clone(),
            };
            folder::write_json(&folder.join("model.json"), &manifest)
        })
    }

    fn load(target: &Path, device: &Device) -> Result<Self> {
        let home = folder::existing(target).unwrap_or_else(|| target.into());
        let path = home.join("model.json");
        let manifest: Manifest = folder::read_manifest(&path, Self::NAME, FORMAT)?;
        let params = manifest.params.check()?.into_params();
        let d = *params.widths.last().unwrap_or(&0);
        let device = &device.clone().inner();
        let sizes = [d, manifest.recipe.n_genes()];
        let assignment = Assignment::load(manifest.assignment, &home, sizes, device)?;
        let consistent = |assignment: &Assignment| {
            let k = assignment.n_clusters();
            manifest.recipe.n_genes() > 0
                && manifest.correction.fits(d)
                && manifest.shrinkage.len() == k
                && (manifest.centres.n_rows(), manifest.centres.n_cols()) == (k, d)
        };
        let Some(assignment) = assignment.filter(consistent) else {
            let why = "clusters, shrinkage and parameters disagree in their sizes".into();
            return Err(ModelError::Saved { path, why });
        };
        let config = EncoderConfig::new(manifest.recipe.n_genes());
        let mut encoder = config.with_widths(params.widths.clone()).init(device).valid();
        weights::load(&mut encoder, &home.join("encoder.safetensors"))?;
        Ok(Self {
            params,
            recipe: manifest.recipe,
            encoder,
            correction: manifest.correction,
            assignment,
            granularity: manifest.granularity,
            centres: manifest.centres,
            shrinkage: manifest.shrinkage,
            history: manifest.history,
            fitted: None,
        })
    }
}
