//! Zarr stores as inputs and outputs.

use std::fs;

use morula::data::{Format, read, sniff};

use crate::formats::fixture;
use crate::sandbox::Sandbox;

const RUN: &str = "-k 3 --epochs=2 --device cpu";

#[test]
fn a_store_gives_what_the_h5ad_gives() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("simulate --cells=150 --types=3 --genes=120 --out in.zarr");
    for (input, output) in [("in.h5ad", "a.h5ad"), ("in.zarr", "b.zarr"), ("in.zarr", "c.h5ad")] {
        sandbox.ok(&format!("cluster {input} --out {output} {RUN}"));
    }
    let [a, b, c] = ["a.h5ad", "b.zarr", "c.h5ad"].map(|name| read(sandbox.path(name)).unwrap());
    assert_eq!(sniff(sandbox.path("b.zarr")).unwrap(), Format::Zarr);
    for other in [&b, &c] {
        assert_eq!(other.obsm, a.obsm);
        assert_eq!(
            other.obs.column("jojoscl_fine").unwrap(),
            a.obs.column("jojoscl_fine").unwrap()
        );
        assert!(other.uns.contains_key("jojoscl_evidence") && other.uns.contains_key("simulation"));
    }
    // Commands on a result.
    sandbox.ok("cut b.zarr --level coarse --out cut.zarr");
    assert!(read(sandbox.path("cut.zarr")).unwrap().obs.column("jojoscl_cut").is_ok());
    sandbox.ok("markers b.zarr --groupby jojoscl --out markers.csv --h5ad markers.zarr");
    assert!(read(sandbox.path("markers.zarr")).unwrap().uns.contains_key("rank_genes_groups"));
    let run = sandbox.ok("inspect b.zarr --json").json();
    assert_eq!((run["format"].as_str(), run["n_cells"].as_u64()), (Some("zarr"), Some(150)));
    let run = sandbox.ok("evaluate b.zarr --truth cell_type --pred jojoscl --json").json();
    assert!(run.is_object());
    sandbox.ok(&format!("cluster in.zarr --out dropped.zarr --drop-filtered {RUN}"));
    sandbox.nothing_half_written();
}

#[test]
fn stores_of_anndata_keep_everything() {
    let sandbox = Sandbox::new();
    for (name, metadata) in [("rich_v2.zarr.zip", ".zgroup"), ("rich_v3.zarr.zip", "zarr.json")] {
        let input = fixture(&name);
        let out = format!("{name}.zarr");
        let line = ["cluster", input.to_str().unwrap(), "--out", &out, "-k", "1", "--epochs=2"];
        let run = sandbox.run(line);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert!(!run.stderr.contains("varp"), "nothing is lost: {}", run.stderr);
        let store = sandbox.path(&out);
        assert!(store.join(metadata).exists() && store.join("varp/corr").is_dir(), "{name}");
        let data = read(&store).unwrap();
        assert!(data.obsm.contains_key("X_pca") && data.obsm.contains_key("X_jojoscl"));
    }
}

#[test]
fn nothing_is_written_into_a_store_or_over_one() {
    let sandbox = Sandbox::simulated();
    sandbox.ok("simulate --cells=30 --types=2 --genes=40 --out in.zarr");
    fs::create_dir(sandbox.path("mine.zarr")).unwrap();
    fs::write(sandbox.path("mine.zarr/thesis"), "mine").unwrap();
    for (line, parts) in [
        ("cluster in.zarr --out in.zarr", ["--out in.zarr", "the input"]),
        ("cluster in.h5ad --out in.zarr", ["in.zarr", "is there already"]),
        ("cluster in.h5ad --out mine.zarr", ["mine.zarr", "is there already"]),
        ("cluster in.zarr --out in.zarr/obs/x.h5ad", ["in.zarr/obs/x.h5ad", "is in"]),
        ("cluster in.zarr --out y.zarr --report in.zarr/page", ["--report", "is in"]),
        ("cluster in.zarr --out y.zarr --report y.zarr/page", ["y.zarr/page", "keep them apart"]),
        ("qc in.zarr --out in.zarr/obs/y.zarr", ["in.zarr/obs/y.zarr", "is in"]),
        ("simulate --cells=30 --types=2 --genes=40 --out mine.zarr", ["mine.zarr", "already"]),
    ] {
        sandbox.refuses(line, 2, &parts);
    }
    assert!(!sandbox.path("y.zarr").exists() && !sandbox.path("in.zarr/page").exists());
    assert_eq!(fs::read(sandbox.path("mine.zarr/thesis")).unwrap(), b"mine");
}
