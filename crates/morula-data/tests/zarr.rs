//! Zarr stores of both versions are read, copied with results, and written. The fixtures come from
//! `scripts/make_zarr_fixtures.py`.
#![cfg(feature = "zarr")]

mod common;

use common::{G, N, cell_types, counts, files_below, fixture, unpacked};
use morula_data::{
    Additions, AnnData, Column, CsrMatrix, DenseMatrix, Field, Format, OutputPlan, ReadOptions,
    Records, UnsValue, check_output, read, read_counts, read_obs, read_uns, sniff, write,
    write_from, write_h5ad,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const RICH: [&str; 2] = ["rich_v2.zarr.zip", "rich_v3.zarr.zip"];

/// Fails where two data sets differ. NaN is equal to itself, which it is not for `==`.
fn assert_same(found: &AnnData, expected: &AnnData, what: &str) {
    let parts = |data: &AnnData| {
        let AnnData { x, layers, raw, obs, var, obsm, varm, obsp, uns, not_loaded, .. } = data;
        [
            ("X", format!("{x:?}")),
            ("layers", format!("{layers:?}")),
            ("raw", format!("{raw:?}")),
            ("obs", format!("{obs:?}")),
            ("var", format!("{var:?}")),
            ("obsm", format!("{obsm:?} {varm:?} {obsp:?}")),
            ("uns", format!("{uns:?}")),
            ("parts not loaded", format!("{:?}", not_loaded.iter().collect::<BTreeSet<_>>())),
        ]
    };
    for ((part, found), (_, expected)) in parts(found).into_iter().zip(parts(expected)) {
        let at = found.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
        let near =
            |text: &str| text.chars().skip(at.saturating_sub(60)).take(150).collect::<String>();
        assert!(found == expected, "{what}, {part}: {} <> {}", near(&found), near(&expected));
    }
}

/// The rich data in HDF5, as they are in zarr: numbers that no signed number holds are floats, and
/// complex numbers are not read.
fn rich() -> AnnData {
    let mut data = read(fixture("rich.h5ad")).unwrap();
    data.obs.set("hash", Column::Float(vec![2f64.powi(64); N])).unwrap();
    data.uns.remove("complex").unwrap();
    data.not_loaded.push("uns/complex".into());
    data.x = Some(CsrMatrix::from_dense(N, G, &counts()).unwrap());
    data
}

#[test]
fn both_versions_hold_what_the_h5ad_holds() {
    let folder = tempfile::tempdir().unwrap();
    for name in RICH {
        let store = folder.path().join(name);
        unpacked(name, &store);
        for path in [&fixture(name), &store] {
            assert_eq!(sniff(path).unwrap(), Format::Zarr);
            assert_same(&read(path).unwrap(), &rich(), name);
            let whole = read_counts(path, Some("counts")).unwrap();
            assert_eq!(whole.x().to_dense(), counts());
            assert_eq!(read_obs(path).unwrap().column("cell_type").unwrap().labels(), cell_types());
            assert_eq!(read_uns(path).unwrap()["k"], UnsValue::Int(3));
        }
    }
}

/// The matrix that `make_zarr_fixtures.py` stores in several forms.
fn form() -> Vec<f32> {
    (0..60 * 40u32).map(|i| (i * 7919 % 211 % 37) as f32).collect()
}

#[test]
fn every_form_of_storage_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = 0;
    for name in ["forms_v2.zarr.zip", "forms_v3.zarr.zip"] {
        unpacked(name, folder.path());
    }
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let data = read(&path).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(data.x.unwrap().to_dense(), form(), "{}", path.display());
        found += 1;
    }
    assert_eq!(found, 12);
}

