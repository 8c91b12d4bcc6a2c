//! The fitted JojoSCL model: predict, save, load.

use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use morula_cluster::representations::{BatchCorrection, CellFeatures};
use morula_cluster::{ClusterTree, Level};
use morula_data::CountMatrix;
use morula_preprocess::Recipe;
use serde::{Deserialize, Serialize};

use super::inputs::Inputs;
use super::shrinkage::Shrinkage;
use super::{Embedding, Input, JojoSclEncoder, JojoSclParams, NAME};
use crate::clustering::{Classifier, SavedClassifier, no_tree};
use crate::saved::folder::{self, Folder};
use crate::saved::manifest::{self, Header, refused};
use crate::saved::{weights, write_json};
use crate::{ClusterModel, Description, EpochRecord, Prediction, Result};

/// Version of the folder written by [`ClusterModel::save`].
const FORMAT: u32 = 8;

/// Name of the file with the weights in a saved model.
const ENCODER: &str = "encoder.safetensors";

/// A fitted JojoSCL model.
#[derive(Debug, Clone)]
pub struct JojoSclModel {
    pub(super) params: JojoSclParams,
    pub(super) recipe: Recipe,
    pub(super) features: Option<CellFeatures>,
    pub(super) encoder: JojoSclEncoder,
    pub(super) correction: BatchCorrection,
    pub(super) classifier: Classifier,
    pub(super) tree: Option<ClusterTree>,
    /// What moves the embedding, if it is shrunk.
    pub(super) prior: Option<Shrinkage>,
    pub(super) shrinkage: Vec<f32>,
    pub(super) history: Vec<EpochRecord>,
    pub(super) fitted: Option<Prediction>,
}

/// `model.json`; the weights have their own file.
#[derive(Serialize, Deserialize)]
struct Manifest {
    #[serde(flatten)]
    header: Header,
    params: JojoSclParams,
    recipe: Recipe,
    features: Option<CellFeatures>,
    #[serde(default)]
    correction: BatchCorrection,
    #[serde(rename = "assignment")]
    classifier: SavedClassifier,
    tree: Option<ClusterTree>,
    prior: Option<Shrinkage>,
    shrinkage: Vec<f32>,
    history: Vec<EpochRecord>,
}

impl JojoSclModel {
    /// The name of the model.
    pub const NAME: &'static str = NAME;

    /// The parameters of the fit.
    pub fn params(&self) -> &JojoSclParams {
        &self.params
    }

    /// The trained query encoder, with statistics of the clean data where it has any.
    pub fn encoder(&self) -> &JojoSclEncoder {
        &self.encoder
    }

    /// b of every cluster: how far SURE draws its cells to its centre. Near 1, the cells differ by
    /// noise alone; near 0, the centre carries no information.
    pub fn shrinkage(&self) -> &[f32] {
        &self.shrinkage
    }

    fn device(&self) -> Device {
        self.encoder.devices().into_iter().next().unwrap_or_default()
    }
}

impl ClusterModel for JojoSclModel {
    model_fields!();

    fn n_clusters(&self) -> usize {
        self.classifier.n_clusters()
    }

    /// `b`: how far SURE draws the cells of each cluster to its centre.
    fn describe(&self) -> Description {
        let b = self.shrinkage.iter().copied().map(f64::from).collect();
        Description::of(&self.params, self.params.seed, vec![("b", b)])
    }

    fn predict(&self, counts: &CountMatrix) -> Result<Prediction> {
        let prepared = self.recipe.transform(counts)?;
        let device = self.device();
        let inputs = Inputs::new(&self.params, self.features.as_ref(), &prepared, &device)?;
        let h = inputs.embed(|x| self.encoder.forward(x))?;
        let h = self.correction.apply(h, prepared.batches.as_deref())?;
        let h = match &self.prior {
            Some(prior) => prior.apply(&h),
            None => h,
        };
        let classes = self.classifier.predict(&h, &prepared, &device)?;
        Ok(Prediction::new(classes, h, prepared.kept_cells, prepared.report))
    }

    /// b of a group is the mean over its cells of that of their clusters.
    fn cut(&self, level: Level) -> Result<Box<dyn ClusterModel>> {
        let known = self.tree.as_ref().ok_or_else(no_tree)?;
        let tree = known.at(level)?;
        let classifier = self.classifier.cut(&tree)?;
        let k = tree.n_clusters();
        let (mut n, mut b) = (vec![0.0; k], vec![0.0; k]);
        for ((&from, &to), &size) in known.clusters().iter().zip(tree.clusters()).zip(tree.sizes())
        {
            let size = size as f32;
            n[to] += size;
            b[to] += size * self.shrinkage[from];
        }
        let shrinkage = b.iter().zip(&n).map(|(b, n)| b / n).collect();
        let tree = Some(tree);
        let cut = Self { classifier, tree, shrinkage, fitted: None, ..self.clone() };
        Ok(Box::new(cut))
    }

    fn save(&self, target: &Path) -> Result<()> {
        folder::write(target, |folder| {
            weights::save(&self.encoder, &folder.join(ENCODER))?;
            let manifest = Manifest {
                header: Header::new(NAME, FORMAT),
                params: self.params.clone(),
                recipe: self.recipe.clone(),
                features: self.features.clone(),
                correction: self.correction.clone(),
                classifier: self.classifier.save(folder)?,
                tree: self.tree.clone(),
                prior: self.prior.clone(),
                shrinkage: self.shrinkage.clone(),
                history: self.history.clone(),
            };
            write_json(&folder.join(manifest::MODEL), &manifest)
        })
    }

    fn load(target: &Path, device: &Device) -> Result<Self> {
        let folder = Folder::open(target)?;
        let manifest: Manifest = manifest::read_manifest(&folder, NAME, FORMAT)?;
        let params = manifest.params.check().map_err(|e| refused(&folder, e))?.into_params();
        manifest.recipe.check().map_err(|e| refused(&folder, e))?;
        let d = *params.widths.last().unwrap_or(&0);
        let device = &device.clone().inner();
        let n_genes = manifest.recipe.n_genes();
        let classifier = Classifier::load(manifest.classifier, &folder, [d, n_genes])?;
        let consistent = |classifier: &Classifier| {
            let k = classifier.n_clusters();
            n_genes > 0
                && manifest.correction.fits(d)
                && manifest.shrinkage.len() == k
                && classifier.fits(manifest.tree.as_ref())
                && manifest.prior.as_ref().is_none_or(|prior| prior.fits(d))
                && manifest.prior.is_some() == (params.embedding == Embedding::Shrunk)
                && manifest.features.is_some() == (params.input == Input::Components)
                && manifest.features.as_ref().is_none_or(|features| features.fits(n_genes))
        };
        let Some(classifier) = classifier.filter(consistent) else {
            let why = "clusters, shrinkage and parameters disagree in their sizes";
            return Err(refused(&folder, why));
        };
        let weights = folder.file(ENCODER)?;
        let d_input = manifest.features.as_ref().map_or(n_genes, CellFeatures::n_dims);
        let widths = [&[d_input], params.widths.as_slice()].concat();
        weights::check_sizes(&weights, weights::layers(&widths))?;
        let mut encoder = JojoSclEncoder::new(&params, d_input, device).valid();
        weights::load(&mut encoder, &weights)?;
        Ok(Self {
            params,
            recipe: manifest.recipe,
            features: manifest.features,
            encoder,
            correction: manifest.correction,
            classifier,
            tree: manifest.tree,
            prior: manifest.prior,
            shrinkage: manifest.shrinkage,
            history: manifest.history,
            fitted: None,
        })
    }
}
