//! Files that anndata does not write: links, circles, sizes that are not there. They are read as
//! far as they can be, or refused, in little time and memory.

mod common;

use common::{G, N, cell_types, counts, fixture};
use hdf5_pure::{AttrValue, FileBuilder};
use morula_data::{
    Additions, Column, DataError, Field, OutputPlan, Records, UnsValue, check_output, read,
    read_counts, read_obs, write_h5ad_with,
};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn links_to_paths_are_named_and_the_rest_is_read_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    for name in ["links.h5ad", "links_dense.h5ad"] {
        let data = read(fixture(name)).unwrap();
        let named = |path: &str| data.not_loaded.iter().filter(|p| p.starts_with(path)).count();
        for path in ["layers/soft", "obs/linked", "obsm/soft", "uns/soft", "uns/extern", "soft"] {
            assert_eq!(named(path), 1, "{name}: {path}: {:?}", data.not_loaded);
        }
        assert_eq!(data.not_loaded.len(), 6, "{name}: {:?}", data.not_loaded);
        assert_eq!(data.uns["k"], UnsValue::Int(3));
        assert_eq!(data.obsm["X_pca"].n_cols(), 2);
        assert_eq!(read_counts(fixture(name), None).unwrap().x().to_dense(), counts(), "{name}");
        let text = read_counts(fixture(name), Some("soft")).unwrap_err().to_string();
        assert!(text.contains("layers/soft (a link to a path, which is not followed)"), "{text}");
        assert!(!text.contains("damaged"), "{text}");

        let plan = OutputPlan::new().obs("label").var("label").layer("l").obsm("o").uns("u");
        check_output(fixture(name), &out, &plan).unwrap();
        let additions = Additions::new()
            .obs("label", Column::categorical(cell_types()))
            .var("label", Column::Int(vec![Some(1); G]))
            .layer("l", data.x.clone().unwrap())
            .obsm("o", data.obsm["X_pca"].clone())
            .uns("u", UnsValue::map().with("a", 1));
        for _ in 0..2 {
            write_h5ad_with(fixture(name), &out, &additions).unwrap();
            let mut after = read(&out).unwrap();
            assert_eq!(after.not_loaded, data.not_loaded, "{name}");
            assert_eq!(after.obs.column("label").unwrap().labels(), cell_types(), "{name}");
            assert_eq!(after.uns.remove("u"), Some(UnsValue::map().with("a", 1)));
            assert_eq!(after.uns, data.uns, "{name}");
            assert_eq!(after.obs.columns().len(), data.obs.columns().len() + 1);
        }
        // A result never takes the place of a link.
        for plan in [
            OutputPlan::new().obs("linked"),
            OutputPlan::new().layer("soft"),
            OutputPlan::new().obsm("soft"),
            OutputPlan::new().uns("soft"),
        ] {
            let text = check_output(fixture(name), &out, &plan).unwrap_err().to_string();
            assert!(text.contains("would be lost"), "{text}");
        }
    }
}

#[test]
fn circles_end() {
    let start = Instant::now();
    let path = fixture("loops.h5ad");
    let error = read(&path).unwrap_err().to_string();
    assert!(error.contains("obs/ct/categories is a column of categories itself"), "{error}");
    assert!(read_obs(&path).is_err());
    // The groups in a circle matter only to `uns`.
    let counts = read_counts(&path, None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let additions = Additions::new().uns("ours", 1);
    write_h5ad_with(&path, &out, &additions).unwrap();
    assert_eq!(read_counts(&out, None).unwrap(), counts);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn texts_that_share_their_place_are_not_copied() {
    let data = read(fixture("shared_heap.h5ad"));
    let error = data.map(|data| data.not_loaded);
    // The column is missing, so the table is damaged; `uns` alone is read.
    assert!(error.is_err());
    let counts = read_counts(fixture("shared_heap.h5ad"), None).unwrap();
    assert_eq!(counts.n_obs(), N);
}

#[test]
fn floats_of_two_bytes_are_read_and_other_types_named() {
    let path = fixture("half.h5ad");
    let data = read(&path).unwrap();
    assert_eq!(data.x.as_ref().unwrap().to_dense(), counts());
    assert_eq!(data.layers["half"].to_dense(), counts());
    assert_eq!(data.obsm["half"].row(N - 1), [22.0, 23.0]);
    assert_eq!(data.uns["half"], UnsValue::Float(0.5));
    let quarters = Column::Float((0..N).map(|i| i as f64 / 4.0).collect());
    assert_eq!(data.obs.column("half").unwrap(), &quarters);
    assert_eq!(read_counts(&path, Some("half")).unwrap().x().to_dense(), counts());
    assert_eq!(data.not_loaded.len(), 2, "{:?}", data.not_loaded);
    assert!(data.not_loaded.iter().any(|p| p.starts_with("obs/complex")));
    assert!(data.not_loaded.iter().any(|p| p == "layers/complex"));
    assert!(read_counts(&path, Some("complex")).is_err());
}

/// A file with `X` and `Y`.
fn xy(shape: &[u64], cells: u64, csr: Option<i64>) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("xy.h5");
    let mut file = FileBuilder::new();
    file.create_dataset("Y").with_f64_data(&vec![0.0; cells as usize]).with_shape(&[cells]);
    match csr {
        Some(cols) => {
            let mut x = file.create_group("X");
            x.set_attr("encoding-type", AttrValue::VarLenString("csr_matrix".into()));
            x.set_attr("shape", AttrValue::I64Array(vec![cells as i64, cols]));
            x.create_dataset("data").with_f32_data(&[1.0, 2.0]);
            x.create_dataset("indices").with_i32_data(&[0, 1]);
            x.create_dataset("indptr").with_i64_data(&[0, 1, 2]);
            file.add_group(x.finish());
        }
        None => {
            let n: u64 = shape.iter().product();
            file.create_dataset("X").with_f32_data(&vec![1.0; n as usize]).with_shape(shape);
        }
    }
    file.write(&path).unwrap();
    read_counts(&path, None).map(drop).map_err(|e| e.to_string())
}

#[test]
fn columns_without_names_are_bounded_by_the_file() {
    assert!(xy(&[2, 3], 2, None).is_ok() && xy(&[], 2, Some(3)).is_ok());
    for cols in [100_000_000, 1_000_000_000_000_000, i64::MAX] {
        let text = xy(&[], 2, Some(cols)).unwrap_err();
        assert!(text.contains("columns"), "{text}");
    }
    for cols in [1_000_000_000_000, u64::MAX] {
        let text = xy(&[0, cols], 0, None).unwrap_err();
        assert!(text.contains("0 cells x") || text.contains("claims"), "{text}");
    }
}

#[test]
fn an_array_is_not_unpacked_for_every_link() {
    let start = Instant::now();
    let data = read(fixture("linked_layers.h5ad")).unwrap();
    let left_out = data.not_loaded.iter().find(|part| part.contains("unpacks to more"));
    assert!(left_out.is_some_and(|part| part.starts_with("layers/")), "{left_out:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn packed_tables_of_nothing_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.csv.gz");
    let pack = |head: &str, repeated: &str, n: usize| {
        let file = fs::File::create(&path).unwrap();
        let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::best());
        let block = repeated.repeat(100_000);
        use std::io::Write;
        packer.write_all(head.as_bytes()).unwrap();
        (0..n).for_each(|_| packer.write_all(block.as_bytes()).unwrap());
        packer.finish().unwrap();
        let start = Instant::now();
        let text = read(&path).unwrap_err().to_string();
        assert!(start.elapsed() < Duration::from_secs(20), "{text}");
        text
    };
    for (head, repeated) in [("", ","), (",g1\nc", ","), ("", "a\t"), ("a b\n", " ")] {
        let text = pack(head, repeated, 600);
        assert!(text.contains("a line has more than") || text.contains("does not end"), "{text}");
    }
    let text = pack(",g\n", "c,1\n", 150);
    assert!(text.contains("more than a file of this size holds"), "{text}");
}

