//! Every format and encoding gives the same data.

mod common;

use common::{G, N, OTHERS, PLAIN, cell_types, counts, fixture};
use morula_data::{Column, DataError, Field, Format, UnsValue, read, read_counts, read_obs, sniff};

#[test]
fn every_file_gives_the_same_counts() {
    for name in PLAIN.iter().chain(&OTHERS) {
        let direct = read_counts(fixture(name), None).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(direct.x().to_dense(), counts(), "{name}");
        let data = read(fixture(name)).unwrap();
        assert_eq!((data.n_obs(), data.n_vars()), (N, G), "{name}");
        assert_eq!(data.counts(None).unwrap(), direct, "{name}");
        assert_eq!(data.counts(Some("X")).unwrap(), direct, "{name}");
        assert_eq!(data.into_counts(None).unwrap(), direct, "{name}");
        if !name.starts_with("xy") {
            assert_eq!(direct.obs_names()[11], "c11", "{name}");
            assert_eq!(direct.var_names()[0], "g0", "{name}");
        }
    }
}

#[test]
fn formats_are_detected_by_content() {
    let formats = [
        ("rich.h5ad", Format::H5ad),
        ("old_06.h5ad", Format::H5ad),
        ("tenx_v2.h5", Format::TenxH5),
        ("tenx_v3.h5", Format::TenxH5),
        ("mtx_v2", Format::TenxMtx),
        ("mtx_v3/matrix.mtx.gz", Format::TenxMtx),
        ("xy_texts.h5", Format::XyH5),
        ("table.csv", Format::Table),
        ("table.tsv.gz", Format::Table),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, format) in formats {
        assert_eq!(sniff(fixture(name)).unwrap(), format, "{name}");
        if fixture(name).is_file() {
            let misnamed = folder.path().join("file.txt");
            std::fs::copy(fixture(name), &misnamed).unwrap();
            assert_eq!(sniff(&misnamed).unwrap(), format, "{name} under another name");
        }
    }
}

#[test]
fn repeated_gene_names_stay_in_the_container_and_differ_in_counts() {
    for name in ["x_csc_i8.h5ad", "tenx_v3.h5", "tenx_v2.h5", "mtx_v2", "mtx_v3"] {
        let data = read(fixture(name)).unwrap();
        assert_eq!(data.var_names(), ["g0", "g1", "g2", "g2", "g4", "g5"], "{name}");
        let counts = data.into_counts(None).unwrap();
        assert_eq!(counts.var_names(), ["g0", "g1", "g2", "g2-1", "g4", "g5"], "{name}");
    }
}

#[test]
fn only_genes_of_a_10x_matrix_are_taken_and_the_rest_is_named() {
    let data = read(fixture("tenx_v3.h5")).unwrap();
    assert_eq!(data.not_loaded, ["2 features that are no genes (of 8)"]);
    assert_eq!(data.var.column("gene_ids").unwrap().labels()[5].as_deref(), Some("ENSG5"));
    assert_eq!(data.var.column("genome").unwrap().labels()[0].as_deref(), Some("GRCh38"));
}

#[test]
fn labels_of_all_encodings_are_read() {
    for name in ["rich.h5ad", "old_06.h5ad", "old_07.h5ad", "x_csr_f4.h5ad"] {
        let obs = read_obs(fixture(name)).unwrap();
        assert_eq!(obs.column("cell_type").unwrap().labels(), cell_types(), "{name}");
    }
    let numbers: Vec<_> = (0..N).map(|i| Some((i % 3).to_string())).collect();
    let label = |name| read_obs(fixture(name)).unwrap().column("label").unwrap().labels();
    assert_eq!(label("xy_ints.h5"), numbers);
    assert_eq!(label("xy_texts.h5"), cell_types());
}

#[test]
fn columns_of_all_kinds_are_read() {
    let obs = read_obs(fixture("rich.h5ad")).unwrap();
    let column = |name| obs.column(name).unwrap();
    let Column::Categorical(gap) = column("gap") else { panic!("gap") };
    assert_eq!(gap.codes()[..5], [-1, 2, 1, 0, -1]);
    let Column::Categorical(grade) = column("grade") else { panic!("grade") };
    assert!(grade.ordered() && grade.categories() == ["lo", "hi"]);
    assert_eq!(column("cluster").labels()[5].as_deref(), Some("1"));
    let Column::Float(score) = column("score") else { panic!("score") };
    assert!(score[3].is_nan() && score[4] == 0.5);
    assert_eq!(column("n"), &Column::Int((0..12).map(Some).collect()));
    assert_eq!(column("hash").len(), N, "beyond 63 bits");
    assert_eq!(column("ok"), &Column::Bool((0..N).map(|i| Some(i % 2 == 0)).collect()));
    let Column::Int(maybe) = column("maybe_n") else { panic!("maybe_n") };
    assert_eq!(maybe[1..4], [Some(1), None, Some(3)]);
    let Column::Bool(maybe) = column("maybe_ok") else { panic!("maybe_ok") };
    assert_eq!(maybe[1..4], [Some(false), None, Some(false)]);
    assert_eq!(column("note").labels()[2].as_deref(), Some("näme 2"));
}

