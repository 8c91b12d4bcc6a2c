//! Nothing of the input is lost: what is in the way is refused before any work, or stays.

mod common;

use common::{G, N, fixture};
use hdf5_pure::File;
use morula_data::{
    Additions, AnnData, Column, CsrMatrix, DataFrame, DenseMatrix, OutputPlan, UnsValue,
    check_output, read, read_obs, write_h5ad, write_h5ad_with,
};
use std::fs;
use std::path::{Path, PathBuf};

fn ones() -> Column {
    Column::Int(vec![Some(1); N])
}

fn data() -> AnnData {
    let x = CsrMatrix::from_dense(N, G, &common::counts()).unwrap();
    let names = |p: &str, n: usize| (0..n).map(|i| format!("{p}{i}")).collect();
    AnnData::new(x, names("c", N), names("g", G)).unwrap()
}

/// Additions of one part each, and the same as plans.
fn parts() -> [Additions; 5] {
    let layer = CsrMatrix::from_dense(N, G, &common::counts()).unwrap();
    let map = UnsValue::map().with("params", UnsValue::map()).with("seed", 1);
    [
        Additions::new().obs("ours", ones()),
        Additions::new().var("ours", Column::Int(vec![Some(1); G])),
        Additions::new().layer("ours", layer),
        Additions::new().obsm("ours", DenseMatrix::new(N, 1, vec![0.0; N]).unwrap()),
        Additions::new().uns("ours", map),
    ]
}

/// Refused before and while writing, with that in the message, and without a trace.
fn refused(input: &Path, additions: &Additions, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let plan = check_output(input, &out, &OutputPlan::of(additions));
    for error in [plan, write_h5ad_with(input, &out, additions).map(drop)] {
        let text = error.unwrap_err().to_string();
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_group_of_other_content_is_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.h5ad");
    for (part, additions) in ["obs", "var", "layers", "obsm"].iter().zip(parts()) {
        write_h5ad(&input, &data()).unwrap();
        let file = File::open_rw(&input).unwrap();
        let old = format!("{part}/ours");
        file.root().create_group(&old).unwrap();
        file.commit().unwrap();
        file.root()
            .create_dataset(&format!("{old}/old"), |set| {
                set.with_i32_data(&[7; N]);
            })
            .unwrap();
        file.commit().unwrap();
        file.close().unwrap();
        refused(&input, &additions, "would be lost");
    }
    // A column of categories to which somebody has added a member.
    let mut with = data();
    with.obs.set("ours", Column::categorical(vec![Some("a"); N])).unwrap();
    write_h5ad(&input, &with).unwrap();
    let out = folder.path().join("out.h5ad");
    write_h5ad_with(&input, &out, &parts()[0]).unwrap();
    assert_eq!(read_obs(&out).unwrap().column("ours").unwrap(), &ones());
    let file = File::open_rw(&input).unwrap();
    file.root()
        .create_dataset("obs/ours/old", |set| {
            set.with_i32_data(&[7; N]);
        })
        .unwrap();
    file.commit().unwrap();
    file.close().unwrap();
    refused(&input, &parts()[0], "would be lost");
}

#[test]
fn columns_with_a_slash_stay() {
    for name in ["links.h5ad", "links_dense.h5ad"] {
        refused(&fixture(name), &parts()[0], "followed by a slash");
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.h5ad");
        let other = Additions::new().obs("label", ones());
        write_h5ad_with(fixture(name), &out, &other).unwrap();
        let obs = read_obs(&out).unwrap();
        let old = Column::Int((0..N as i64).map(Some).collect());
        assert_eq!(obs.column("ours/old").unwrap(), &old, "{name}");
        assert_eq!(obs.column("label").unwrap(), &ones(), "{name}");
    }
    // Also where the container is written.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let mut with = data();
    with.obs.set("a/b", ones()).unwrap();
    write_h5ad(&out, &with).unwrap();
    assert_eq!(read(&out).unwrap(), with);
    with.obs.set("a", ones()).unwrap();
    assert!(write_h5ad(&out, &with).is_err());
}

#[test]
fn the_names_of_the_rows_are_no_column() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.h5ad");
    write_h5ad(&input, &data()).unwrap();
    for (table, additions) in ["obs", "var"].iter().zip(parts()) {
        let names: Vec<String> = (0..N).map(|i| i.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let n = if *table == "obs" { N } else { G };
        let file = File::open_rw(&input).unwrap();
        file.root()
            .create_dataset(&format!("{table}/ours"), |set| {
                set.with_vlen_strings(&names[..n]);
            })
            .unwrap();
        file.commit().unwrap();
        let value = hdf5_pure::AttrValue::VarLenString("ours".into());
        file.group(table).unwrap().set_attr("_index", value).unwrap();
        file.commit().unwrap();
        file.close().unwrap();
        refused(&input, &additions, "the column of the rows' names");
    }
}

#[test]
fn entries_of_others_stay_in_uns() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.h5ad"), folder.path().join("b.h5ad"));
    let mut with = data();
    let theirs = UnsValue::map().with("note", "mine").with("pts", 1);
    with.uns.insert("ours".into(), theirs);
    write_h5ad(&a, &with).unwrap();
    let ours = |more: &[&str]| {
        let map = UnsValue::map().with("params", UnsValue::map().with("k", 3));
        Additions::new().uns("ours", more.iter().fold(map, |map, name| map.with(*name, 1)))
    };
    let names = |path: &PathBuf| match &read(path).unwrap().uns["ours"] {
        UnsValue::Map(map) => map.keys().cloned().collect::<Vec<_>>().join(" "),
        other => panic!("{other:?}"),
    };
    write_h5ad_with(&a, &b, &ours(&["batches"])).unwrap();
    assert_eq!(names(&b), "batches note params", "scanpy's `pts` belongs to what is replaced");
    // What an earlier run wrote goes, what somebody added stays.
    write_h5ad_with(&b, &a, &ours(&["extra"])).unwrap();
    assert_eq!(names(&a), "extra note params");
    write_h5ad_with(&a, &a, &ours(&[])).unwrap();
    assert_eq!(names(&a), "note params");
    let mut with = data();
    with.uns.insert("ours".into(), UnsValue::Frame(DataFrame::new(vec!["row".into()])));
    write_h5ad(&a, &with).unwrap();
    refused(&a, &ours(&[]), "would be lost");
}