#[test]
fn values_that_single_precision_does_not_hold_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    let error = |write: &dyn Fn(&mut hdf5_pure::DatasetBuilder)| {
        let mut file = FileBuilder::new();
        file.create_dataset("Y").with_f64_data(&[0.0, 0.0]);
        write(file.create_dataset("X"));
        file.write(&path).unwrap();
        read_counts(&path, None).map_err(|e| e.to_string())
    };
    let ints = |v: i64| {
        error(&move |set| {
            set.with_i64_data(&[1, 2, v, 3]).with_shape(&[2, 2]);
        })
    };
    let floats = |v: f64| {
        error(&move |set| {
            set.with_f64_data(&[1.0, 2.0, v, 3.0]).with_shape(&[2, 2]);
        })
    };
    for v in [(1 << 24) + 1, (1 << 53) + 1, i64::MAX] {
        let text = ints(v).unwrap_err();
        assert!(text.contains("cell 1, gene 0") && text.contains("single precision"), "{text}");
    }
    for v in [16_777_217.0, 1.000000001] {
        let text = floats(v).unwrap_err();
        assert!(text.contains("cell 1, gene 0") && text.contains(&v.to_string()), "{text}");
    }
    for v in [16_777_216, 16_777_218] {
        assert_eq!(ints(v).unwrap().x().to_dense()[2], v as f32);
        assert_eq!(floats(v as f64).unwrap().x().to_dense()[2], v as f32);
    }
    assert_eq!(floats(17.000000000000004).unwrap().x().to_dense()[2], 17.0);
    // Also in text.
    let csv = folder.path().join("t.csv");
    fs::write(&csv, ",a,b\nx,1,2\ny,16777217,0\n").unwrap();
    let error = read_counts(&csv, None).unwrap_err();
    assert!(matches!(error.cause(), DataError::Inexact { .. }), "{error}");
}

/// Tables of thousands of columns, records of thousands of fields.
#[test]
fn no_step_is_quadratic_in_columns() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.h5ad"), folder.path().join("b.h5ad"));
    let n = 6_000;
    let mut data = read(fixture("half.h5ad")).unwrap();
    data.not_loaded.clear();
    for k in 0..n {
        data.obs.set(format!("c{k}"), Column::Float(vec![k as f64; N])).unwrap();
    }
    let start = Instant::now();
    morula_data::write_h5ad(&a, &data).unwrap();
    for (from, to) in [(&a, &b), (&b, &a)] {
        let ours = Additions::new().obs("ours", Column::categorical(cell_types()));
        write_h5ad_with(from, to, &ours).unwrap();
    }
    assert_eq!(read_obs(&a).unwrap().columns().len(), n + 2);
    // More than 2,340 fields do not fit into the header of an array.
    let fields = (0..2_000).map(|k| (format!("f{k}"), Field::Single(vec![k as f32; 2])));
    let records = Records::new(fields.collect()).unwrap();
    write_h5ad_with(&a, &b, &Additions::new().uns("r", records.clone())).unwrap();
    assert_eq!(read(&b).unwrap().uns["r"], UnsValue::Records(records));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
