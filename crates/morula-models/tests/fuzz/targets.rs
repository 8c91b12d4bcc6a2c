//! What loading does with any bytes in a file of a saved model or checkpoint whose checksums fit: an
//! error or a model, in little time and memory, never a panic. The folder `fuzz` runs these functions
//! with libFuzzer, and `tests/fuzz.rs` without it.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;

use morula_cluster::Level;
use morula_data::CountMatrix;
use morula_models::{Checkpoint, Device, DeviceChoice, EpochRecord, FitOptions, MODELS, ModelKind};
use morula_preprocess::{SimulateParams, simulate};
use tempfile::TempDir;

use super::seal::reseal;
use super::small::params;

/// A fitted model and a checkpoint before its last epoch.
struct Stored {
    kind: ModelKind,
    home: TempDir,
}

fn device() -> Device {
    DeviceChoice::Cpu.resolve().unwrap().device
}

fn counts() -> CountMatrix {
    let params = SimulateParams { cells: 30, genes: 100, types: 2, ..SimulateParams::default() };
    simulate(&params).unwrap().counts
}

fn options<'a>(folder: &Path, resume: bool) -> FitOptions<'a> {
    let checkpoint = Checkpoint { folder: folder.into(), every: 1000, resume };
    FitOptions { observer: None, checkpoint: Some(checkpoint) }
}

fn stored() -> &'static [Stored] {
    static STORED: OnceLock<Vec<Stored>> = OnceLock::new();
    STORED.get_or_init(|| {
        let store = |&kind: &ModelKind| {
            let home = tempfile::tempdir().unwrap();
            let mut stop = |_: &EpochRecord, _: usize| ControlFlow::Break(());
            let options = FitOptions { observer: Some(&mut stop), ..options(home.path(), false) };
            let stopped = params(kind).fit_with(&counts(), &device(), options);
            assert_eq!(stopped.is_err(), kind.trained, "{kind}");
            let model = params(kind).fit_with(&counts(), &device(), FitOptions::default()).unwrap();
            model.save(&home.path().join("model")).unwrap();
            Stored { kind, home }
        };
        MODELS.iter().map(store).collect()
    })
}

/// Names of the files in a folder but the checksums.
fn names(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    // A model without training has no checkpoint.
    let mut names: Vec<String> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(name).collect();
    names.retain(|name| name != "checksums.json");
    names.sort();
    names
}

/// Every file of the stored models, or checkpoints, behind a byte for its place.
#[allow(dead_code)]
pub fn corpus(part: fn(&ModelKind) -> &'static str) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for (i, Stored { kind, home }) in stored().iter().enumerate() {
        let folder = home.path().join(part(kind));
        for (j, name) in names(&folder).iter().enumerate() {
            let place = (i + MODELS.len() * j) as u8;
            files.push([&[place][..], &fs::read(folder.join(name)).unwrap()].concat());
        }
    }
    files
}

/// A copy of a stored folder with one file replaced, as the first byte says; its checksums fit.
fn changed(
    bytes: &[u8],
    part: fn(&ModelKind) -> &'static str,
) -> Option<(&'static ModelKind, TempDir)> {
    let (&place, content) = bytes.split_first()?;
    let Stored { kind, home } = &stored()[place as usize % MODELS.len()];
    let from = home.path().join(part(kind));
    let names = names(&from);
    let at = (place as usize / MODELS.len()).checked_rem(names.len())?;
    let copy = tempfile::tempdir().ok()?;
    let folder = copy.path().join(part(kind));
    fs::create_dir(&folder).ok()?;
    for (j, name) in names.iter().enumerate() {
        match j == at {
            true => fs::write(folder.join(name), content).ok()?,
            false => drop(fs::copy(from.join(name), folder.join(name)).ok()?),
        }
    }
    reseal(&folder);
    Some((kind, copy))
}

/// The folder of a saved model.
pub fn model_folder(_: &ModelKind) -> &'static str {
    "model"
}

/// The folder of a checkpoint.
pub fn checkpoint_folder(kind: &ModelKind) -> &'static str {
    kind.name
}

/// Loads a model, predicts with it, cuts it, and saves and loads the cut.
pub fn model(bytes: &[u8]) {
    let Some((kind, home)) = changed(bytes, model_folder) else { return };
    if let Ok(model) = kind.load(&home.path().join("model"), &device()) {
        let _ = model.predict(&counts());
        for level in [Level::Coarse, Level::Fine] {
            if let Ok(cut) = model.cut(level) {
                let folder = home.path().join("cut");
                cut.save(&folder).unwrap();
                kind.load(&folder, &device()).unwrap();
            }
        }
    }
}

/// Resumes from a checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    let Some((kind, home)) = changed(bytes, checkpoint_folder) else { return };
    let _ = params(*kind).fit_with(&counts(), &device(), options(home.path(), true));
}
