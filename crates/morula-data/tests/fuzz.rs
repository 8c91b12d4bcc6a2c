//! Changed files are read or refused. `morula_testing::fuzz::run` says how it is set.

mod common;
#[path = "fuzz/targets.rs"]
mod targets;

use std::fs;
use std::io::Write;

use common::fixture;
use morula_testing::fuzz::{Target, run};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

fn content(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| fs::read(fixture(name)).unwrap()).collect()
}

fn targets() -> Vec<Target> {
    let h5ad = content(&[
        "x_csc_i8.h5ad",
        "x_dense_f8.h5ad",
        "old_06.h5ad",
        "old_07.h5ad",
        "rich.h5ad",
        "half.h5ad",
        "links.h5ad",
        "links_dense.h5ad",
        "loops.h5ad",
        "shared_heap.h5ad",
        "tracked_wide.h5ad",
    ]);
    let tables: [&[u8]; 6] = [
        b",a,b\nx,1,0\ny,2,3\n",
        b"# note\n\"cell\"\t\"a\"\tb\nx\t1.5\t0\ny\t1e3\tNA\n",
        b" a b\nx 1 0\ny 2 3\n",
        b"\xFF\xFE,\0a\0\n\0x\0,\x001\0\n\0",
        b"a;b\r\n1;2\r\n3;16777217\r\n",
        b"\xEF\xBB\xBF,\xe4,b\nx,1,0\n",
    ];
    let mut tables: Vec<Vec<u8>> = tables.map(<[u8]>::to_vec).to_vec();
    tables.extend(content(&["table.csv", "table.tsv.gz"]));
    let matrix: &[u8] =
        b"\"x\"\ny\n\n\0id\tname\nE1\ta\tGene Expression\nE2\t\tAntibody Capture\n\0\
        %%MatrixMarket matrix coordinate integer general\n%\n2 2 3\n1 1 4\n2 1 5\n2 2 6\n";
    let mtx = ["barcodes.tsv", "genes.tsv", "matrix.mtx"];
    let mtx = mtx.map(|name| fs::read(fixture("mtx_v2").join(name)).unwrap_or_default());
    let pack = |bytes: Vec<u8>, rng: &mut ChaCha8Rng| match rng.random_range(0..8) {
        0 => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            packer.write_all(&bytes).unwrap();
            packer.finish().unwrap()
        }
        _ => bytes,
    };
    vec![
        Target::new("h5ad", targets::hdf5, h5ad),
        Target::new("tenx_h5", targets::hdf5, content(&["tenx_v2.h5", "tenx_v3.h5"])),
        Target::new("xy_h5", targets::hdf5, content(&["xy_ints.h5", "xy_texts.h5"])),
        Target { finish: pack, ..Target::new("csv", targets::table, tables) },
        Target::new("mtx", targets::matrix, vec![matrix.to_vec(), mtx.join(&0)]),
    ]
}

#[test]
fn changed_files_are_read_or_refused() {
    run(targets());
}
