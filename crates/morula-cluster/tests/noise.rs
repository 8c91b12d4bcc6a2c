//! Counts that differ by chance alone are one cluster.

use morula_cluster::NClusters;
use morula_cluster::representations::CellGraph;
use morula_preprocess::{RecipeParams, SimulateParams, simulate};

/// Laws of the counts: Poisson with equal depths, and negative binomial with unequal ones.
const LAWS: [(&str, f64, f64); 2] = [("Poisson", 0.0, 0.0), ("NB", 0.5, 0.4)];

/// Clusters in the views of expression of cells without types, on average 0.9 counts a gene.
fn clusters(cells: usize, genes: usize, law: (&str, f64, f64), seed: u64) -> usize {
    let (_, dispersion, library_sd) = law;
    let (library_size, none) = (0.9 * genes as f64, SimulateParams::default());
    let none = SimulateParams { types: 1, markers: 0, dropout: 0.0, ..none };
    let params =
        SimulateParams { cells, genes, library_size, dispersion, library_sd, seed, ..none };
    let (_, prepared) = RecipeParams::default().fit(&simulate(&params).unwrap().counts).unwrap();
    CellGraph::fit(&prepared).unwrap().n_clusters(NClusters::Auto, 0).unwrap()
}

/// Of ten seeds, with 100 cells of 100 genes, five gave two clusters or more before the cut of the
/// tree needed evidence.
#[test]
fn small_noise_is_one_cluster() {
    for (cells, genes) in [(100, 100), (100, 2000), (200, 300)] {
        for law in LAWS {
            for seed in 0..4 {
                let found = clusters(cells, genes, law, seed);
                assert_eq!(found, 1, "{cells} cells, {genes} genes, {} {seed}", law.0);
            }
        }
    }
}

/// The whole grid takes an hour: `cargo test --release -p morula-cluster --test noise -- --ignored
/// --nocapture` prints it. `SIZES` names other numbers of cells.
#[test]
#[ignore = "takes an hour"]
fn noise_of_any_size_is_one_cluster() {
    let sizes = std::env::var("SIZES").unwrap_or("100 200 500 1000 2000".into());
    let mut wrong = 0;
    for cells in sizes.split_whitespace().map(|n| n.parse().unwrap()) {
        for genes in [100, 300, 1000, 2000] {
            for law in LAWS {
                let found: Vec<usize> =
                    (0..10).map(|seed| clusters(cells, genes, law, seed)).collect();
                let more = found.iter().filter(|&&k| k > 1).count();
                println!("{cells} cells, {genes} genes, {}: {more} of 10 {found:?}", law.0);
                wrong += more;
            }
        }
    }
    assert_eq!(wrong, 0);
}
