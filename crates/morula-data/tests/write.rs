//! Written data reads back unchanged, and the rest of the file stays.
//! `scripts/check_h5ad.sh` checks the same with Python's anndata.

mod common;

use common::{G, N, OTHERS, PLAIN, counts, fixture};
use morula_data::{
    Additions, AnnData, Column, CsrMatrix, DataError, DataFrame, DenseMatrix, Raw, UnsValue, read,
    read_counts, write_h5ad, write_h5ad_with,
};
use proptest::prelude::*;
use std::fs;

fn results(seed: i64) -> Additions {
    let label = |i: usize| (i % 4 != 3).then(|| format!("k{}", (i + seed as usize) % 3));
    Additions::new()
        .obs("ours", Column::categorical((0..N).map(label)))
        .obs("sure", Column::Float((0..N).map(|i| if i == 2 { f64::NAN } else { 0.5 }).collect()))
        .var("used", Column::Bool(used().map(Some).collect()))
        .layer("smooth", smooth(seed))
        .obsm("X_ours", DenseMatrix::new(N, 2, vec![seed as f32; N * 2]).unwrap())
        .uns("ours", UnsValue::map().with("seed", seed).with("loss", vec![2.0, 1.0]))
}

fn used() -> impl Iterator<Item = bool> {
    (0..G).map(|j| j % 2 == 1)
}

/// Values for every second gene; none in the first cell, some of them zero.
fn smooth(seed: i64) -> CsrMatrix {
    let columns: Vec<u32> = (0..G as u32).filter(|j| j % 2 == 1).collect();
    let indptr = (0..=N).map(|i| i.saturating_sub(1) * columns.len()).collect();
    let values = (0..(N - 1) * columns.len()).map(|p| (p as i64 % 3 * seed) as f32).collect();
    CsrMatrix::new(N, G, indptr, columns.repeat(N - 1), values).unwrap()
}

fn assert_added(data: &AnnData, seed: i64) {
    let labels = data.obs.column("ours").unwrap().labels();
    assert_eq!(labels[3], None);
    assert_eq!(labels[0], Some(format!("k{seed}")));
    assert_eq!(data.obs.column("sure").unwrap().labels()[2], None);
    assert_eq!(data.layers["smooth"], smooth(seed));
    assert_eq!(data.var.column("used").unwrap(), &Column::Bool(used().map(Some).collect()));
    assert_eq!(data.var.columns().filter(|c| c.0 == "used").count(), 1);
    assert_eq!(data.obsm["X_ours"].row(N - 1), [seed as f32; 2]);
    assert_eq!(data.uns["ours"].get("seed"), Some(&UnsValue::Int(seed)));
    let names: Vec<&str> = data.obs.columns().map(|c| c.0).collect();
    assert_eq!(names.iter().filter(|n| **n == "ours").count(), 1, "{names:?}");
}

/// The data without the additions of [`results`].
fn without_results(mut data: AnnData) -> AnnData {
    for frame in [&mut data.obs, &mut data.var] {
        let mut rest = DataFrame::new(frame.index().to_vec());
        for (name, column) in frame.columns().filter(|c| !["ours", "sure", "used"].contains(&c.0)) {
            rest.set(name, column.clone()).unwrap();
        }
        *frame = rest;
    }
    data.layers.remove("smooth");
    data.obsm.remove("X_ours");
    data.uns.remove("ours");
    data
}

#[test]
fn results_are_added_and_the_rest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let more = ["rich.h5ad", "tracked_wide.h5ad", "old_06.h5ad"];
    for name in PLAIN.iter().chain(&OTHERS).chain(&more) {
        let input = fixture(name);
        let left_out = write_h5ad_with(&input, &out, &results(1)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(left_out.len(), usize::from(*name == "tenx_v3.h5"), "{name}");
        let (before, mut after) = (read(&input).unwrap(), read(&out).unwrap());
        assert_added(&after, 1);
        after.not_loaded.extend(left_out);
        let rest = without_results(after);
        // In old files `uns` keeps the categories; the output moves them to the columns.
        let mut expected = without_results(before);
        expected.uns.retain(|key, _| !key.ends_with("_categories"));
        if name.starts_with("xy") || OTHERS.contains(name) {
            assert_eq!(rest.obs, expected.obs, "{name}");
            assert_eq!(rest.x, expected.x, "{name}");
        } else {
            assert_same(&rest, &expected, name);
        }
    }
}

