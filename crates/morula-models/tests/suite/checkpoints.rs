//! Only the run that wrote a checkpoint resumes from it; damaged checkpoints are refused.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::common::{counts, device, list, reseal};
use morula_data::CountMatrix;
use morula_models::{
    Checkpoint, ClusterModel, EpochRecord, FitOptions, JojoScl, JojoSclParams, ModelError,
    ModelParams, ScSiameseClu, ScSiameseCluParams,
};
use morula_preprocess::RecipeParams;
use serde_json::{Value, json};
use tempfile::TempDir;

fn recipe() -> RecipeParams {
    RecipeParams { n_top_genes: 60, ..RecipeParams::default() }
}

fn jojoscl() -> JojoSclParams {
    JojoScl::params(3).epochs(6).widths(vec![16, 8]).projection(8).recipe(recipe())
}

fn scsiameseclu() -> ScSiameseCluParams {
    let params = ScSiameseClu::params(3).autoencoder_epochs(1).graph_epochs(1).joint_epochs(1);
    params.epochs(3).components(8).widths(vec![16, 8]).graph_widths(vec![8]).recipe(recipe())
}

/// A run stopped one epoch before its end, with its checkpoint.
struct Stopped<P> {
    home: TempDir,
    params: P,
    counts: CountMatrix,
}

impl<P: ModelParams> Stopped<P> {
    fn new(params: P) -> Self {
        let stopped = Self { home: tempfile::tempdir().unwrap(), params, counts: counts(80).0 };
        let mut stop = |record: &EpochRecord, epochs: usize| match record.epoch + 1 == epochs {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let checkpoint = Checkpoint { resume: false, ..stopped.checkpoint() };
        let options = FitOptions { observer: Some(&mut stop), checkpoint: Some(checkpoint) };
        let fit = stopped.params.clone().fit_with(&stopped.counts, &device(), options);
        assert!(matches!(fit, Err(ModelError::Interrupted { .. })));
        stopped
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint { folder: self.home.path().into(), every: 1000, resume: true }
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join(P::NAME)
    }

    fn resume(&self, params: P, counts: &CountMatrix) -> Result<P::Model, ModelError> {
        let options = FitOptions { observer: None, checkpoint: Some(self.checkpoint()) };
        params.fit_with(counts, &device(), options)
    }

    /// Resuming must fail with a message that contains all parts and the checkpoint's name.
    fn refuses(&self, params: P, counts: &CountMatrix, parts: &[&str]) {
        let error = match self.resume(params, counts) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("accepted, but an error with {parts:?} was expected"),
        };
        for part in [&[P::NAME], parts].concat() {
            assert!(error.contains(part), "lacks {part:?}: {error}");
        }
    }

    fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder().join("state.json")).unwrap()).unwrap()
    }

    /// Writes a value into `state.json`, which must then be refused with these words.
    fn refuses_with(&self, pointer: &str, value: Value, parts: &[&str]) {
        let whole = self.state();
        let mut changed = whole.clone();
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        let path = self.folder().join("state.json");
        for (state, parts) in [(&changed, parts), (&whole, &[])] {
            fs::write(&path, state.to_string()).unwrap();
            if !parts.is_empty() {
                // Without the checksums, the change itself is named.
                self.refuses(self.params.clone(), &self.counts, &["state.json", "checksum"]);
            }
            reseal(&self.folder());
            if !parts.is_empty() {
                self.refuses(self.params.clone(), &self.counts, parts);
            }
        }
    }

    /// The checkpoint must still be usable at the end.
    fn is_good(&self) {
        let resumed = self.resume(self.params.clone(), &self.counts).unwrap();
        let options = FitOptions::default();
        let unbroken = self.params.clone().fit_with(&self.counts, &device(), options).unwrap();
        let [resumed, unbroken] = [&resumed, &unbroken].map(|m| m.fitted().unwrap());
        assert_eq!((&resumed.labels, &resumed.latent), (&unbroken.labels, &unbroken.latent));
    }
}

fn of_other_runs<P: ModelParams>(params: P) {
    let stopped = Stopped::new(params.clone());
    let mut more = params.clone();
    more.set_epochs(9);
    stopped.refuses(more, &stopped.counts, &["other parameters", "epochs = ", "9 now", "resume"]);
    let mut seed = params.clone();
    seed.set_seed(1);
    stopped.refuses(seed, &stopped.counts, &["other parameters: seed = 0 then, 1 now"]);

    let (n, m) = (stopped.counts.n_obs(), stopped.counts.n_vars());
    let (all, genes) = ((0..n).collect::<Vec<_>>(), (0..m).collect::<Vec<_>>());
    let fewer = stopped.counts.select(&all[1..], &genes);
    stopped.refuses(params.clone(), &fewer, &["other data", "80 cells then, 79 now"]);
    let reversed = stopped.counts.select(&all.iter().copied().rev().collect::<Vec<_>>(), &genes);
    stopped.refuses(params.clone(), &reversed, &["other data", "order"]);
    // Another file of the same cells and genes, by name and number.
    let (x, cells, names) = stopped.counts.clone().into_parts();
    let mut other = x.clone();
    other.data_mut().iter_mut().step_by(7).for_each(|v| *v += 1.0);
    let other = CountMatrix::new(other, cells.clone(), names.clone()).unwrap();
    stopped.refuses(params.clone(), &other, &["other data"]);
    let renamed = names.iter().map(|name| format!("{name}.1")).collect();
    let renamed = CountMatrix::new(x, cells, renamed).unwrap();
    stopped.refuses(params, &renamed, &["other data", "other selected genes"]);
    stopped.is_good();
}