fn additions() -> Additions {
    let genes = Field::Text(vec!["g0".into(), "g1".into()]);
    let fields = vec![("0".into(), genes), ("1".into(), Field::Double(vec![0.5, 2.0]))];
    let records = UnsValue::Records(Records::new(fields).unwrap());
    let labels = (0..N).map(|i| (i > 0).then(|| (i % 3).to_string()));
    let map = UnsValue::map().with("seed", 7).with("text", "é").with("records", records);
    Additions::new()
        .obs("ours", Column::categorical(labels))
        .obs("note", Column::Text(vec![Some("new".into()); N]))
        .obs("maybe", Column::Bool((0..N).map(|i| (i > 1).then_some(true)).collect()))
        .var("used", Column::Bool(vec![Some(true); G]))
        .layer("ours", CsrMatrix::from_dense(N, G, &counts()).unwrap())
        .obsm("X_ours", DenseMatrix::new(N, 2, (0..2 * N).map(|v| v as f32).collect()).unwrap())
        .uns("ours", map.with("empty", UnsValue::map()))
}

#[test]
fn a_copy_has_the_results_and_every_file_of_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let options = ReadOptions::new();
    for name in RICH {
        let (input, output) =
            (folder.path().join(name), folder.path().join(format!("{name}.zarr")));
        unpacked(name, &input);
        let mut expected = read(&input).unwrap();
        expected.add(&additions()).unwrap();
        check_output(&input, &output, &OutputPlan::of(&additions())).unwrap();
        let lost = write_from(&input, &output, &additions(), &options).unwrap();
        assert!(lost.is_empty());
        assert_same(&read(&output).unwrap(), &expected, name);
        let (before, after) = (files_below(&input), files_below(&output));
        for (file, content) in &before {
            // The note is replaced; the others say what a group holds, or are copies of that.
            let ours =
                ["obs/note/", "obs/.zattrs", "obs/zarr.json", "var/.zattrs", "var/zarr.json"];
            if ours.iter().any(|ours| file.starts_with(ours)) || file == "zarr.json" {
                continue;
            }
            assert!(after.get(file) == Some(content), "{file}");
        }
        assert!(
            !String::from_utf8_lossy(after.get("zarr.json").unwrap_or(&vec![]))
                .contains("consolidated")
        );
        // A zip file is a store as well, and a copy of a copy replaces the earlier results.
        let again = folder.path().join(format!("{name}.again.zarr"));
        write_from(&output, &again, &additions(), &options).unwrap();
        assert_same(&read(&again).unwrap(), &expected, name);
        let unzipped = folder.path().join(format!("{name}.unzipped.zarr"));
        write_from(fixture(name), &unzipped, &additions(), &options).unwrap();
        assert!(files_below(&unzipped) == after, "{name}");
    }
}

#[test]
fn data_are_the_same_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    let mut data = rich();
    data.add(&additions()).unwrap();
    data.not_loaded.clear();
    let (zarr, h5ad) = (folder.path().join("new.zarr"), folder.path().join("new.h5ad"));
    write(&zarr, &data).unwrap();
    assert_eq!(sniff(&zarr).unwrap(), Format::Zarr);
    assert_same(&read(&zarr).unwrap(), &data, "zarr");
    let lost = write_from(&zarr, &h5ad, &Additions::new(), &ReadOptions::new()).unwrap();
    assert!(lost.is_empty() && sniff(&h5ad).unwrap() == Format::H5ad);
    assert_same(&read(&h5ad).unwrap(), &data, "h5ad");
    // Arrays of several chunks.
    let (rows, cols) = (3000, 700);
    let values: Vec<f32> = (0..rows * cols).map(|i| (i * 31 % 101) as f32).collect();
    let names = |n: usize| (0..n).map(|i| format!("n{i}")).collect();
    let x = CsrMatrix::from_dense(rows, cols, &values).unwrap();
    let mut data = AnnData::new(x, names(rows), names(cols)).unwrap();
    data.obsm.insert("all".into(), DenseMatrix::new(rows, cols, values).unwrap());
    let large = folder.path().join("large.zarr");
    write(&large, &data).unwrap();
    assert!(large.join("X/data/c/1").exists() && large.join("obsm/all/c/2/0").exists());
    assert!(read(&large).unwrap() == data);
}

