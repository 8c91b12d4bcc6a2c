//! Where results go is checked before any work, and nothing of the user's is lost.

use std::fs;

use morula::data::read;

use crate::sandbox::Sandbox;

#[test]
fn folders_that_cannot_be_written_are_found_out_first() {
    let sandbox = Sandbox::simulated();
    let line = |more: &str| format!("cluster in.h5ad -k 3 --epochs 100000 {more}");
    fs::write(sandbox.path("file"), "").unwrap();
    sandbox.refuses(&line("--out nowhere/c.h5ad"), 1, &["nowhere", "does not exist"]);
    sandbox.refuses(&line("--out file/c.h5ad"), 1, &["file"]);
    sandbox.refuses(&line("--out out.h5ad --checkpoint file/x"), 1, &["file"]);
    sandbox.refuses(&line("--out out.h5ad --save-model file"), 1, &["file"]);
    sandbox.refuses(&line("--out ."), 2, &["folder"]);
    if cfg!(target_os = "linux") {
        sandbox.refuses(&line("--out /proc/c.h5ad"), 1, &["/proc", "not writable"]);
    }
}

#[cfg(unix)]
#[test]
fn read_only_folders_are_found_out_first() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::simulated();
    let folder = sandbox.path("locked");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("probe"), "").is_ok() {
        println!("skipped: this user may write anywhere");
        return;
    }
    let line = "cluster in.h5ad -k 3 --epochs 100000";
    sandbox.refuses(&format!("{line} --out locked/c.h5ad"), 1, &["locked", "not writable"]);
    sandbox.refuses(&format!("{line} --out out.h5ad --save-model locked/m"), 1, &["locked"]);
}

#[test]
fn the_output_may_be_the_input() {
    let sandbox = Sandbox::simulated();
    let before = read(sandbox.path("in.h5ad")).unwrap();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 2 --out in.h5ad");
    sandbox.ok("cluster in.h5ad -k 2 --epochs 2 --out in.h5ad");
    let after = read(sandbox.path("in.h5ad")).unwrap();
    assert_eq!(before.x, after.x);
    assert_eq!(after.obsm["jojoscl_proba"].n_cols(), 2);
}

#[test]
fn saving_a_model_replaces_models_only() {
    let sandbox = Sandbox::simulated();
    fs::create_dir(sandbox.path("thesis")).unwrap();
    fs::write(sandbox.path("thesis/chapter1"), "").unwrap();
    let line = |more: &str| format!("cluster in.h5ad -k 3 --epochs 2 --out out.h5ad {more}");
    sandbox.refuses(&line("--save-model thesis"), 2, &["thesis", "another folder"]);
    assert!(sandbox.path("thesis/chapter1").exists());

    // A file of the same name that another program wrote, and a file beside a model.
    fs::create_dir(sandbox.path("keras")).unwrap();
    fs::write(sandbox.path("keras/model.json"), "{\"class_name\": \"Sequential\"}").unwrap();
    sandbox.refuses(&line("--save-model keras"), 2, &["keras", "model.json", "another folder"]);
    sandbox.ok(&line("--save-model m"));
    fs::write(sandbox.path("m/notes.txt"), "mine").unwrap();
    sandbox.refuses(&line("--save-model m"), 2, &["notes.txt", "another folder"]);
    assert_eq!(fs::read_to_string(sandbox.path("m/notes.txt")).unwrap(), "mine");
    fs::remove_file(sandbox.path("m/notes.txt")).unwrap();
    sandbox.ok(&line("--save-model m"));
    fs::copy(sandbox.path("in.h5ad"), sandbox.path("m/in.h5ad")).unwrap();
    let inside = "cluster m/in.h5ad -k 3 --epochs 2 --out out.h5ad --save-model m";
    sandbox.refuses(inside, 2, &["m/in.h5ad", "keep them apart"]);
}

#[test]
fn damaged_models_are_refused() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 2 --out c.h5ad --save-model m");
    let predict = "predict m in.h5ad --out out.h5ad --json";
    sandbox.refuses("predict nowhere in.h5ad --out out.h5ad", 1, &["nowhere"]);
    for file in ["encoder.safetensors", "model.json"] {
        let whole = fs::read(sandbox.path("m").join(file)).unwrap();
        fs::write(sandbox.path("m").join(file), &whole[..whole.len() / 2]).unwrap();
        sandbox.refuses(predict, 1, &[file]);
        fs::write(sandbox.path("m").join(file), &whole).unwrap();
    }
    sandbox.ok("predict m in.h5ad --out p.h5ad");
}

#[test]
fn cells_of_another_species_are_refused() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("cluster in.h5ad -k 3 --epochs 2 --out c.h5ad --save-model m");
    sandbox.write(12, &crate::sandbox::two_kinds());
    sandbox.refuses("predict m in.h5ad --out out.h5ad", 1, &["genes are missing", "gene"]);
}