fn of_other_programs<P: ModelParams>(params: P) {
    let stopped = Stopped::new(params);
    stopped.refuses_with("/origin", Value::Null, &["older version", "resume"]);
    stopped.refuses_with("/origin/format", json!(1), &["format 1"]);
    stopped.refuses_with("/origin/model", json!("another"), &["another"]);
    stopped.refuses_with("/origin/data", json!({}), &["not a usable"]);
    stopped.refuses_with("/origin/params/seed", Value::Null, &["seed = null then, 0 now"]);
    let mut params = stopped.state()["origin"]["params"].clone();
    params.as_object_mut().unwrap().remove("recipe");
    stopped.refuses_with("/origin/params", params, &["recipe = not there then"]);
    stopped.is_good();
}

fn damaged<P: ModelParams>(params: P) {
    let stopped = Stopped::new(params.clone());
    let files: Vec<PathBuf> =
        fs::read_dir(stopped.folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 4);
    for path in &files {
        let whole = fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let list = name == "checksums.json";
        for bytes in [&whole[..whole.len() / 2], b"\xff\x00garbage", b"[]", b""] {
            fs::write(path, bytes).unwrap();
            stopped.refuses(params.clone(), &stopped.counts, &[name]);
            if !list {
                // Matching checksums must not lead to a panic either.
                reseal(&stopped.folder());
                stopped.refuses(params.clone(), &stopped.counts, &[name]);
                fs::write(path, &whole).unwrap();
                reseal(&stopped.folder());
            }
        }
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 4;
        fs::write(path, flipped).unwrap();
        stopped.refuses(params.clone(), &stopped.counts, &[name]);
        fs::remove_file(path).unwrap();
        stopped.refuses(params.clone(), &stopped.counts, &[name]);
        fs::write(path, whole).unwrap();
    }
    for name in ["../../../etc/passwd", ".."] {
        list(&stopped.folder(), [(name.to_string(), 1)].into());
        stopped.refuses(params.clone(), &stopped.counts, &[]);
    }
    reseal(&stopped.folder());
    stopped.refuses_with("/history/0/epoch", json!(2), &["epochs"]);
    let record = stopped.state()["history"][0].clone();
    let endless: Vec<Value> = (1..100)
        .map(|epoch| {
            let mut record = record.clone();
            record["epoch"] = json!(epoch);
            record
        })
        .collect();
    stopped.refuses_with("/history", json!(endless), &["epochs"]);
    stopped.refuses_with("/state", json!([]), &["state.json"]);
    stopped.is_good();
}

#[test]
fn checkpoints_of_other_runs_are_refused() {
    of_other_runs(jojoscl());
    of_other_runs(scsiameseclu());
}

#[test]
fn checkpoints_of_other_versions_and_models_are_refused() {
    of_other_programs(jojoscl());
    of_other_programs(scsiameseclu());
}

#[test]
fn damaged_checkpoints_are_refused() {
    damaged(jojoscl());
    damaged(scsiameseclu());
}

#[test]
fn a_state_of_other_sizes_is_refused() {
    let stopped = Stopped::new(jojoscl());
    let wrong = &["memberships"];
    stopped.refuses_with("/state/memberships", json!([0, 1, 2]), wrong);
    stopped.refuses_with("/state/memberships", json!(vec![3; 80]), wrong);
    stopped.refuses_with("/state/memberships", json!(vec![-1; 80]), &["state.json"]);

    let stopped = Stopped::new(scsiameseclu());
    let wrong = &["transport plan"];
    stopped.refuses_with("/state/plan/values", json!([0.5]), wrong);
    stopped.refuses_with("/state/plan/n_cols", json!(0), wrong);
    stopped.refuses_with("/state/plan", Value::Null, wrong);
    stopped.refuses_with("/state/columns", json!([1.0]), wrong);
    stopped.refuses_with("/state/kept", json!([[0, 80]]), &["80"]);
    stopped.refuses_with("/state/kept", json!([[0, u64::MAX]]), &["scsiameseclu"]);
}

#[test]
fn one_model_does_not_resume_from_the_checkpoint_of_another() {
    let stopped = Stopped::new(jojoscl());
    let other = Stopped::new(scsiameseclu());
    fs::remove_dir_all(other.folder()).unwrap();
    fs::rename(stopped.folder(), other.folder()).unwrap();
    other.refuses(scsiameseclu(), &other.counts, &["jojoscl"]);
}