#[test]
fn nothing_is_replaced_and_inputs_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let input = at("in.zarr");
    unpacked(RICH[1], &input);
    let before = files_below(&input);
    fs::create_dir(at("mine.zarr")).unwrap();
    fs::write(at("mine.zarr/thesis.txt"), "mine").unwrap();
    fs::write(at("file.zarr"), "mine").unwrap();
    let plan = OutputPlan::of(&additions());
    let options = ReadOptions::new();
    for (output, why) in [
        (input.clone(), "is the input"),
        (at("mine.zarr"), "is there already"),
        (at("file.zarr"), "is there already"),
        (at("in.zarr/out.zarr"), "is the input"),
        (at("in.zarr/obs/out.h5ad"), "is the input"),
        (at("missing/out.zarr"), "must exist"),
    ] {
        let checked = check_output(&input, &output, &plan);
        let written = write_from(&input, &output, &additions(), &options).map(drop);
        for error in [checked, written] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
    assert!(files_below(&input) == before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "a folder was left behind");
    // A free name, an empty folder.
    fs::create_dir(at("empty.zarr")).unwrap();
    for name in ["free.zarr", "empty.zarr"] {
        write_from(&input, at(name), &additions(), &options).unwrap();
    }
    // Names that a store takes for its own.
    for name in ["zarr.json", "__own", "a\\b"] {
        let plan = OutputPlan::new().obsm(name);
        let error = check_output(&input, at("x.zarr"), &plan).unwrap_err().to_string();
        assert!(error.contains("cannot be in a zarr store"), "{error}");
    }
}

#[test]
fn folders_that_are_no_anndata_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("other")).unwrap();
    fs::write(at("other/zarr.json"), r#"{"zarr_format":3,"node_type":"group"}"#).unwrap();
    fs::create_dir(at("other/tables")).unwrap();
    fs::write(at("other/tables/.zgroup"), "{}").unwrap();
    let error = read(at("other")).unwrap_err().to_string();
    assert!(error.contains("a zarr store without obs and var"), "{error}");
    fs::write(at("notes.zip"), b"PK\x05\x06\0 and no more of it").unwrap();
    let error = read(at("notes.zip")).unwrap_err().to_string();
    assert!(error.contains("a zip file"), "{error}");
    assert_eq!(sniff(fixture("mtx_v3")).unwrap(), Format::TenxMtx);
}