#[test]
fn all_parts_of_a_rich_file_are_read_or_named() {
    let data = read(fixture("rich.h5ad")).unwrap();
    assert_eq!(data.matrices(), ["X", "counts", "csc", "dense", "raw"]);
    assert_eq!(data.matrix(Some("csc")).unwrap().to_dense(), counts());
    let half: Vec<f32> = counts().iter().map(|c| c / 2.0).collect();
    assert_eq!(data.matrix(Some("dense")).unwrap().to_dense(), half);
    assert_eq!(data.raw.as_ref().unwrap().var.index()[11], "r5");
    assert_eq!(data.obsm["X_pca"].row(11), [33.0, 34.0, 35.0]);
    assert_eq!(data.varm["PCs"].n_rows(), G);
    assert_eq!(data.obsp["connectivities"].nnz(), N);
    assert_eq!(data.uns["title"], UnsValue::from("héllo"));
    assert_eq!(data.uns["empty"], UnsValue::from(""));
    assert_eq!(data.uns["k"], UnsValue::Int(3));
    assert_eq!(data.uns["flag"], UnsValue::Bool(true));
    let deep = data.uns["nested"].get("deep").unwrap();
    assert_eq!(deep.get("ints"), Some(&UnsValue::Ints(vec![0, 1, 2])));
    let UnsValue::Records(records) = &data.uns["rank_genes_groups"] else { panic!() };
    assert_eq!(records.field("B"), Some(&Field::Text(vec!["g0".into(), "g1".into()])));
    assert_eq!(records.field("T"), Some(&Field::Double(vec![0.5, 1.5])));
    let UnsValue::Frame(frame) = &data.uns["frame"] else { panic!() };
    assert_eq!(frame.column("a").unwrap().labels()[1].as_deref(), Some("2"));
    assert_eq!(frame.column("b").unwrap().labels()[0].as_deref(), Some("x"));
    for part in ["obsm/frame", "obsm/sparse", "varp/corr", "uns/graph"] {
        assert!(data.not_loaded.iter().any(|p| p == part), "{part}: {:?}", data.not_loaded);
    }
}

#[test]
fn files_of_anndata_0_6_are_read() {
    let data = read(fixture("old_06.h5ad")).unwrap();
    assert_eq!(data.obs.column("depth").unwrap().labels()[3].as_deref(), Some("0.75"));
    assert_eq!(data.obs.column("text").unwrap().labels()[11].as_deref(), Some("t11"));
    assert_eq!(data.obs.column("ok").unwrap().labels()[1].as_deref(), Some("True"));
    assert_eq!(data.var.column("kind").unwrap().labels()[1].as_deref(), Some("other"));
    assert_eq!(data.obsm["X_pca"].row(11), [22.0, 23.0]);
    assert_eq!(data.into_counts(Some("raw")).unwrap().x().to_dense(), counts());
}

#[test]
fn counts_elsewhere_are_pointed_out() {
    let check_message = |error: DataError| {
        let text = error.to_string();
        assert!(matches!(error.cause(), DataError::NotCounts { .. }), "{text}");
        assert!(text.contains("cell c0, gene g3 holds 1.609"), "{text}");
        assert!(text.contains("\"counts\"") && text.contains("\"raw\""), "{text}");
        assert!(text.contains("--layer counts") && !text.contains("\"dense\""), "{text}");
    };
    let file = fixture("rich.h5ad");
    check_message(read_counts(&file, None).unwrap_err());
    check_message(read(&file).unwrap().counts(None).unwrap_err());
    check_message(read(&file).unwrap().into_counts(None).unwrap_err());
    for layer in ["counts", "csc"] {
        assert_eq!(read_counts(&file, Some(layer)).unwrap().x().to_dense(), counts(), "{layer}");
    }
    let raw = read_counts(&file, Some("raw")).unwrap();
    assert_eq!((raw.n_vars(), raw.var_names()[6].as_str()), (12, "r0"));
    assert_eq!(read(&file).unwrap().into_counts(Some("raw")).unwrap(), raw);
    let dense = read_counts(&file, Some("dense")).unwrap_err().to_string();
    assert!(dense.contains("layer dense: cell c0, gene g5 holds 1.5"), "{dense}");
}

#[test]
fn a_missing_layer_is_answered_with_those_there_are() {
    for error in [
        read_counts(fixture("rich.h5ad"), Some("spliced")).unwrap_err(),
        read(fixture("rich.h5ad")).unwrap().into_counts(Some("spliced")).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.contains("no layer spliced") && text.contains("X, counts, csc"), "{text}");
    }
    assert!(read_counts(fixture("table.csv"), Some("counts")).is_err());
}

#[test]
fn an_unknown_filter_is_named_with_a_way_out() {
    let text = read_counts(fixture("x_zstd.h5"), None).unwrap_err().to_string();
    assert!(text.contains("X/data is compressed by HDF5 filter 32015"), "{text}");
    assert!(text.contains("compression=\"gzip\"") && !text.contains("damaged"), "{text}");
}

#[test]
fn hdf5_files_of_other_kinds_are_answered_with_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let loom = folder.path().join("cells.loom");
    let mut file = hdf5_pure::FileBuilder::new();
    file.create_dataset("matrix").with_f32_data(&[1.0]);
    file.write(&loom).unwrap();
    let text = read(&loom).unwrap_err().to_string();
    assert!(text.contains("cells.loom: not a format known here"), "{text}");
    assert!(text.contains("holds: matrix") && text.contains(".h5ad"), "{text}");

    let gz = folder.path().join("packed.h5ad.gz");
    let file = std::fs::File::create(&gz).unwrap();
    let mut packer = flate2::write::GzEncoder::new(file, Default::default());
    std::io::copy(&mut std::fs::File::open(fixture("rich.h5ad")).unwrap(), &mut packer).unwrap();
    packer.finish().unwrap();
    let text = read(&gz).unwrap_err().to_string();
    assert!(text.contains("packed.h5ad.gz") && text.contains("gunzip"), "{text}");
}
