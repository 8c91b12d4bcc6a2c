//! Clusters of few cells: all of them have cells, and a number that cannot be met is named.

use morula_cluster::ClusterError;
use morula_data::{CountMatrix, CsrMatrix};
use morula_models::{
    ClusterMethod, ClusterModel, JojoScl, JojoSclParams, ModelError, ModelParams, NClusters,
    ScSiameseClu, ScSiameseCluParams,
};
use morula_preprocess::RecipeParams;

use crate::common::{checks, counts, device};

const METHODS: [ClusterMethod; 3] =
    [ClusterMethod::Communities, ClusterMethod::KMeans, ClusterMethod::Merge];

fn recipe() -> RecipeParams {
    RecipeParams { min_cells: 1, n_top_genes: 40, ..RecipeParams::default() }
}

fn jojoscl(method: ClusterMethod) -> JojoSclParams {
    let params = JojoScl::params(NClusters::Auto).epochs(1).widths(vec![8, 6]).projection(6);
    params.cluster_method(method).recipe(recipe())
}

fn scsiameseclu(method: ClusterMethod) -> ScSiameseCluParams {
    let params = ScSiameseClu::params(NClusters::Auto).autoencoder_epochs(1).graph_epochs(1);
    let params = params.joint_epochs(1).epochs(1).components(6).widths(vec![8]);
    params.graph_widths(vec![8]).latent(4).cluster_method(method).recipe(recipe())
}

fn fit<P: ModelParams>(
    params: &P,
    counts: &CountMatrix,
    k: NClusters,
) -> Result<P::Model, ModelError> {
    let mut params = params.clone();
    params.set_n_clusters(k);
    params.fit_with(counts, &device(), Default::default())
}

/// The numbers that the error names: those of clusters requested and possible.
fn too_many(error: ModelError) -> (usize, usize) {
    match error {
        ModelError::Cluster(error) => match *error {
            ClusterError::TooManyClusters { n_asked, n_possible } => (n_asked, n_possible),
            error => panic!("{error}"),
        },
        error => panic!("{error}"),
    }
}

/// A fit without a number, and with every number up to that of the cells.
fn is_met_or_named<P: ModelParams>(params: &P, counts: &CountMatrix, numbers: &[usize]) {
    let asked = numbers.iter().map(|&k| NClusters::Given(k));
    for k in std::iter::once(NClusters::Auto).chain(asked) {
        let case = format!("{}: {} cells, K = {k}", P::NAME, counts.n_obs());
        match (fit(params, counts, k), k.given()) {
            (Ok(model), k) => {
                assert!(k.is_none_or(|k| k == model.n_clusters()), "{case}");
                checks::is_numbered_by_size(&model);
                let fitted = model.fitted().unwrap();
                let sums = fitted.proba.rows().map(|row| row.iter().sum::<f32>());
                assert!(sums.into_iter().all(|sum| (sum - 1.0).abs() < 1e-4), "{case}");
                let again = model.predict(counts).unwrap();
                assert_eq!(again.n_clusters(), model.n_clusters(), "{case}");
            }
            // Cells that do not differ, or a single one.
            (Err(ModelError::Preprocess(_)), _) => {}
            (Err(error), k) => {
                let (n_asked, n_possible) = too_many(error);
                assert!(k == Some(n_asked) && (1..n_asked).contains(&n_possible), "{case}");
            }
        }
    }
}

#[test]
fn every_cluster_of_few_cells_has_cells() {
    for n in [1, 2, 3, 5, 8, 12, 20] {
        let (counts, _) = counts(n.max(3));
        let genes: Vec<usize> = (0..counts.n_vars()).collect();
        let counts = counts.select(&(0..n).collect::<Vec<_>>(), &genes);
        let numbers: Vec<usize> = match n {
            20 => vec![1, 2, 7, 14, 19, 20],
            _ => (1..=n).collect(),
        };
        for method in METHODS {
            is_met_or_named(&jojoscl(method), &counts, &numbers);
            is_met_or_named(&scsiameseclu(method), &counts, &numbers);
        }
    }
}

#[test]
fn cells_that_are_alike() {
    let (counts, _) = counts(4);
    let dense = counts.x().to_dense();
    let rows: Vec<f32> = (0..20).flat_map(|i| dense[i % 2 * 300..][..300].to_vec()).collect();
    let x = CsrMatrix::from_dense(20, 300, &rows).unwrap();
    let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
    let counts = CountMatrix::new(x, names(20), names(300)).unwrap();
    for method in METHODS {
        is_met_or_named(&jojoscl(method), &counts, &[1, 2, 3, 20]);
        is_met_or_named(&scsiameseclu(method), &counts, &[1, 2, 3, 20]);
    }
}

/// The number that the error names is met.
#[test]
fn the_number_named_is_met() {
    let (counts, _) = counts(60);
    let named = |error: ModelError| too_many(error).1;
    let params = jojoscl(ClusterMethod::Communities);
    let most = named(fit(&params, &counts, 60.into()).unwrap_err());
    assert_eq!(fit(&params, &counts, most.into()).unwrap().n_clusters(), most);
    assert!(fit(&params, &counts, (most + 1).into()).is_err());
    let params = scsiameseclu(ClusterMethod::Communities);
    let most = named(fit(&params, &counts, 60.into()).unwrap_err());
    assert_eq!(fit(&params, &counts, most.into()).unwrap().n_clusters(), most);
    assert!(fit(&params, &counts, (most + 1).into()).is_err());
}
