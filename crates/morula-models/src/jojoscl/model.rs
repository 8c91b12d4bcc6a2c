//! The fitted JojoSCL model: predict, save, load.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use morula_cluster::representations::BatchCorrection;
use morula_cluster::{Classes, ClusterTree, Level};
use morula_core::{Encoder, EncoderConfig};
use morula_data::{CountMatrix, DenseMatrix};
use morula_preprocess::{FilterReport, Recipe};
use serde::{Deserialize, Serialize};

use super::inputs::Inputs;
use super::shrinkage::shrink;
use super::{Embedding, JojoSclParams, NAME};
use crate::clustering::{Classifier, SavedClassifier, no_tree};
use crate::device::read_matrix;
use crate::saved::folder::{self, Folder};
use crate::saved::manifest::{self, Header, refused};
use crate::saved::{weights, write_json};
use crate::{ClusterModel, Description, EpochRecord, Prediction, Result};

/// Version of the folder written by [`ClusterModel::save`].
const FORMAT: u32 = 7;

/// Name of the file with the weights in a saved model.
const ENCODER: &str = "encoder.safetensors";

/// A fitted JojoSCL model.
#[derive(Debug, Clone)]
pub struct JojoSclModel {
    pub(super) params: JojoSclParams,
    pub(super) recipe: Recipe,
    pub(super) encoder: Encoder,
    pub(super) correction: BatchCorrection,
    pub(super) classifier: Classifier,
    pub(super) tree: Option<ClusterTree>,
    pub(super) centres: DenseMatrix,
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
    #[serde(default)]
    correction: BatchCorrection,
    #[serde(rename = "assignment")]
    classifier: SavedClassifier,
    tree: Option<ClusterTree>,
    centres: DenseMatrix,
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

    /// The trained query encoder, with batch statistics of the clean data. It maps scaled
    /// expression `[n, genes]` to embeddings `[n, d]` of length 1.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// b of every cluster: how far SURE draws its cells to its centre. Near 1, the cells differ by
    /// noise alone; near 0, the centre carries no information.
    pub fn shrinkage(&self) -> &[f32] {
        &self.shrinkage
    }

    /// Labels, probabilities and embedding from the encoder's output `h`.
    pub(super) fn prediction(
        &self,
        h: DenseMatrix,
        classes: Classes,
        kept_cells: Vec<usize>,
        report: FilterReport,
    ) -> Prediction {
        let latent = match self.params.embedding {
            Embedding::Raw => h,
            Embedding::Shrunk => {
                shrink(&h, &self.centres, &classes.proba.argmax(), &self.shrinkage)
            }
        };
        Prediction::new(classes, latent, kept_cells, report)
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
        let inputs = Inputs { cells: &prepared, device: self.device() };
        let h = inputs.blocks().map(|x| self.encoder.forward(x));
        let h = read_matrix(Tensor::cat(h.collect(), 0), "the embedding")?;
        let h = self.correction.apply(h, prepared.batches.as_deref())?;
        let classes = self.classifier.predict(&h, &prepared, &inputs.device)?;
        Ok(self.prediction(h, classes, prepared.kept_cells, prepared.report))
    }

    /// Centre and b of a group are the means of those of its cells' clusters.
    fn cut(&self, level: Level) -> Result<Box<dyn ClusterModel>> {
        let known = self.tree.as_ref().ok_or_else(no_tree)?;
        let tree = known.at(level)?;
        let classifier = self.classifier.cut(&tree)?;
        let (k, d) = (tree.n_clusters(), self.centres.n_cols());
        let (mut n, mut b, mut centres) = (vec![0.0; k], vec![0.0; k], vec![0.0; k * d]);
        for ((&from, &to), &size) in known.clusters().iter().zip(tree.clusters()).zip(tree.sizes())
        {
            let size = size as f32;
            n[to] += size;
            b[to] += size * self.shrinkage[from];
            let sums = &mut centres[to * d..(to + 1) * d];
            sums.iter_mut().zip(self.centres.row(from)).for_each(|(sum, c)| *sum += size * c);
        }
        let shrinkage = b.iter().zip(&n).map(|(b, n)| b / n).collect();
        centres.iter_mut().enumerate().for_each(|(at, sum)| *sum /= n[at / d]);
        let centres = DenseMatrix::from_rows(centres, d);
        let tree = Some(tree);
        let cut = Self { classifier, tree, centres, shrinkage, fitted: None, ..self.clone() };
        Ok(Box::new(cut))
    }

    fn save(&self, target: &Path) -> Result<()> {
        folder::write(target, |folder| {
            weights::save(&self.encoder, &folder.join(ENCODER))?;
            let manifest = Manifest {
                header: Header::new(NAME, FORMAT),
                params: self.params.clone(),
                recipe: self.recipe.clone(),
                correction: self.correction.clone(),
                classifier: self.classifier.save(folder)?,
                tree: self.tree.clone(),
                centres: self.centres.clone(),
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
        let sizes = [d, manifest.recipe.n_genes()];
        let classifier = Classifier::load(manifest.classifier, &folder, sizes)?;
        let consistent = |classifier: &Classifier| {
            let k = classifier.n_clusters();
            manifest.recipe.n_genes() > 0
                && manifest.correction.fits(d)
                && manifest.shrinkage.len() == k
                && classifier.fits(manifest.tree.as_ref())
                && (manifest.centres.n_rows(), manifest.centres.n_cols()) == (k, d)
        };
        let Some(classifier) = classifier.filter(consistent) else {
            let why = "clusters, shrinkage and parameters disagree in their sizes";
            return Err(refused(&folder, why));
        };
        let weights = folder.file(ENCODER)?;
        let widths = [&[manifest.recipe.n_genes()], params.widths.as_slice()].concat();
        weights::check_sizes(&weights, weights::layers(&widths))?;
        let config = EncoderConfig::new(manifest.recipe.n_genes());
        let mut encoder = config.with_widths(params.widths.clone()).init(device).valid();
        weights::load(&mut encoder, &weights)?;
        Ok(Self {
            params,
            recipe: manifest.recipe,
            encoder,
            correction: manifest.correction,
            classifier,
            tree: manifest.tree,
            centres: manifest.centres,
            shrinkage: manifest.shrinkage,
            history: manifest.history,
            fitted: None,
        })
    }
}