/// Changes a text in a file of a store.
fn change(store: &Path, file: &str, from: &str, to: &str) {
    let path = store.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn claims_are_checked_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let x = CsrMatrix::from_dense(N, G, &counts()).unwrap();
    let names = |p: &str, n: usize| (0..n).map(|i| format!("{p}{i}")).collect();
    let mut data = AnnData::new(x, names("c", N), names("g", G)).unwrap();
    data.obsm.insert("wide".into(), DenseMatrix::new(N, 2, vec![1.0; 2 * N]).unwrap());
    let n = data.x.as_ref().unwrap().nnz().to_string();
    let indices = "X/indices/zarr.json";
    let old = |what: &str| format!("\"{what}\": [\n    {n}\n  ]");
    let chunk = format!("\"chunk_shape\": [\n        {n}\n      ]");
    let gzip = r#"      "name": "gzip""#;
    let cases: [(&str, &str, String, &str); 10] = [
        (indices, &old("shape"), "\"shape\": [9000000000000000000]".into(), "are claimed"),
        (indices, &old("shape"), "\"shape\": [1099511627776]".into(), "are claimed"),
        (indices, &old("shape"), "\"shape\": [5]".into(), "5 indices"),
        (indices, &old("shape"), format!("\"shape\": [{n}, 1]"), "different dimensions"),
        (indices, &chunk, "\"chunk_shape\": [0]".into(), "chunks of [0]"),
        (indices, &chunk, "\"chunk_shape\": [1073741824]".into(), "are claimed"),
        (indices, &chunk, "\"chunk_shape\": [7]".into(), "in place of 28"),
        (indices, gzip, r#""name": "lzma""#.into(), "codec \"lzma\""),
        (indices, "\"int32\"", "\"int31\"".into(), "type \"int31\""),
        ("obs/zarr.json", "\"_index\": \"_index\"", "\"_index\": \"../var/_index\"".into(), ""),
    ];
    for (i, (file, from, to, why)) in cases.iter().enumerate() {
        let store = folder.path().join(format!("{i}.zarr"));
        write(&store, &data).unwrap();
        change(&store, file, from, to);
        let found = read_counts(&store, None);
        match why.is_empty() {
            // Nothing outside of a group is its column; the usual name is taken.
            true => assert_eq!(found.unwrap().n_obs(), N),
            false => {
                let error = found.unwrap_err().to_string();
                assert!(error.contains(why) && error.contains(&format!("{i}.zarr")), "{error}");
            }
        }
    }
    // Rows that are not stored cost memory too.
    let store = folder.path().join("holes.zarr");
    write(&store, &data).unwrap();
    change(&store, "obsm/wide/zarr.json", "    12,\n    2\n", "    12000000000,\n    2\n");
    assert!(read(&store).unwrap().not_loaded.contains(&"obsm/wide".to_string()));
    // Metadata that are no JSON.
    change(&store, indices, "{", "[");
    let error = read_counts(&store, None).unwrap_err().to_string();
    assert!(error.contains("X/indices"), "{error}");
}

#[test]
fn shards_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    unpacked("forms_v3.zarr.zip", folder.path());
    let store = folder.path().join("shards");
    let metadata = fs::read_to_string(store.join("X/zarr.json")).unwrap();
    for (shape, why) in [
        ("4000000000,\n        4000000000", "for an index of"),
        ("40000,\n        40000", "for an index of"),
        ("41,\n        40", "chunks of [10, 20] elements in [41, 40]"),
    ] {
        change(&store, "X/zarr.json", "40,\n        40", shape);
        let error = read(&store).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        fs::write(store.join("X/zarr.json"), &metadata).unwrap();
    }
    // A place beyond the file, with the right checksum.
    let file = store.join("X/c/0/0");
    let mut bytes = fs::read(&file).unwrap();
    let index = bytes.len() - 4 - 16 * 8;
    bytes[index..index + 8].copy_from_slice(&u64::MAX.saturating_sub(9).to_le_bytes());
    let end = bytes.len() - 4;
    let sum = crc32c::crc32c(&bytes[index..end]);
    bytes[end..].copy_from_slice(&sum.to_le_bytes());
    fs::write(&file, &bytes).unwrap();
    assert!(read(&store).is_err());
    bytes[index] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert!(read(&store).unwrap_err().to_string().contains("checksum"));
}

