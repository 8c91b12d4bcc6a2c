//! Tables and arrays of records in `uns`, as scanpy stores markers.

use morula_data::{
    Additions, AnnData, Column, CsrMatrix, DataError, DataFrame, Field, Records, UnsValue, read,
    write_h5ad, write_h5ad_with,
};

fn data() -> AnnData {
    let names = |letter: &str| (0..2).map(|i| format!("{letter}{i}")).collect();
    let x = CsrMatrix::from_dense(2, 2, &[1.0, 0.0, 0.0, 2.0]).unwrap();
    AnnData::new(x, names("c"), names("g")).unwrap()
}

fn table(columns: &[&str]) -> UnsValue {
    let mut frame = DataFrame::new(vec!["g0".into(), "g1".into()]);
    for name in columns {
        frame.set(*name, Column::Float(vec![0.5, 1.0])).unwrap();
    }
    frame.into()
}

fn records(n: usize) -> UnsValue {
    let texts = (0..n).map(|i| format!("gene{i}")).collect();
    Records::new(vec![
        ("T cell/é".into(), Field::Text(texts)),
        ("single".into(), Field::Single((0..n).map(|i| i as f32 / 3.0).collect())),
        ("double".into(), Field::Double((0..n).map(|i| i as f64 / 3.0).collect())),
    ])
    .unwrap()
    .into()
}

#[test]
fn tables_and_records_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a.h5ad", "b.h5ad"].map(|name| folder.path().join(name));
    // Above 2048 records, arrays are stored in chunks.
    for n in [0, 3, 5000] {
        let markers = UnsValue::map().with("pts", table(&["a", "b/c", "b/d", "é"]));
        let markers = markers.with("names", records(n)).with("params", UnsValue::map());
        let mut with = data();
        with.uns.insert("markers".into(), markers.clone());
        write_h5ad(&first, &with).unwrap();
        assert_eq!(read(&first).unwrap(), with);
        // Into a file that has older markers.
        write_h5ad_with(&first, &second, &Additions::new().uns("markers", markers)).unwrap();
        assert_eq!(read(&second).unwrap(), with);
    }
}

#[test]
fn columns_that_cannot_stand_beside_each_other_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5ad");
    write_h5ad(&path, &data()).unwrap();
    for columns in [&["a", "a/b"][..], &["a//b"], &["/"], &["a/_index"], &[""]] {
        let additions = Additions::new().uns("t", table(columns));
        let error = write_h5ad_with(&path, &path, &additions).unwrap_err();
        assert!(matches!(error.cause(), DataError::BadName { .. }), "{columns:?}: {error}");
    }
    assert_eq!(read(&path).unwrap(), data());
}
