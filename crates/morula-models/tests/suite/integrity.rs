//! Saved models and checkpoints that are not what was written are refused, naming the file.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use morula_models::{Checkpoint, EpochRecord, FitOptions, MODELS, ModelKind};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{counts, device, list, reseal, small};

/// Random bits that are flipped in each file.
const FLIPS: usize = 60;

/// Small parameters of a model.
fn params(kind: ModelKind, seed: u64) -> Box<dyn morula_models::AnyParams> {
    let mut params = small::params(kind);
    params.set_seed(seed);
    params
}

/// A saved model.
fn saved(kind: ModelKind, seed: u64) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let fit = params(kind, seed).fit_with(&counts(60).0, &device(), FitOptions::default());
    fit.unwrap().save(&home.path().join("model")).unwrap();
    home
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Loading fails within a second, and the error names the file.
fn is_refused(kind: ModelKind, folder: &Path, file: &str, case: &str) {
    let start = Instant::now();
    let error = kind.load(folder, &device()).expect_err(case).to_string();
    assert!(error.contains(file), "{case}: {error}");
    assert!(start.elapsed() < Duration::from_secs(1), "{case}");
}

#[test]
fn any_flipped_bit_of_a_saved_model_is_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for &kind in MODELS {
        let home = saved(kind, 0);
        let folder = home.path().join("model");
        assert!(kind.load(&folder, &device()).is_ok());
        let files = files(&folder);
        let least = if kind.trained { 4 } else { 3 };
        assert!(files.len() >= least, "{files:?}");
        for path in files {
            let whole = fs::read(&path).unwrap();
            for _ in 0..FLIPS {
                let (at, bit) = (rng.random_range(0..whole.len()), rng.random_range(0..8));
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                fs::write(&path, &flipped).unwrap();
                let case = format!("{kind}: bit {bit} of byte {at} of {}", path.display());
                is_refused(kind, &folder, name(&path), &case);
                if let Err(error) = ModelKind::of_saved(&folder) {
                    assert!(error.to_string().contains(name(&path)), "{case}: {error}");
                }
            }
            fs::write(&path, whole).unwrap();
        }
        assert!(kind.load(&folder, &device()).is_ok());
    }
}

#[test]
fn files_of_another_model_are_refused() {
    for &kind in MODELS {
        let homes = [saved(kind, 0), saved(kind, 1)];
        let [one, other] = [0, 1].map(|i: usize| homes[i].path().join("model"));
        for path in files(&one) {
            let (whole, theirs) =
                (fs::read(&path).unwrap(), fs::read(other.join(name(&path))).unwrap());
            if whole == theirs {
                continue;
            }
            fs::write(&path, theirs).unwrap();
            // Whose checksums they are is not known.
            let file = if name(&path) == "checksums.json" { "model" } else { name(&path) };
            is_refused(kind, &one, file, &format!("{kind}: {}", path.display()));
            fs::write(&path, whole).unwrap();
        }
        assert!(kind.load(&one, &device()).is_ok());
    }
}

/// Widths that no file holds are refused before memory is taken for them, checksums or not.
#[test]
fn sizes_beyond_the_files_are_refused() {
    for &kind in MODELS {
        let home = saved(kind, 0);
        let folder = home.path().join("model");
        let path = folder.join("model.json");
        let whole: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let huge = json!(1_u64 << 40);
        let changes = match kind.name {
            "jojoscl" => {
                vec![("/params/widths", json!([huge, 6])), ("/params/widths", json!([8, huge]))]
            }
            "scsiameseclu" => vec![
                ("/params/widths", json!([huge, 6])),
                ("/params/graph_widths", json!([huge])),
                ("/params/latent", huge.clone()),
                ("/n_trained", json!(50)),
                ("/reference/cells", huge),
            ],
            "views" => vec![
                ("/voters/n_cells", huge.clone()),
                ("/views/scaled/n_comps", huge.clone()),
                ("/joint/components/n_comps", huge),
            ],
            other => panic!("{other} has no sizes to change here"),
        };
        for (pointer, value) in changes {
            let mut changed = whole.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            fs::write(&path, changed.to_string()).unwrap();
            is_refused(kind, &folder, "model.json", pointer);
            reseal(&folder);
            is_refused(kind, &folder, "model", pointer);
        }
    }
}

#[test]
fn folders_of_earlier_versions_are_refused_by_their_format() {
    for &kind in MODELS {
        let home = saved(kind, 0);
        let folder = home.path().join("model");
        fs::remove_file(folder.join("checksums.json")).unwrap();
        is_refused(kind, &folder, "checksums.json", "no checksums");
        let path = folder.join("model.json");
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let format = manifest["format"].as_u64().unwrap();
        manifest["format"] = json!(format - 1);
        fs::write(&path, manifest.to_string()).unwrap();
        is_refused(kind, &folder, &format!("in format {}", format - 1), "an earlier format");
        is_refused(kind, &folder, &format!("in format {format} is needed"), "an earlier format");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    for &kind in MODELS {
        for listed in [true, false] {
            let home = saved(kind, 0);
            let folder = home.path().join("model");
            if !listed {
                fs::remove_file(folder.join("checksums.json")).unwrap();
            }
            let path = folder.join("model.json");
            fs::remove_file(&path).unwrap();
            let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
            assert!(made.success());
            is_refused(kind, &folder, "model.json", "a pipe");
            assert!(ModelKind::of_saved(&folder).is_err());
        }
        // A list that leaves files out does not help.
        let home = saved(kind, 0);
        let folder = home.path().join("model");
        let checksum = crc32fast::hash(&fs::read(folder.join("model.json")).unwrap());
        list(&folder, [("model.json".to_string(), checksum)].into());
        let path = folder.join("voters.safetensors");
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        is_refused(kind, &folder, "voters.safetensors", "a pipe that is not listed");
    }
}

#[test]
fn any_flipped_bit_of_a_checkpoint_is_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let counts = counts(60).0;
    for &kind in MODELS.iter().filter(|kind| kind.trained) {
        let home = tempfile::tempdir().unwrap();
        let checkpoint =
            |resume| Some(Checkpoint { folder: home.path().into(), every: 1000, resume });
        let mut stop = |record: &EpochRecord, epochs: usize| match record.epoch + 1 == epochs {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let options = FitOptions { observer: Some(&mut stop), checkpoint: checkpoint(false) };
        assert!(params(kind, 0).fit_with(&counts, &device(), options).is_err());
        let resume = || {
            let options = FitOptions { observer: None, checkpoint: checkpoint(true) };
            params(kind, 0).fit_with(&counts, &device(), options)
        };
        for path in files(&home.path().join(kind.name)) {
            let whole = fs::read(&path).unwrap();
            for _ in 0..FLIPS / 4 {
                let (at, bit) = (rng.random_range(0..whole.len()), rng.random_range(0..8));
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                fs::write(&path, &flipped).unwrap();
                let error = resume().expect_err("damage is refused").to_string();
                assert!(error.contains(name(&path)), "byte {at} of {}: {error}", path.display());
            }
            fs::write(&path, whole).unwrap();
        }
        assert!(resume().is_ok());
    }
}
