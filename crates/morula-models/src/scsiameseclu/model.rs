//! The fitted scSiameseClu model: predict, save, load.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use morula_cluster::representations::ExpressionViews;
use morula_cluster::{Classes, ClusterTree, Level};
use morula_core::CoreError;
use morula_core::graph::{Diffusion, DiffusionConfig};
use morula_core::zinb::ZinbAutoencoder;
use morula_data::{CountMatrix, DenseMatrix};
use morula_preprocess::{Prepared, Recipe};
use serde::{Deserialize, Serialize};

use super::network::{Network, layers};
use super::projection::Projection;
use super::reference::{Reference, Sizes};
use super::{NAME, ScSiameseCluParams};
use crate::clustering::{Classifier, SavedClassifier, no_tree};
use crate::device::{read, read_matrix};
use crate::saved::folder::{self, Folder};
use crate::saved::manifest::{self, Header, refused};
use crate::saved::{weights, write_json};
use crate::{ClusterModel, Description, EpochRecord, Prediction, Result};

/// Version of the folder written by [`ClusterModel::save`].
const FORMAT: u32 = 9;

/// Name of the file with the weights in a saved model.
const NETWORK: &str = "network.safetensors";

/// Name of the file with the cells of the fit.
const REFERENCE: &str = "reference.safetensors";

/// Cells denoised at once: their counts are dense on the device.
const DENOISED_CELLS: usize = 4096;

/// Most new cells embedded at once, or as many as the known cells if there are more. The known
/// cells are embedded again each time.
const NEW_CELLS: usize = 4096;

/// A fitted scSiameseClu model.
///
/// It holds the principal components of the cells it was fitted on, because new cells are attached
/// to the nearest of them.
#[derive(Debug, Clone)]
pub struct ScSiameseCluModel {
    pub(super) params: ScSiameseCluParams,
    pub(super) recipe: Recipe,
    pub(super) projection: Projection,
    pub(super) reference: Reference,
    pub(super) network: Network,
    /// The classifier, unless the clusters are those of the main stage.
    pub(super) classifier: Option<Classifier>,
    pub(super) tree: Option<ClusterTree>,
    pub(super) history: Vec<EpochRecord>,
    pub(super) fitted: Option<Prediction>,
}

/// `model.json`; weights and reference cells have their own files.
#[derive(Serialize, Deserialize)]
struct Manifest {
    #[serde(flatten)]
    header: Header,
    params: ScSiameseCluParams,
    recipe: Recipe,
    projection: Projection,
    reference: Sizes,
    /// The views in which new cells find the cells that they are attached to.
    views: Option<Box<ExpressionViews>>,
    /// Number of clusters in training.
    n_trained: usize,
    #[serde(rename = "assignment")]
    classifier: Option<SavedClassifier>,
    tree: Option<ClusterTree>,
    history: Vec<EpochRecord>,
}

impl ScSiameseCluModel {
    /// The name of the model.
    pub const NAME: &'static str = NAME;

    /// The parameters of the fit.
    pub fn params(&self) -> &ScSiameseCluParams {
        &self.params
    }

    /// The trained expression autoencoder, which gives the distribution of counts.
    pub fn encoder(&self) -> &ZinbAutoencoder {
        &self.network.expression
    }

    /// Denoised counts of cells with that embedding: the mean mu of their zero-inflated negative
    /// binomial, without dropout and before size factors. This is the count at the library size
    /// with size factor 1 ([3.3]).
    ///
    /// # Shapes
    /// - latent: cells x d, as in [`Prediction::latent`]
    /// - output: cells x [selected genes](Recipe::selected_genes)
    ///
    /// # Errors
    /// When the embedding has another width, or the device fails.
    ///
    /// [3.3]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3
    pub fn denoise(&self, latent: &DenseMatrix) -> Result<DenseMatrix> {
        let d = self.params.latent;
        if latent.n_cols() != d {
            let found = [latent.n_rows(), latent.n_cols()];
            let expected = format!("[n, d] with d = {d}");
            return Err(CoreError::shape("denoise", "latent", &found, expected).into());
        }
        let network = &self.network.expression;
        let mut counts = Vec::with_capacity(latent.n_rows() * self.recipe.n_genes());
        for rows in latent.values().chunks(DENOISED_CELLS * d) {
            let z = TensorData::new(rows.to_vec(), [rows.len() / d, d]);
            let z = Tensor::<2>::from_data(z, &self.device());
            let mean = network.distribution(network.trunk(z)).mean();
            counts.extend(read(mean, "the denoised counts")?);
        }
        Ok(DenseMatrix::from_rows(counts, self.recipe.n_genes()))
    }

    /// Embedding of preprocessed cells, `[m, d]`.
    fn embed(&self, prepared: &Prepared) -> Result<Tensor<2>> {
        let Self { params, network, projection, reference, .. } = self;
        let scores = projection.transform(prepared)?;
        let nearest = reference.spaces.attach(params, projection, &scores, prepared)?;
        let diffusion = self.diffusion()?;
        // New cells do not depend on each other, so they are embedded in blocks.
        let at_once = reference.x.n_rows().max(NEW_CELLS);
        let nearest_of = nearest.indices.chunks(at_once * nearest.k.max(1));
        let cells = scores.chunks(at_once * projection.n_comps()).zip(nearest_of);
        let z = cells.map(|(scores, near)| {
            reference.embed_new(params, network, &diffusion, (nearest.k, near), scores)
        });
        Ok(Tensor::cat(z.collect::<Result<_>>()?, 0))
    }

