//! A run's work is not lost: what makes an output impossible is found first, and the output comes
//! before the model and the report.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use morula::data::{Column, read, write_h5ad};

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
    let spoil = |name: &str| {
        let path = sandbox.path(name);
        move || fs::write(path, "in the way").unwrap()
    };
    let (code, stdout, words) =
        meanwhile(&sandbox, &format!("{line} a.h5ad --save-model m --report r"), spoil("m"));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("error: a.h5ad is written; the model is not saved"), "{words}");
    assert!(stdout.contains("\"output\": \"a.h5ad\""), "{stdout}");
    assert!(read(sandbox.path("a.h5ad")).unwrap().obs.column("jojoscl").is_ok());
    assert!(sandbox.path("r/report.html").exists());
    assert_eq!(fs::read_to_string(sandbox.path("m")).unwrap(), "in the way");

    let (code, _, words) =
        meanwhile(&sandbox, &format!("{line} b.h5ad --save-model m2 --report r2"), spoil("r2"));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("error: b.h5ad is written; the report is not"), "{words}");
    assert!(read(sandbox.path("b.h5ad")).is_ok());
    sandbox.ok("predict m2 in.h5ad --out p.h5ad");

    let both = || {
        spoil("m3")();
        spoil("r3")();
    };
    let (code, _, words) =
        meanwhile(&sandbox, &format!("{line} d.h5ad --save-model m3 --report r3"), both);
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
fn names_in_the_way_are_found_before_training() {
    let sandbox = Sandbox::simulated();
    let mut data = read(sandbox.path("in.h5ad")).unwrap();
    data.obs.set("jojoscl/old", Column::Float(vec![1.0; 150])).unwrap();
    write_h5ad(sandbox.path("slash.h5ad"), &data).unwrap();
    let line = "cluster slash.h5ad -k 3 --epochs 100000";
    sandbox.refuses(&format!("{line} --out out.h5ad"), 1, &["slash.h5ad", "jojoscl"]);
    let before = fs::read(sandbox.path("slash.h5ad")).unwrap();
    let run = sandbox.run(format!("{line} --out slash.h5ad").split_whitespace());
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(before == fs::read(sandbox.path("slash.h5ad")).unwrap());
    // The other model has another name.
    sandbox.ok("cluster slash.h5ad -k 3 --epochs 1 --model scsiameseclu --out c.h5ad");
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
