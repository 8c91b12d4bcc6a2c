//! The fitted model: predict, save, load.

use std::path::Path;

use burn::tensor::Device;
use morula_cluster::representations::{ExpressionViews, JointViews};
use morula_cluster::{ClusterTree, KnnClassifier, KnnSizes, Level};
use morula_data::CountMatrix;
use morula_preprocess::Recipe;
use serde::{Deserialize, Serialize};

use super::{NAME, ViewsParams};
use crate::clustering::{VOTERS, no_tree};
use crate::saved::folder::{self, Folder};
use crate::saved::manifest::{self, Header, refused};
use crate::saved::write_json;
use crate::{ClusterModel, Description, EpochRecord, Prediction, Result};

/// Version of the folder written by [`ClusterModel::save`].
const FORMAT: u32 = 1;

/// A fitted model of views.
#[derive(Debug, Clone)]
pub struct ViewsModel {
    pub(super) params: ViewsParams,
    pub(super) recipe: Recipe,
    pub(super) views: ExpressionViews,
    pub(super) joint: JointViews,
    pub(super) knn: KnnClassifier,
    pub(super) tree: Option<ClusterTree>,
    /// Always empty: there is no training.
    pub(super) history: Vec<EpochRecord>,
    pub(super) fitted: Option<Prediction>,
}

/// `model.json`; the cells of the fit have their own file.
#[derive(Serialize, Deserialize)]
struct Manifest {
    #[serde(flatten)]
    header: Header,
    params: ViewsParams,
    recipe: Recipe,
    views: ExpressionViews,
    joint: JointViews,
    voters: KnnSizes,
    tree: Option<ClusterTree>,
}

impl ViewsModel {
    /// The name of the model.
    pub const NAME: &'static str = NAME;

    /// The parameters of the fit.
    pub fn params(&self) -> &ViewsParams {
        &self.params
    }
}

impl ClusterModel for ViewsModel {
    model_fields!();

    fn n_clusters(&self) -> usize {
        self.knn.n_clusters()
    }

    fn describe(&self) -> Description {
        Description::of(&self.params, self.params.seed, Vec::new())
    }

    fn predict(&self, counts: &CountMatrix) -> Result<Prediction> {
        let prepared = self.recipe.transform(counts)?;
        let scores = self.views.transform(&prepared)?;
        let classes = self.knn.predict(&scores)?;
        let latent = self.joint.transform(&scores, self.knn.views())?;
        Ok(Prediction::new(classes, latent, prepared.kept_cells, prepared.report))
    }

    fn cut(&self, level: Level) -> Result<Box<dyn ClusterModel>> {
        let tree = self.tree.as_ref().ok_or_else(no_tree)?.at(level)?;
        let knn = self.knn.cut(&tree)?;
        Ok(Box::new(Self { knn, tree: Some(tree), fitted: None, ..self.clone() }))
    }

    fn save(&self, target: &Path) -> Result<()> {
        folder::write(target, |folder| {
            self.knn.save(&folder.join(VOTERS))?;
            let manifest = Manifest {
                header: Header::new(NAME, FORMAT),
                params: self.params.clone(),
                recipe: self.recipe.clone(),
                views: self.views.clone(),
                joint: self.joint.clone(),
                voters: self.knn.sizes(),
                tree: self.tree.clone(),
            };
            write_json(&folder.join(manifest::MODEL), &manifest)
        })
    }

    fn load(target: &Path, _: &Device) -> Result<Self> {
        let folder = Folder::open(target)?;
        let manifest: Manifest = manifest::read_manifest(&folder, NAME, FORMAT)?;
        let Manifest { params, recipe, views, joint, voters, tree, .. } = manifest;
        let params = params.check().map_err(|e| refused(&folder, e))?.into_params();
        recipe.check().map_err(|e| refused(&folder, e))?;
        let n_genes = recipe.n_genes();
        let dims = voters.dims();
        let fits =
            n_genes > 0 && views.fits(n_genes) && dims == &views.dims(0)[1..] && joint.fits(dims);
        if !fits {
            return Err(refused(&folder, "genes, views and cells disagree in their sizes"));
        }
        let knn = KnnClassifier::load(&folder.file(VOTERS)?, &voters)?;
        if tree.as_ref().is_some_and(|tree| !knn.fits(tree)) {
            return Err(refused(&folder, "the tree and the cells disagree in their clusters"));
        }
        Ok(Self { params, recipe, views, joint, knn, tree, history: Vec::new(), fitted: None })
    }
}
