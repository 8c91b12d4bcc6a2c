//! A run's work is not lost: what makes an output impossible is found first, and the output comes
//! before the model and the report.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hdf5_pure::{AttrValue, Error, File};
use morula::data::read;

use crate::sandbox::Sandbox;

/// Runs a line, calls `after` when training has begun, and returns the exit code, stdout and stderr.
fn meanwhile(sandbox: &Sandbox, line: &str, after: impl FnOnce()) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_morula"))
        .current_dir(sandbox.path(""))
        .args(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut words = String::new();
    while !words.contains("epoch ") {
        assert!(stderr.read_line(&mut words).unwrap() > 0, "{words}");
    }
    after();
    stderr.read_to_string(&mut words).unwrap();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    (child.wait().unwrap().code(), stdout, words)
}

#[test]
fn a_failed_model_or_report_does_not_cost_the_output() {
    let sandbox = Sandbox::simulated();
    let line = "cluster in.h5ad -k 3 --epochs 100 --json --out";
    // A file where a folder was.
    let spoil = |folder: &'static str| {
        let path = sandbox.path(folder);
        fs::create_dir(&path).unwrap();
        move || {
            fs::remove_dir(&path).unwrap();
            fs::write(path, "in the way").unwrap();
        }
    };
    let (code, stdout, words) =
        meanwhile(&sandbox, &format!("{line} a.h5ad --save-model x/m --report r"), spoil("x"));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("error: a.h5ad is written; the model is not saved"), "{words}");
    assert!(stdout.contains("\"output\": \"a.h5ad\""), "{stdout}");
    assert!(read(sandbox.path("a.h5ad")).unwrap().obs.column("jojoscl").is_ok());
    assert!(sandbox.path("r/report.html").exists());
    assert_eq!(fs::read_to_string(sandbox.path("x")).unwrap(), "in the way");

    let (code, _, words) =
        meanwhile(&sandbox, &format!("{line} b.h5ad --save-model m2 --report y/r"), spoil("y"));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("error: b.h5ad is written; the report is not"), "{words}");
    assert!(read(sandbox.path("b.h5ad")).is_ok());
    sandbox.ok("predict m2 in.h5ad --out p.h5ad");

    let line = format!("{line} d.h5ad --save-model z/m --report z/r");
    let (code, _, words) = meanwhile(&sandbox, &line, spoil("z"));
    assert_eq!(code, Some(1), "{words}");
    for part in ["d.h5ad is written", "the model is not saved", "nor is the report"] {
        assert!(words.contains(part), "{words}");
    }
    assert!(read(sandbox.path("d.h5ad")).is_ok());
    sandbox.nothing_half_written();
}

