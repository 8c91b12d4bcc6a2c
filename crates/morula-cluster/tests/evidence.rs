//! Splits of noise are not supported, splits of types are.

use morula_cluster::evidence::{Evidence, EvidenceParams, Shown, evidence};
use morula_cluster::representations::CellGraph;
use morula_cluster::{ClusterTree, LeidenParams, NClusters, leiden};
use morula_data::CountMatrix;
use morula_preprocess::{RecipeParams, SimulateParams, simulate};

/// Clusters of the counts by Leiden at a resolution, with their evidence.
fn tested(counts: &CountMatrix, resolution: f64, seed: u64) -> (ClusterTree, Evidence) {
    let (_, prepared) = RecipeParams::default().fit(counts).unwrap();
    let graph = CellGraph::fit(&prepared).unwrap().expression_graph().unwrap();
    let labels = leiden(&graph, &LeidenParams { resolution, seed, n_init: 1 }).unwrap();
    let (tree, of_kept) = ClusterTree::fit(&graph, &labels, resolution, seed).unwrap();
    let mut leaves = vec![None; counts.n_obs()];
    prepared.kept_cells.iter().zip(of_kept).for_each(|(&i, leaf)| leaves[i] = Some(leaf));
    let shown = Shown { tree: &tree, leaves: &leaves, n_clusters: NClusters::Auto };
    let params = EvidenceParams { seed, ..EvidenceParams::default() };
    let found = evidence(counts, &RecipeParams::default(), shown, params).unwrap();
    (tree, found)
}

/// Counts of one type, Poisson or overdispersed, in cells of different sizes.
fn noise(cells: usize, dispersion: f64, seed: u64) -> CountMatrix {
    let none = SimulateParams { types: 1, markers: 0, dropout: 0.0, ..SimulateParams::default() };
    let params = SimulateParams { cells, genes: 500, library_size: 450.0, seed, ..none };
    simulate(&SimulateParams { dispersion, ..params }).unwrap().counts
}

/// Splits of noise are forced at the resolution of modularity. At the level of 5%, at most 3 of 20
/// runs may support any split (probability .98).
#[test]
fn splits_of_noise_are_not_supported() {
    for dispersion in [0.0, 0.5] {
        let mut supported = 0;
        let mut splits = 0;
        for seed in 0..20 {
            let (tree, found) = tested(&noise(200, dispersion, seed), 1.0, seed);
            splits += tree.merges().len();
            supported += usize::from(found.n_supported > 1);
        }
        assert!(splits > 60, "{splits}");
        assert!(supported <= 3, "dispersion {dispersion}: {supported} of 20");
    }
}

#[test]
fn splits_of_types_are_supported_and_found_again() {
    let params = SimulateParams { cells: 600, types: 4, markers: 60, ..SimulateParams::default() };
    let simulated = simulate(&params).unwrap();
    let (tree, found) = tested(&simulated.counts, 0.4, 0);
    assert_eq!(found.splits.len(), tree.merges().len());
    let between = &found.splits[tree.merges().len() + 1 - tree.n_clusters()..];
    assert_eq!(between.len(), 3);
    for split in between {
        assert!(split.supported && split.p.unwrap() < 1e-4, "{split:?}");
        assert!(split.found_again > 0.5 && split.error.unwrap() < 0.15, "{split:?}");
        assert!(split.n_markers.unwrap() > 10, "{split:?}");
    }
    assert!(found.n_supported >= 4);
    // The parts of homogeneous types are not.
    let within = &found.splits[..tree.merges().len() + 1 - tree.n_clusters()];
    assert!(within.iter().all(|split| !split.supported), "{within:?}");
}

#[test]
fn the_same_seed_gives_the_same_evidence() {
    let counts = noise(120, 0.5, 3);
    assert_eq!(tested(&counts, 1.0, 5).1, tested(&counts, 1.0, 5).1);
}

#[test]
fn unusable_input_is_refused() {
    let counts = noise(100, 0.0, 0);
    let (tree, _) = tested(&counts, 1.0, 0);
    let recipe = RecipeParams::default();
    let shown = |leaves| Shown { tree: &tree, leaves, n_clusters: NClusters::Auto };
    let short = [None; 99];
    assert!(evidence(&counts, &recipe, shown(&short), EvidenceParams::default()).is_err());
    let leaves = [Some(0); 100];
    for level in [0.0, 1.0, f64::NAN] {
        let params = EvidenceParams { level, ..EvidenceParams::default() };
        assert!(evidence(&counts, &recipe, shown(&leaves), params).is_err(), "{level}");
    }
    for share in [0.0, 1.0] {
        let params = EvidenceParams { share, ..EvidenceParams::default() };
        assert!(evidence(&counts, &recipe, shown(&leaves), params).is_err(), "{share}");
    }
}
