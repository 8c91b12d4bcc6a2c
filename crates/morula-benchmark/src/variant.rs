//! Ablations: a method with one thing changed.

use crate::method::Method;

/// The variant without changes.
pub const DEFAULT: &str = "default";

/// The variant that gets the batches in a column of obs.
pub fn batches_of(column: &str) -> String {
    format!("{BATCHES}{column}")
}

/// The column of batches, if the variant has one.
pub fn batch_column(name: &str) -> Option<&str> {
    name.strip_prefix(BATCHES)
}

const BATCHES: &str = "batches of ";

/// A name, and the changed parameters as in a configuration file.
pub struct Variant {
    pub name: &'static str,
    pub toml: &'static str,
}

const fn variant(name: &'static str, toml: &'static str) -> Variant {
    Variant { name, toml }
}

/// The ablations of a method.
pub fn ablations(method: Method) -> &'static [Variant] {
    match method {
        Method::Jojoscl => JOJOSCL,
        Method::Scsiameseclu => SCSIAMESECLU,
        Method::PcaKmeans | Method::PcaWard => COMPONENTS,
        Method::Leiden => LEIDEN,
        Method::LeidenTuned => LEIDEN_TUNED,
    }
}

/// The changed parameters of a variant; none for an unknown one.
pub fn parameters(method: Method, name: &str) -> Option<&'static str> {
    if name == DEFAULT || batch_column(name).is_some() {
        return Some("");
    }
    ablations(method).iter().find(|v| v.name == name).map(|v| v.toml)
}

const JOJOSCL: &[Variant] = &[
    variant("without shrinkage", "shrinkage_weight = 0"),
    variant("without cluster contrast", "cluster_weight = 0"),
    variant("without instance contrast", "instance_weight = 0"),
    variant("without neighbours", "neighbors = 0"),
    variant("without momentum", "momentum = 0"),
    variant("shrunk embedding", "embedding = \"shrunk\""),
    // A fit needs an epoch; at this learning rate the epoch changes nothing.
    variant("without training", "epochs = 1\nlearning_rate = 1e-12"),
    variant("K-means head", "head = \"kmeans\""),
];

const SCSIAMESECLU: &[Variant] = &[
    variant("without fusion", "fusion = false"),
    variant("without ZINB", "zinb_weight = 0"),
    variant("without transport", "transport_weight = 0"),
    variant("without cell refinement", "cell_weight = 0\ngraph_cell_weight = 0"),
    variant("without latent refinement", "latent_weight = 0"),
    variant("without propagation regularisation", "propagation_weight = 0"),
    variant(
        "without reconstruction",
        "expression_weight = 0\nsignal_weight = 0\nstructure_weight = 0",
    ),
    variant("without main stage", "epochs = 0"),
    variant(
        "without training",
        "autoencoder_epochs = 0\ngraph_epochs = 0\njoint_epochs = 0\nepochs = 0",
    ),
    variant("components as they are", "cosine = false"),
    variant("graph of z-scores alone", "graph_views = false"),
    variant("K-means head", "head = \"kmeans\""),
];

const COMPONENTS: &[Variant] = &[
    variant("20 components", "components = 20"),
    variant("genes of a single cell kept", "recipe.min_cells = 1"),
    variant("log-normalised", "recipe.scale = false"),
];

const LEIDEN: &[Variant] = &[
    variant("resolution 0.2", "resolution = 0.2"),
    variant("log-normalised, resolution 0.2", "recipe.scale = false\nresolution = 0.2"),
    variant("50 components", "components = 50"),
];

const LEIDEN_TUNED: &[Variant] = &[variant("log-normalised", "recipe.scale = false")];