#[test]
fn an_input_of_another_format_is_no_output() {
    let folder = tempfile::tempdir().unwrap();
    let plan = OutputPlan::new().obs("label");
    let copy = |name: &str| {
        let path = folder.path().join(name);
        fs::copy(fixture(name), &path).unwrap();
        path
    };
    for name in ["tenx_v3.h5", "table.csv", "xy_ints.h5"] {
        let input = copy(name);
        let same = folder.path().join(".").join(name);
        let hard = folder.path().join(format!("hard-{name}"));
        fs::hard_link(&input, &hard).unwrap();
        for output in [&input, &same, &hard] {
            let before = fs::read(&input).unwrap();
            let error = check_output(&input, output, &plan).unwrap_err().to_string();
            assert!(error.contains("is the input"), "{error}");
            let additions = Additions::new().obs("label", ones());
            assert!(write_h5ad_with(&input, output, &additions).is_err());
            assert_eq!(fs::read(&input).unwrap(), before);
        }
    }
    let inner = folder.path().join("mtx");
    fs::create_dir(&inner).unwrap();
    for file in fs::read_dir(fixture("mtx_v3")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), inner.join(file.file_name())).unwrap();
    }
    for file in ["matrix.mtx.gz", "barcodes.tsv.gz"] {
        for input in [inner.clone(), inner.join("matrix.mtx.gz")] {
            assert!(check_output(input, inner.join(file), &plan).is_err());
        }
    }
    let h5ad = copy("x_csr_f4.h5ad");
    check_output(&h5ad, &h5ad, &plan).unwrap();
    check_output(&h5ad, folder.path().join("new.h5ad"), &plan).unwrap();
    assert!(check_output(&h5ad, folder.path(), &plan).is_err());
    assert!(check_output(&h5ad, folder.path().join("no/such/out.h5ad"), &plan).is_err());
    assert!(check_output(&h5ad, folder.path().join("o"), &OutputPlan::new().obs("a/b")).is_err());
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_no_input() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("matrix.mtx");
    let _held = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [Path::new("/dev/null"), &socket, folder.path()] {
        let text = read(path).unwrap_err().to_string();
        // A folder without its barcodes says so first.
        assert!(text.contains("not a regular file") || path == folder.path(), "{text}");
        assert!(read_obs(path).is_err());
    }
    for name in ["barcodes.tsv", "genes.tsv"] {
        fs::write(folder.path().join(name), "a\n").unwrap();
    }
    let text = read(folder.path()).unwrap_err().to_string();
    assert!(text.contains("not a regular file"), "{text}");
}
