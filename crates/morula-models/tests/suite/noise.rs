//! Counts that differ by chance alone are one cluster of every model, however it is trained.

use morula_models::{ClusterModel, JojoScl, NClusters, ScSiameseClu};

use crate::common::{device, noise};

/// 10 clusters were found in 200 cells of Poisson noise before the cut of the tree needed evidence.
#[test]
fn noise_is_one_cluster() {
    for (cells, genes) in [(100, 100), (200, 300), (300, 100)] {
        for dispersion in [0.0, 0.5] {
            for seed in 0..3 {
                let counts = noise(cells, genes, dispersion, seed);
                let case = format!("{cells} cells, {genes} genes, {dispersion}, {seed}");
                let params = ScSiameseClu::params(NClusters::Auto).autoencoder_epochs(2);
                let params = params.graph_epochs(2).joint_epochs(4).epochs(2);
                let model = params.fit(&counts, &device()).unwrap();
                assert_eq!(model.n_clusters(), 1, "scSiameseClu {case}: {:?}", model.profile());
                let params = JojoScl::params(NClusters::Auto).epochs(2).widths(vec![64, 32]);
                let model = params.fit(&counts, &device()).unwrap();
                assert_eq!(model.n_clusters(), 1, "JojoSCL {case}: {:?}", model.profile());
            }
        }
    }
}
