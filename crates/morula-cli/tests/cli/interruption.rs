//! Ctrl-C leaves a checkpoint, a kill at any moment harms none, and a resumed run ends where an
//! unbroken one does.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use morula::data::read;

use crate::sandbox::Sandbox;
use crate::two_models;

const EPOCHS: &str = "--epochs=120";

/// Starts a run, interrupts it after a line that starts with `epoch`, and returns its exit code and
/// the rest of its stderr.
fn interrupt(sandbox: &Sandbox, epoch: &str, more: &[&str]) -> (Option<i32>, String) {
    signal(sandbox, "-INT", epoch, more)
}

/// The same with another signal.
fn signal(sandbox: &Sandbox, signal: &str, epoch: &str, more: &[&str]) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_morula"))
        .current_dir(sandbox.path(""))
        .args(["cluster", "in.h5ad", "-k", "3", "--out", "c.h5ad", EPOCHS])
        .args(more)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with(epoch) {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "ended before {epoch}");
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    (child.wait().unwrap().code(), rest)
}

#[test]
fn an_interrupted_run_can_be_resumed() {
    let sandbox = Sandbox::simulated();
    let (code, words) = interrupt(&sandbox, "epoch ", &["--checkpoint", "state"]);
    assert_eq!(code, Some(130), "{words}");
    assert!(words.contains("interrupted after epoch"), "{words}");
    assert!(words.contains("state") && words.contains("--resume"), "{words}");
    assert!(!sandbox.path("c.h5ad").exists());

    let line = format!("cluster in.h5ad -k 3 {EPOCHS} --checkpoint state --resume --out r.h5ad");
    let resumed = sandbox.ok(&line);
    assert!(!resumed.stderr.contains("epoch 1/"), "{}", resumed.stderr);
    sandbox.ok(&format!("cluster in.h5ad -k 3 {EPOCHS} --out c.h5ad"));
    let [resumed, unbroken] = ["r.h5ad", "c.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
    assert_eq!(resumed.obs, unbroken.obs);
    assert_eq!(resumed.obsm, unbroken.obsm);

    // Other parameters cannot go on from there.
    let other = "cluster in.h5ad -k 4 --epochs 120 --checkpoint state --resume --out out.h5ad";
    sandbox.refuses(other, 1, &["state", "other parameters: n_clusters = 3 then, 4 now"]);
    // Nor can other cells, as many as they may be.
    sandbox.ok("simulate --cells 150 --types 3 --genes 120 --seed 1 --out in.h5ad");
    sandbox.refuses(&line.replace("r.h5ad", "out.h5ad"), 1, &["state", "other data", "resume"]);
}

#[test]
fn a_request_to_end_and_a_closed_terminal_keep_a_checkpoint_too() {
    let sandbox = Sandbox::simulated();
    let mut messages = Vec::new();
    for kind in ["-INT", "-TERM", "-HUP"] {
        let state = format!("state{kind}");
        let (code, words) = signal(&sandbox, kind, "epoch ", &["--checkpoint", &state]);
        assert_eq!(code, Some(130), "{kind}: {words}");
        assert!(words.contains("--resume") && words.contains("interrupted after"), "{words}");
        let line = format!("cluster in.h5ad -k 3 {EPOCHS} --out r.h5ad --resume --checkpoint");
        let resumed = sandbox.ok(&format!("{line} {state}"));
        assert!(!resumed.stderr.contains("epoch 1/"), "{}", resumed.stderr);
        // The message differs in the epoch and the folder only.
        let message = words.lines().find(|line| line.starts_with("error: ")).unwrap();
        let plain = message.replace(&state, "").replace(|c: char| c.is_ascii_digit(), "");
        messages.push(plain);
    }
    assert!(messages.iter().all(|message| *message == messages[0]), "{messages:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_started_to_outlive_its_terminal_does() {
    let sandbox = Sandbox::simulated();
    let line = format!(
        "trap '' HUP; exec '{}' cluster in.h5ad -k 3 --epochs 60 --out c.h5ad",
        env!("CARGO_BIN_EXE_morula")
    );
    let mut child = Command::new("sh")
        .args(["-c", &line])
        .current_dir(sandbox.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut words = String::new();
    while !words.contains("epoch ") {
        assert!(stderr.read_line(&mut words).unwrap() > 0, "{words}");
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    stderr.read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{words}");
    assert!(read(sandbox.path("c.h5ad")).is_ok());
}

#[test]
fn without_a_checkpoint_folder_nothing_is_kept_and_that_is_said() {
    let sandbox = Sandbox::simulated();
    let (code, words) = interrupt(&sandbox, "epoch ", &[]);
    assert_eq!(code, Some(130), "{words}");
    assert!(words.contains("Nothing was kept") && words.contains("--checkpoint"), "{words}");
    assert!(!sandbox.path("c.h5ad").exists());
    sandbox.nothing_half_written();
}

#[test]
fn a_model_of_several_stages_resumes_within_its_last_one() {
    let sandbox = two_models::sandbox();
    let more = ["--config", "run.toml", "--checkpoint", "state"];
    let (code, words) = interrupt(&sandbox, "epoch 7/126: main, ", &more);
    assert_eq!(code, Some(130), "{words}");
    assert!(words.contains("of 126") && words.contains("--resume"), "{words}");

    let line = format!("cluster in.h5ad -k 3 {EPOCHS} --config run.toml --out");
    let resumed = sandbox.ok(&format!("{line} r.h5ad --checkpoint state --resume"));
    assert!(!resumed.stderr.contains("epoch 7/"), "{}", resumed.stderr);
    sandbox.ok(&format!("{line} c.h5ad"));
    let [resumed, unbroken] = ["r.h5ad", "c.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
    assert_eq!(resumed.obs, unbroken.obs);
    assert_eq!(resumed.obsm, unbroken.obsm);
}

/// `scripts/kill_nine.sh` does the same at more moments, with a saved model and a report.
#[test]
fn a_run_killed_at_any_moment_resumes_to_the_same_file() {
    let models = [
        (Sandbox::simulated(), "--epochs=60"),
        (two_models::sandbox(), "--epochs=60 --config=run.toml"),
    ];
    for (sandbox, more) in models {
        let line = format!("cluster in.h5ad -k 3 --quiet {more} --out");
        let started = Instant::now();
        sandbox.ok(&format!("{line} c.h5ad"));
        let whole = started.elapsed();
        let unbroken = fs::read(sandbox.path("c.h5ad")).unwrap();
        for share in [0.4, 0.9] {
            let line = format!("{line} r.h5ad --checkpoint state{share} --resume");
            let mut child = Command::new(env!("CARGO_BIN_EXE_morula"))
                .current_dir(sandbox.path(""))
                .args(line.split_whitespace())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            sleep(whole.mul_f64(share));
            child.kill().unwrap();
            child.wait().unwrap();
            let output = sandbox.path("r.h5ad");
            // What stands under its final name is whole.
            assert!(!output.exists() || fs::read(&output).unwrap() == unbroken);
            sandbox.ok(&line);
            assert!(fs::read(&output).unwrap() == unbroken, "killed at {share} of {whole:?}");
            fs::remove_file(output).unwrap();
            sandbox.nothing_half_written();
        }
    }
}
