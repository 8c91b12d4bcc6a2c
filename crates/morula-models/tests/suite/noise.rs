//! Counts that differ by chance alone are one cluster of every model, however it is trained.

use morula_models::{ClusterModel, JojoScl, NClusters, ScSiameseClu, Views};

use crate::common::{device, noise};

/// Clusters that views find, and JojoSCL and scSiameseClu after short trainings.
fn found(cells: usize, genes: usize, dispersion: f64, seed: u64) -> [usize; 3] {
    let counts = noise(cells, genes, dispersion, seed);
    let params = JojoScl::params(NClusters::Auto).epochs(2).widths(vec![64, 32]);
    let jojoscl = params.fit(&counts, &device()).unwrap();
    let params = ScSiameseClu::params(NClusters::Auto).autoencoder_epochs(2);
    let params = params.graph_epochs(2).joint_epochs(4).epochs(2);
    let scsiameseclu = params.fit(&counts, &device()).unwrap();
    let views = Views::params(NClusters::Auto).fit(&counts, &device()).unwrap();
    [jojoscl.n_clusters(), scsiameseclu.n_clusters(), views.n_clusters()]
}

/// 10 clusters were found in 200 cells of Poisson noise before the cut of the tree needed evidence.
#[test]
fn noise_is_one_cluster() {
    for (cells, genes) in [(100, 100), (200, 300), (300, 100)] {
        for dispersion in [0.0, 0.5] {
            for seed in 0..3 {
                let found = found(cells, genes, dispersion, seed);
                assert_eq!(found, [1, 1, 1], "{cells} cells, {genes} genes, {dispersion}, {seed}");
            }
        }
    }
}

/// `cargo test --release -p morula-models --test suite -- --ignored --nocapture noise_of` prints the
/// number of clusters of every seed.
#[test]
#[ignore = "takes an hour"]
fn noise_of_any_size_is_one_cluster() {
    let mut wrong = 0;
    for cells in [100, 300, 1000, 2000] {
        for genes in [100, 500, 2000] {
            for dispersion in [0.0, 0.5] {
                let found: Vec<_> = (0..10).map(|i| found(cells, genes, dispersion, i)).collect();
                println!("{cells} cells, {genes} genes, dispersion {dispersion}: {found:?}");
                wrong += found.iter().flatten().filter(|&&k| k > 1).count();
            }
        }
    }
    assert_eq!(wrong, 0);
}
