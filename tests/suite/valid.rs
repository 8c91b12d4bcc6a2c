//! The tables of docs/evidence.md: what tests after clustering say of noise and of weak types, on the
//! molecules in which clusters were found and on others.
//!
//! `cargo test --release --workspace --test suite -- --ignored --nocapture --test-threads=1 valid`

use morula::cluster::evidence::{Evidence, EvidenceParams, Found, Shown, evidence_by};
use morula::cluster::representations::CellGraph;
use morula::cluster::{ClusterError, ClusterTree, LeidenParams, NClusters, communities, leiden};
use morula::data::{Categorical, CsrMatrix};
use morula::markers::{Markers, rank_genes_valid};
use morula::metrics::evaluate;
use morula::prelude::*;
use morula::preprocess::thinning::{ThinParams, dispersions, thin};
use morula::preprocess::{
    RecipeParams, SimulateParams, Simulated, TargetSum, log1p, normalize_total, simulate,
};

/// 500 genes, and cells of different sizes. With a fold change, a tenth of the genes are markers of
/// two types.
fn simulated(cells: usize, dispersion: f64, fold_change: f64, seed: u64) -> Simulated {
    let types = if fold_change > 1.0 { 2 } else { 1 };
    let markers = if fold_change > 1.0 { 25 } else { 0 };
    let params = SimulateParams {
        cells,
        types,
        type_ratio: 1.0,
        markers,
        dispersion,
        seed,
        ..Default::default()
    };
    simulate(&SimulateParams {
        genes: 500,
        library_size: 450.0,
        fold_change,
        dropout: 0.0,
        ..params
    })
    .unwrap()
}

/// Clusters, their tree, and the leaf of every cell.
struct Clusters {
    labels: Vec<Option<usize>>,
    tree: ClusterTree,
    leaves: Vec<Option<usize>>,
}

/// Leiden at the resolution of modularity, which forces splits, or two communities.
#[derive(Clone, Copy)]
enum Rule {
    Modularity,
    Two,
}

fn clusters(counts: &CountMatrix, rule: Rule, seed: u64) -> Clusters {
    let (_, prepared) = RecipeParams::default().fit(counts).unwrap();
    let graph = CellGraph::fit(&prepared).unwrap().expression_graph().unwrap();
    let (found, resolution) = match rule {
        Rule::Modularity => {
            let params = LeidenParams { resolution: 1.0, seed, n_init: 1 };
            (leiden(&graph, &params).unwrap(), 1.0)
        }
        Rule::Two => {
            let found = communities(&graph, NClusters::Given(2), seed).unwrap();
            (found.labels, found.resolution)
        }
    };
    let (tree, of_kept) = ClusterTree::fit(&graph, &found, resolution, seed).unwrap();
    let spread = |values: &[usize]| {
        let mut all = vec![None; counts.n_obs()];
        prepared.kept_cells.iter().zip(values).for_each(|(&i, &v)| all[i] = Some(v));
        all
    };
    Clusters { labels: spread(&found), leaves: spread(&of_kept), tree }
}

/// The evidence for these clusters.
fn tested(counts: &CountMatrix, rule: Rule, seed: u64) -> Evidence {
    let Clusters { tree, leaves, .. } = clusters(counts, rule, seed);
    let shown = Shown { tree: &tree, leaves: &leaves, n_clusters: NClusters::Auto };
    let params = EvidenceParams { seed, ..EvidenceParams::default() };
    let find = |first: &CountMatrix| {
        let Clusters { tree, leaves, .. } = clusters(first, rule, seed);
        Ok::<_, ClusterError>(Found { tree, leaves })
    };
    evidence_by(counts, shown, params, find).unwrap()
}

fn categories(labels: &[Option<usize>]) -> Categorical {
    let k = labels.iter().flatten().max().map_or(0, |k| k + 1);
    let codes = labels.iter().map(|label| label.map_or(-1, |k| k as i32)).collect();
    Categorical::new(codes, (0..k).map(|k| k.to_string()).collect(), false).unwrap()
}

fn log_normalised(counts: &CountMatrix) -> CsrMatrix {
    let mut x = counts.x().clone();
    normalize_total(&mut x, TargetSum::Median).unwrap();
    log1p(&mut x);
    x
}

/// The rank sum on the counts in which the clusters were found, the rank sum on other molecules, and
/// the log-ratio test on other molecules; the last two for clusters of the first part.
fn tests(counts: &CountMatrix, rule: Rule, seed: u64) -> Option<[Markers; 3]> {
    let params = MarkersParams { min_cells: 5, ..MarkersParams::default() };
    let labels = clusters(counts, rule, seed).labels;
    // Noise is one group, whatever splits are forced.
    let groups: Vec<usize> = match rule {
        Rule::Modularity => vec![0; counts.n_obs()],
        Rule::Two => labels.iter().map(|label| label.unwrap_or(2)).collect(),
    };
    let naive = categories(&labels);
    let sizes = counts.x().rows().map(|(_, v)| v.iter().map(|&v| f64::from(v)).sum());
    let phi = dispersions(counts.x(), &sizes.collect::<Vec<f64>>(), &groups).unwrap();
    let [first, second] = thin(counts, &phi, ThinParams { share: 0.7, seed }).unwrap();
    let anew = categories(&clusters(&first, rule, seed).labels);
    if naive.categories().len() < 2 || anew.categories().len() < 2 {
        return None;
    }
    Some([
        rank_genes_groups(&log_normalised(counts), &naive, &params).unwrap(),
        rank_genes_groups(&log_normalised(&second), &anew, &params).unwrap(),
        rank_genes_valid(second.x(), &anew, &params).unwrap(),
    ])
}