    fn diffusion(&self) -> Result<Diffusion> {
        Ok(DiffusionConfig::new().with_alpha(self.params.alpha).init()?)
    }

    /// Number of clusters in training.
    fn n_trained(&self) -> usize {
        let [k, _] = self.network.assignment.centroids.dims();
        k
    }

    fn device(&self) -> Device {
        self.network.devices().into_iter().next().unwrap_or_default()
    }
}

impl ClusterModel for ScSiameseCluModel {
    model_fields!();

    fn n_clusters(&self) -> usize {
        self.classifier.as_ref().map_or_else(|| self.n_trained(), Classifier::n_clusters)
    }

    fn describe(&self) -> Description {
        Description::of(&self.params, self.params.seed, Vec::new())
    }

    fn denoised(&self, latent: &DenseMatrix) -> Result<Option<DenseMatrix>> {
        self.denoise(latent).map(Some)
    }

    fn predict(&self, counts: &CountMatrix) -> Result<Prediction> {
        let prepared = self.recipe.transform(counts)?;
        let z = self.embed(&prepared)?;
        let latent = read_matrix(z.clone(), "the embedding")?;
        let classes = match &self.classifier {
            Some(classifier) => classifier.predict(&latent, &prepared, &z.device())?,
            None => {
                let proba = read_matrix(self.network.assignment.forward(z), "the probabilities")?;
                Classes { proba, leaves: None }
            }
        };
        Ok(Prediction::new(classes, latent, prepared.kept_cells, prepared.report))
    }

    fn cut(&self, level: Level) -> Result<Box<dyn ClusterModel>> {
        let tree = self.tree.as_ref().ok_or_else(no_tree)?.at(level)?;
        let classifier = Some(self.classifier.as_ref().ok_or_else(no_tree)?.cut(&tree)?);
        Ok(Box::new(Self { classifier, tree: Some(tree), fitted: None, ..self.clone() }))
    }

    fn save(&self, target: &Path) -> Result<()> {
        folder::write(target, |folder| {
            weights::save(&self.network, &folder.join(NETWORK))?;
            self.reference.save(&folder.join(REFERENCE), &self.device())?;
            let manifest = Manifest {
                header: Header::new(NAME, FORMAT),
                params: self.params.clone(),
                recipe: self.recipe.clone(),
                projection: self.projection.clone(),
                reference: self.reference.sizes(),
                views: self.reference.spaces.views.clone(),
                n_trained: self.n_trained(),
                classifier: self.classifier.as_ref().map(|c| c.save(folder)).transpose()?,
                tree: self.tree.clone(),
                history: self.history.clone(),
            };
            write_json(&folder.join(manifest::MODEL), &manifest)
        })
    }

    fn load(target: &Path, device: &Device) -> Result<Self> {
        let folder = Folder::open(target)?;
        let device = device.clone().inner();
        let manifest: Manifest = manifest::read_manifest(&folder, NAME, FORMAT)?;
        let params = manifest.params.check().map_err(|e| refused(&folder, e))?.into_params();
        manifest.recipe.check().map_err(|e| refused(&folder, e))?;
        let (n_comps, n_genes) = (manifest.projection.n_comps(), manifest.recipe.n_genes());
        let sizes = [params.latent, manifest.recipe.n_genes()];
        let saved = manifest.classifier;
        let others = saved.is_some();
        let classifier = match saved {
            Some(saved) => Classifier::load(saved, &folder, sizes)?,
            None => None,
        };
        let k = manifest.n_trained;
        let tree = manifest.tree.as_ref();
        let consistent = classifier.is_some() == others
            && classifier.as_ref().map_or(tree.is_none(), |known| known.fits(tree))
            && (1..=manifest.reference.cells.max(1)).contains(&k)
            && params.n_clusters.given().is_none_or(|k| k <= manifest.reference.cells)
            && n_comps > 0
            && manifest.projection.fits(&params, n_genes)
            && manifest.reference.components == n_comps;
        let disagree =
            || refused(&folder, "centroids, components and parameters disagree in their sizes");
        if !consistent {
            return Err(disagree());
        }
        let weights = folder.file(NETWORK)?;
        weights::check_sizes(&weights, layers(&params, [k, n_comps, n_genes]))?;
        let mut network = Network::init(&params, [k, n_comps, n_genes], &device)?.valid();
        weights::load(&mut network, &weights)?;
        let cells = folder.file(REFERENCE)?;
        let reference = Reference::load(&cells, &manifest.reference, manifest.views, &device)?;
        if !reference.spaces.fits(&params, n_comps, n_genes) {
            return Err(disagree());
        }
        Ok(Self {
            reference,
            params,
            recipe: manifest.recipe,
            projection: manifest.projection,
            network,
            classifier,
            tree: manifest.tree,
            history: manifest.history,
            fitted: None,
        })
    }
}