/// Equality in which NaN equals NaN.
fn assert_same(a: &AnnData, b: &AnnData, name: &str) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"), "{name}");
}

#[test]
fn a_second_run_replaces_the_first_also_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.h5ad");
    for name in ["rich.h5ad", "old_06.h5ad", "old_07.h5ad", "tracked_wide.h5ad"] {
        fs::copy(fixture(name), &file).unwrap();
        for seed in 0..3 {
            write_h5ad_with(&file, &file, &results(seed)).unwrap();
            assert_added(&read(&file).unwrap(), seed);
        }
        // An addition can also replace a column of the input.
        let own = Additions::new().obs("cell_type", Column::Int(vec![Some(1); N]));
        write_h5ad_with(&file, &file, &own).unwrap();
        let labels = read(&file).unwrap().obs.column("cell_type").unwrap().labels();
        assert_eq!(labels, vec![Some("1".to_string()); N], "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary files stay");
}

#[test]
fn results_on_genes_alone_leave_cells_and_other_layers_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let additions =
        || Additions::new().var("used", Column::Int(vec![Some(2); G])).layer("smooth", smooth(2));
    for name in ["rich.h5ad", "old_06.h5ad", "old_07.h5ad", "tracked_wide.h5ad", "table.csv"] {
        let before = read(fixture(name)).unwrap();
        write_h5ad_with(fixture(name), &out, &additions()).unwrap();
        let after = read(&out).unwrap();
        assert_eq!(after.var.column("used").unwrap(), &Column::Int(vec![Some(2); G]), "{name}");
        assert_eq!(after.layers.len(), before.layers.len() + 1, "{name}");
        assert!(before.layers.iter().all(|(layer, m)| after.layers[layer] == *m), "{name}");
        let mut expected = before;
        expected.uns.retain(|key, _| !key.ends_with("_categories"));
        assert_same(&without_results(after), &without_results(expected), name);
    }
    assert!(!read(fixture("rich.h5ad")).unwrap().layers.is_empty());
}

#[test]
fn nothing_is_touched_when_writing_fails() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    fs::write(&out, "precious").unwrap();
    let input = fixture("rich.h5ad");
    let short = Column::Float(vec![0.0; 3]);
    let matrix = DenseMatrix::new(3, 1, vec![0.0; 3]).unwrap();
    let layer = CsrMatrix::from_dense(N, 1, &[1.0; N]).unwrap();
    let genes = || Column::Bool(vec![Some(true); G]);
    let one = || Column::Int(vec![Some(1); N]);
    for (bad, message) in [
        (Additions::new().obs("short", short), "column short has 3 rows"),
        (Additions::new().obsm("short", matrix), "obsm short has 3 rows"),
        (
            Additions::new().var("short", one()),
            "column short has 12 rows, but the data has 6 genes",
        ),
        (Additions::new().layer("l", layer), "layer l has 12 x 1, but the data has 12 x 6"),
        (Additions::new().layer("a/b", smooth(1)), "cannot hold a slash"),
        (Additions::new().var("_index", genes()), "keeps this name"),
        (Additions::new().obs("a/b", one()), "cannot hold a slash"),
        (Additions::new().obs("", one()), "cannot be empty"),
        (Additions::new().obs("_index", one()), "keeps this name"),
        (Additions::new().uns("u", UnsValue::map().with(".", 1)), "dots alone"),
    ] {
        let text = write_h5ad_with(&input, &out, &bad).unwrap_err().to_string();
        assert!(text.contains(message) && text.contains("out.h5ad"), "{text}");
    }
    let missing = folder.path().join("missing.h5ad");
    assert!(write_h5ad_with(&missing, &out, &results(0)).is_err());
    fs::write(&missing, &fs::read(&input).unwrap()[..5000]).unwrap();
    let text = write_h5ad_with(&missing, &out, &results(0)).unwrap_err().to_string();
    assert!(text.contains("missing.h5ad"), "the input is named: {text}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary files stay");
}