const TESTS: [&str; 3] = ["rank sum, same molecules", "rank sum, held out", "log-ratio, held out"];

/// Splits of noise are forced at the resolution of modularity.
#[test]
#[ignore = "takes minutes; prints a table"]
fn valid_splits_of_noise() {
    println!("| cells | counts | runs | splits | runs with a supported split |");
    for cells in [100, 300, 1000, 2000] {
        for (name, dispersion) in [("Poisson", 0.0), ("NB, .5", 0.5)] {
            let runs = if cells < 2000 { 300 } else { 100 };
            let (mut splits, mut supported) = (0, 0);
            for seed in 0..runs {
                let found =
                    tested(&simulated(cells, dispersion, 1.0, seed).counts, Rule::Modularity, seed);
                splits += found.n_tested;
                supported += u32::from(found.n_supported > 1);
            }
            println!("| {cells} | {name} | {runs} | {splits} | {supported} |");
            // 5%, and two standard errors of the share.
            let most = 0.05 * runs as f64 + 2.0 * (0.0475 * runs as f64).sqrt();
            assert!(f64::from(supported) <= most, "{cells} {name}: {supported} of {runs}");
        }
    }
}

/// Genes of clusters of noise.
#[test]
#[ignore = "takes minutes; prints a table"]
fn valid_markers_of_noise() {
    println!(
        "| cells | counts | test | p < .05 | p < .01 | p < .001 | clusters with a BH marker |"
    );
    for cells in [200, 500, 2000] {
        for (name, dispersion) in [("Poisson", 0.0), ("NB, .5", 0.5)] {
            let mut below = [[0_usize; 3]; 3];
            let (mut tested, mut false_clusters, mut n_clusters) = ([0; 3], [0_u32; 3], [0_u32; 3]);
            for seed in 0..50 {
                let counts = simulated(cells, dispersion, 1.0, seed).counts;
                let Some(found) = tests(&counts, Rule::Modularity, seed) else { continue };
                for (t, markers) in found.iter().enumerate() {
                    for group in markers.groups() {
                        n_clusters[t] += 1;
                        let genes = group.genes();
                        tested[t] += genes.len();
                        false_clusters[t] += u32::from(genes.iter().any(|g| g.pval_adj < 0.05));
                        for (below, level) in below[t].iter_mut().zip([0.05, 0.01, 0.001]) {
                            *below += genes.iter().filter(|g| g.pval < level).count();
                        }
                    }
                }
            }
            for t in 0..3 {
                let share = below[t].map(|n| format!("{:.4}", n as f64 / tested[t] as f64));
                let clusters = format!("{} of {}", false_clusters[t], n_clusters[t]);
                println!(
                    "| {cells} | {name} | {} | {} | {clusters} |",
                    TESTS[t],
                    share.join(" | ")
                );
            }
            // 5% of the clusters, and two standard errors of the share.
            let n = f64::from(n_clusters[2]);
            assert!(f64::from(false_clusters[2]) <= 0.05 * n + 2.0 * (0.0475 * n).sqrt());
        }
    }
}

/// Two types of 250 cells with 25 markers each, and two clusters.
#[test]
#[ignore = "takes minutes; prints a table"]
fn valid_tests_find_weak_types() {
    println!("| fold change | ARI | supported | test | true markers of 50 | false markers |");
    for fold_change in [1.5, 1.75, 2.0, 2.5, 3.0, 4.0] {
        let (runs, mut supported, mut ari) = (20_u32, 0, 0.0);
        let (mut right, mut wrong) = ([0; 3], [0; 3]);
        for seed in 0..u64::from(runs) {
            let Simulated { counts, markers, types, .. } = simulated(500, 0.5, fold_change, seed);
            supported += u32::from(tested(&counts, Rule::Two, seed).n_supported > 1);
            let found = clusters(&counts, Rule::Two, seed).labels;
            ari += evaluate(&types, &found).unwrap().ari / f64::from(runs);
            let Some(found) = tests(&counts, Rule::Two, seed) else { continue };
            for (t, test) in found.iter().enumerate() {
                let mut genes: Vec<usize> = test
                    .groups()
                    .iter()
                    .flat_map(|group| group.genes())
                    .filter(|g| g.pval_adj < 0.05)
                    .map(|g| g.gene)
                    .collect();
                genes.sort();
                genes.dedup();
                let known = |gene: &usize| markers.iter().any(|of_type| of_type.contains(gene));
                right[t] += genes.iter().filter(|g| known(g)).count() as u32;
                wrong[t] += genes.iter().filter(|g| !known(g)).count() as u32;
            }
        }
        for t in 0..3 {
            let [right, wrong] = [right[t], wrong[t]].map(|n| f64::from(n) / f64::from(runs));
            println!(
                "| {fold_change} | {ari:.2} | {supported} of {runs} | {} | {right:.1} | {wrong:.1} |",
                TESTS[t]
            );
        }
    }
}
