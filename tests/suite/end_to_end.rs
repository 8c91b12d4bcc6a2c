//! The facade from simulated counts to a file and back, as in a program that depends on `morula`.

use std::error::Error;

use morula::data::{read, read_obs, write_h5ad};
use morula::metrics::evaluate;
use morula::prelude::*;
use morula::preprocess::{SimulateParams, simulate};

#[test]
fn counts_to_clusters_in_a_file() -> Result<(), Box<dyn Error>> {
    let strong = SimulateParams { markers: 100, fold_change: 4.0, ..SimulateParams::default() };
    let simulated = simulate(&SimulateParams { cells: 300, types: 3, ..strong })?;
    let counts = &simulated.counts;
    let home = tempfile::tempdir()?;
    let (input, output) = (home.path().join("in.h5ad"), home.path().join("out.h5ad"));
    let names = (counts.obs_names().to_vec(), counts.var_names().to_vec());
    write_h5ad(&input, &AnnData::new(counts.x().clone(), names.0, names.1)?)?;

    let counts = read_counts(&input, None)?;
    assert_eq!(&counts, &simulated.counts);
    let device = DeviceChoice::Cpu.resolve()?;
    let model = JojoScl::params(3).epochs(40).fit(&counts, &device.device)?;
    let fitted = model.fitted().ok_or("no cells")?;
    let additions = additions(&model, fitted, counts.n_obs(), &device.name)?;
    assert!(write_h5ad_with(&input, &output, &additions)?.is_empty());

    let labels = read_obs(&output)?.column("jojoscl")?.labels();
    assert!(labels.iter().all(Option::is_some));
    let score = evaluate(&simulated.types, &labels)?;
    assert!(score.ari > 0.8, "{score:?}");

    let whole = read(&output)?;
    assert_eq!(whole.x.as_ref(), Some(counts.x()));
    let latent = &whole.obsm["X_jojoscl"];
    assert_eq!((latent.n_rows(), latent.n_cols()), (300, 64));
    assert_eq!(latent.values(), fitted.latent.values());
    assert_eq!(whole.obsm["jojoscl_proba"].n_cols(), 3);
    assert!(whole.uns.contains_key("jojoscl"));
    Ok(())
}

#[test]
fn a_real_data_set_is_clustered_well() -> Result<(), Box<dyn Error>> {
    let Some(folder) = morula_testing::data_folder() else { return Ok(()) };
    let path = folder.join("Darmanis_human_brain_full.h5ad");
    let counts = read_counts(&path, None)?;
    let device = DeviceChoice::Cpu.resolve()?;
    let model = JojoScl::params(8).fit(&counts, &device.device)?;
    let fitted = model.fitted().ok_or("no cells")?;
    // The labels serve for scoring only.
    let truth = read_obs(&path)?.column("cell_type")?.labels();
    let truth: Vec<_> = fitted.kept_cells.iter().map(|&i| &truth[i]).collect();
    let score = evaluate(&truth, &fitted.labels)?;
    // contrastive-sc reaches .517 here, k-means on principal components .753.
    assert!(score.ari > 0.6, "{score:?}");
    Ok(())
}