/// A file system of that size, which only the system's owner may make.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(folder: &Path, size: &str) -> Option<Self> {
        fs::create_dir(folder).unwrap();
        let options = ["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"];
        let mount = Command::new("mount").args(options).arg(folder).stderr(Stdio::null()).status();
        mount.is_ok_and(|status| status.success()).then(|| Self(folder.into()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_half_written_stays() {
    let sandbox = Sandbox::simulated();
    let Some(disk) = SmallDisk::new(&sandbox.path("small"), "64k") else {
        println!("skipped: this user may not mount a file system");
        return;
    };
    let line = "cluster in.h5ad -k 3 --epochs 2";
    let run = sandbox.run(
        format!("{line} --out c.h5ad --save-model small/m --report small/r").split_whitespace(),
    );
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("c.h5ad is written; the model is not saved"), "{}", run.stderr);
    assert!(run.stderr.contains("No space left"), "{}", run.stderr);
    assert!(read(sandbox.path("c.h5ad")).unwrap().obs.column("jojoscl").is_ok());

    let run = sandbox.run(format!("{line} --out small/c.h5ad").split_whitespace());
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("small/c.h5ad"), "{}", run.stderr);
    let left: Vec<_> = fs::read_dir(&disk.0).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_full_disk_at_a_checkpoint_does_not_end_the_run() {
    let sandbox = Sandbox::simulated();
    let Some(_disk) = SmallDisk::new(&sandbox.path("small"), "64k") else {
        println!("skipped: this user may not mount a file system");
        return;
    };
    let run = sandbox.ok("cluster in.h5ad -k 3 --epochs 12 --checkpoint small/state --out c.h5ad");
    let remarks = run.stderr.matches("the checkpoint is not written").count();
    assert_eq!(remarks, 1, "{}", run.stderr);
    assert!(!run.stderr.contains("not a usable model"), "{}", run.stderr);
    assert!(read(sandbox.path("c.h5ad")).unwrap().obs.column("jojoscl").is_ok());
}

/// Adds to a copy of `in.h5ad` what anndata makes and Morula does not.
fn edited(sandbox: &Sandbox, to: &str, edit: impl FnOnce(&File) -> Result<(), Error>) {
    fs::copy(sandbox.path("in.h5ad"), sandbox.path(to)).unwrap();
    let file = File::open_rw(sandbox.path(to)).unwrap();
    edit(&file).unwrap();
    file.commit().unwrap();
    file.close().unwrap();
}

#[test]
fn names_in_the_way_are_found_before_training() {
    let sandbox = Sandbox::simulated();
    let names: Vec<String> = (0..150).map(|i| format!("cell {i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    edited(&sandbox, "index.h5ad", |file| {
        file.root().create_dataset("obs/jojoscl", |set| {
            set.with_vlen_strings(&names).with_shape(&[150]);
            set.set_attr("encoding-type", AttrValue::VarLenString("string-array".into()));
            set.set_attr("encoding-version", AttrValue::VarLenString("0.2.0".into()));
        })?;
        file.group("obs")?.set_attr("_index", AttrValue::VarLenString("jojoscl".into()))
    });
    edited(&sandbox, "slash.h5ad", |file| {
        file.root().create_group_with("obs/jojoscl", |group| {
            group.create_dataset("old", |set| {
                set.with_f64_data(&[1.0; 150]).with_shape(&[150]);
            });
        })?;
        let order = ["cell_type", "jojoscl/old"].map(String::from).to_vec();
        file.group("obs")?.set_attr("column-order", AttrValue::VarLenStringArray(order))
    });
    for name in ["index.h5ad", "slash.h5ad"] {
        assert_eq!(read(sandbox.path(name)).unwrap().n_obs(), 150);
        let line = format!("cluster {name} -k 3 --epochs 100000");
        sandbox.refuses(&format!("{line} --out out.h5ad"), 1, &[name, "jojoscl"]);
        let before = fs::read(sandbox.path(name)).unwrap();
        let run = sandbox.run(format!("{line} --out {name}").split_whitespace());
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(!run.stderr.contains("epoch "), "{}", run.stderr);
        assert!(before == fs::read(sandbox.path(name)).unwrap());
        // The other model has another name.
        let line = format!("cluster {name} -k 3 --epochs 1 --model scsiameseclu --out c.h5ad");
        sandbox.ok(&line);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_is_an_error_and_no_crash() {
    let sandbox = Sandbox::simulated();
    let mut refused = 0;
    for limit in [200, 260, 320, 400, 600, 900] {
        let line = format!(
            "ulimit -v {limit}000; exec '{}' cluster in.h5ad -k 3 --epochs 1 --out c.h5ad",
            env!("CARGO_BIN_EXE_morula")
        );
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(sandbox.path(""))
            .env("RAYON_NUM_THREADS", "1")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                assert!(words.contains("memory"), "{limit} MB: {words}");
                refused += usize::from(words.contains("error: not enough memory"));
            }
            other => panic!("{limit} MB: {other:?}, {words}"),
        }
    }
    println!("refused before training at {refused} of 6 limits");
}