#[test]
fn no_name_in_a_zip_file_leads_out_of_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.zarr.zip");
    fs::copy(fixture(RICH[0]), &path).unwrap();
    let file = fs::File::options().read(true).write(true).open(&path).unwrap();
    let mut archive = zip::ZipWriter::new_append(file).unwrap();
    let options = zip::write::SimpleFileOptions::default();
    for name in ["../evil", "obs/../../evil", "/tmp/evil-of-a-test", "..\\evil"] {
        archive.start_file(name, options).unwrap();
    }
    archive.finish().unwrap();
    let out = folder.path().join("home/out.zarr");
    fs::create_dir(folder.path().join("home")).unwrap();
    write_from(&path, &out, &Additions::new(), &ReadOptions::new()).unwrap();
    assert_eq!(read(&out).unwrap().obs.n_rows(), N);
    let names = files_below(folder.path());
    assert!(names.keys().all(|name| !name.contains("evil")), "{:?}", names.keys());
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("in.zarr");
    unpacked(RICH[0], &store);
    let layer = store.join("layers/linked");
    std::os::unix::fs::symlink(store.join("layers"), &layer).unwrap();
    let data = read(&store).unwrap();
    let named = |part: &String| part.starts_with("layers/linked (a link to a folder");
    assert!(data.not_loaded.iter().any(named), "{:?}", data.not_loaded);
    let out = folder.path().join("out.zarr");
    let written = write_from(&store, &out, &Additions::new(), &ReadOptions::new());
    let error = written.unwrap_err().to_string();
    assert!(error.contains("layers/linked") && error.contains("lose"), "{error}");
    assert!(!out.exists());
    // A conversion says what it lacks.
    let out = folder.path().join("out.h5ad");
    let lost = write_from(&store, &out, &Additions::new(), &ReadOptions::new()).unwrap();
    assert!(lost.iter().any(named));
    // A pipe in the place of a chunk is none.
    fs::remove_file(layer).unwrap();
    let chunk = store.join("layers/counts/data/0");
    fs::remove_file(&chunk).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&chunk).status();
    if made.is_ok_and(|status| status.success()) {
        assert!(read(&store).is_ok());
        let error = write_from(
            &store,
            folder.path().join("p.zarr"),
            &Additions::new(),
            &ReadOptions::new(),
        );
        assert!(error.unwrap_err().to_string().contains("pipe"));
    }
}

#[test]
fn changed_and_cut_files_are_read_or_refused() {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    for name in RICH {
        unpacked(name, &home.join(name));
    }
    unpacked("forms_v2.zarr.zip", home);
    unpacked("forms_v3.zarr.zip", home);
    let out = home.join("out.zarr");
    for entry in fs::read_dir(home).unwrap() {
        let store = entry.unwrap().path();
        let files: Vec<(String, Vec<u8>)> = files_below(&store).into_iter().collect();
        for case in 0..60 {
            let (file, whole) = &files[rng.random_range(0..files.len())];
            let mut bytes = whole.clone();
            match case % 3 {
                0 => bytes.truncate(rng.random_range(0..=bytes.len())),
                _ if !bytes.is_empty() => {
                    let at = rng.random_range(0..bytes.len());
                    bytes[at] ^= rng.random_range(1..=255u8);
                }
                _ => {}
            }
            fs::write(store.join(file), &bytes).unwrap();
            for error in [read(&store).map(drop), read_counts(&store, None).map(drop)] {
                let Err(error) = error else { continue };
                let error = error.to_string();
                assert!(error.contains(store.to_str().unwrap()), "the store is not named: {error}");
            }
            if case % 30 == 0 {
                let results = Additions::new().obs("ours", Column::Float(vec![0.0; N]));
                let _ = write_from(&store, &out, &results, &ReadOptions::new());
                let _ = fs::remove_dir_all(&out);
            }
            fs::write(store.join(file), whole).unwrap();
        }
    }
}

#[test]
fn zip_files_that_are_cut_or_changed_are_refused() {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.zarr.zip");
    let whole = fs::read(fixture(RICH[1])).unwrap();
    for case in 0..100 {
        let mut bytes = whole.clone();
        match case % 2 {
            0 => bytes.truncate(rng.random_range(0..bytes.len())),
            _ => (0..4).for_each(|_| {
                let at = rng.random_range(0..bytes.len());
                bytes[at] ^= rng.random_range(1..=255u8);
            }),
        }
        fs::write(&path, &bytes).unwrap();
        let found = read(&path);
        assert!(case % 2 == 1 || found.is_err());
    }
    // A h5ad output of a store in a zip file.
    let data = read(fixture(RICH[1])).unwrap();
    write_h5ad(folder.path().join("new.h5ad"), &data).unwrap();
}
