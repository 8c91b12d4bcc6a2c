//! Reads the data sets in the folder `MORULA_DATA`.

use morula_data::{Additions, Column, DataError, read, read_counts, read_obs, write_h5ad_with};
use std::path::PathBuf;

fn files() -> Vec<PathBuf> {
    let Some(folder) = morula_testing::data_folder() else { return Vec::new() };
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.filter(|p| p.extension().is_some_and(|e| e == "h5ad")).collect()
}

#[test]
fn every_file_is_read_and_only_counts_are_taken_for_counts() {
    for file in files() {
        let name = file.file_name().unwrap().to_str().unwrap().to_string();
        let data = read(&file).unwrap();
        assert_eq!(data.obs, read_obs(&file).unwrap(), "{name}");
        assert!(data.obs.column("cell_type").unwrap().labels().iter().all(Option::is_some));
        assert_eq!(data.not_loaded, Vec::<String>::new(), "{name}");
        let counts = read_counts(&file, None);
        if name.contains("RPKM") {
            let error = counts.unwrap_err();
            let text = error.to_string();
            assert!(matches!(error.cause(), DataError::NotCounts { .. }), "{text}");
            for part in [&name, "cell Oocyte..1.RPKM., gene RPS11 holds 1219.9", "RPKM"] {
                assert!(text.contains(part), "{text}");
            }
        } else {
            assert_eq!(counts.unwrap(), data.into_counts(None).unwrap(), "{name}");
        }
    }
}

#[test]
fn results_are_added_to_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    for file in files() {
        let before = read(&file).unwrap();
        let label = |i: usize| Some((i % 7).to_string());
        let ours = Column::categorical((0..before.n_obs()).map(label));
        write_h5ad_with(&file, &out, &Additions::new().obs("ours", ours.clone())).unwrap();
        let after = read(&out).unwrap();
        assert_eq!(after.obs.column("ours").unwrap(), &ours);
        assert_eq!((&after.x, &after.var, &after.uns), (&before.x, &before.var, &before.uns));
    }
}