#[test]
fn an_output_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let input = fixture("x_csr_f4.h5ad");
    let nowhere = folder.path().join("no/such/out.h5ad");
    let text = write_h5ad_with(&input, &nowhere, &results(0)).unwrap_err().to_string();
    assert!(text.contains("no/such/out.h5ad: cannot write into the output folder"), "{text}");
    let text = write_h5ad_with(&input, folder.path(), &results(0)).unwrap_err().to_string();
    assert!(text.contains("this is a folder"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let locked = folder.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
        let out = locked.join("out.h5ad");
        if fs::write(&out, "").is_ok() {
            println!("skipped: this user may write into read-only folders");
        } else {
            let error = write_h5ad_with(&input, &out, &results(0)).unwrap_err();
            assert!(matches!(error.cause(), DataError::Io { .. }), "{error}");
        }
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn all_parts_of_the_container_survive() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let x = CsrMatrix::from_dense(N, 6, &counts()).unwrap();
    let names = |p: &str, n: usize| (0..n).map(|i| format!("{p}{i}")).collect::<Vec<_>>();
    let mut data = AnnData::new(x.clone(), names("c", N), names("g", 6)).unwrap();
    data.layers.insert("counts".into(), x.clone());
    data.raw = Some(Raw { x, var: DataFrame::new(names("r", 6)) });
    data.obs.set("gaps", Column::Int((0..N).map(|i| (i > 2).then_some(5)).collect())).unwrap();
    data.obs.set("maybe", Column::Bool((0..N).map(|i| (i > 2).then_some(true)).collect())).unwrap();
    data.obs.set("text", Column::Text((0..N).map(|i| Some(format!("ü{i}"))).collect())).unwrap();
    data.obs.set("many", Column::categorical((0..N).map(|i| Some(i.to_string())))).unwrap();
    data.obsm.insert("X".into(), DenseMatrix::new(N, 0, vec![]).unwrap());
    data.varm.insert("PCs".into(), DenseMatrix::new(6, 1, vec![1.0; 6]).unwrap());
    let eye = CsrMatrix::new(N, N, (0..=N).collect(), (0..N as u32).collect(), vec![1.0; N]);
    data.obsp.insert("graph".into(), eye.unwrap());
    data.uns.insert("none".into(), UnsValue::Floats(vec![]));
    data.uns.insert("text".into(), UnsValue::Texts(vec![]));
    write_h5ad(&out, &data).unwrap();
    assert_eq!(read(&out).unwrap(), data);
    data.layers.insert("bad".into(), CsrMatrix::from_dense(1, 1, &[1.0]).unwrap());
    let text = write_h5ad(&out, &data).unwrap_err().to_string();
    assert!(text.contains("layer bad has 1 x 1, but the data has 12 x 6"), "{text}");
}

#[test]
fn more_than_one_chunk_and_more_than_127_categories_survive() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let (n, g) = (700, 150);
    let values: Vec<f32> = (0..n * g).map(|p| (p % 3) as f32).collect();
    let x = CsrMatrix::from_dense(n, g, &values).unwrap();
    let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
    let mut data = AnnData::new(x, names(n), names(g)).unwrap();
    data.obs.set("id", Column::categorical((0..n).map(|i| Some(i.to_string())))).unwrap();
    data.obsm.insert("e".into(), DenseMatrix::new(n, g, values).unwrap());
    write_h5ad(&out, &data).unwrap();
    assert_eq!(read(&out).unwrap(), data);
    let size = fs::metadata(&out).unwrap().len();
    assert!(size < 300_000, "compressed: {size} bytes");
}

#[test]
fn data_without_cells_is_written_but_is_no_counts() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let x = CsrMatrix::from_dense(0, 2, &[]).unwrap();
    let data = AnnData::new(x, vec![], vec!["a".into(), "b".into()]).unwrap();
    write_h5ad(&out, &data).unwrap();
    assert_eq!(read(&out).unwrap(), data);
    let error = read_counts(&out, None).unwrap_err();
    assert!(matches!(error.cause(), DataError::Empty { n_obs: 0, n_vars: 2 }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_matrix_and_labels_survive(
        rows in 1usize..9, cols in 1usize..9, seed in any::<u64>(),
        labels in proptest::collection::vec(proptest::option::of("\\PC{0,6}"), 9)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.h5ad");
        let bit = |p: usize| (seed >> (p % 64)) & 3;
        let values: Vec<f32> = (0..rows * cols).map(|p| bit(p) as f32).collect();
        let x = CsrMatrix::from_dense(rows, cols, &values).unwrap();
        let names = |n: usize| (0..n).map(|i| format!("é{i}")).collect::<Vec<_>>();
        let mut data = AnnData::new(x, names(rows), names(cols)).unwrap();
        let labels = labels.into_iter().take(rows).map(|l| l.filter(|l| !l.contains('\0')));
        data.obs.set("label", Column::categorical(labels)).unwrap();
        write_h5ad(&out, &data).unwrap();
        prop_assert_eq!(read(&out).unwrap(), data);
    }
}
