//! Data that cannot be clustered: a clear error, exit code 1, nothing touched.

use std::fs;

use morula::data::write_h5ad;

use crate::formats::{FIXTURES, fixture};
use crate::sandbox::{Sandbox, dense, two_kinds};

const CLUSTER: &str = "cluster in.h5ad -k 2 --epochs 2 --out out.h5ad --json";

#[test]
fn values_that_are_no_counts_are_named_with_cell_and_gene() {
    let sandbox = Sandbox::new();
    for (value, text) in
        [(2.5, "2.5"), (-1.0, "-1"), (f32::NAN, "NaN"), (f32::INFINITY, "inf"), (1e-3, "0.001")]
    {
        let mut values = two_kinds();
        values[12 * 3 + 5] = value;
        values[12 * 4] = value;
        sandbox.write(12, &values);
        sandbox.refuses(CLUSTER, 1, &["in.h5ad", "cell c3", "gene g5", text, "raw count"]);
    }
}

#[test]
fn the_layer_that_holds_counts_is_suggested() {
    let sandbox = Sandbox::new();
    let mut data = dense(12, &two_kinds());
    data.layers.insert("counts".into(), data.x.clone().unwrap());
    data.x.as_mut().unwrap().data_mut().iter_mut().for_each(|v| *v = (*v + 1.0).ln());
    write_h5ad(sandbox.path("in.h5ad"), &data).unwrap();
    sandbox.refuses(CLUSTER, 1, &["log", "--layer counts"]);
    sandbox.refuses(&format!("{CLUSTER} --layer spliced"), 1, &["spliced", "counts", "X"]);
    sandbox.ok("cluster in.h5ad -k 2 --epochs 2 --layer counts --out c.h5ad");
}

#[test]
fn matrices_without_content_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write(12, &[]);
    sandbox.refuses(CLUSTER, 1, &["empty", "0 cells x 12 genes"]);
    sandbox.write(12, &[0.0; 240]);
    sandbox.refuses(CLUSTER, 1, &["genes"]);
    // One gene, the same in all cells: cells do not differ.
    sandbox.write(1, &[3.0; 20]);
    let run = sandbox.run(CLUSTER.split_whitespace());
    assert!(run.code == 0 || run.code == 1 && run.stderr.contains("genes"), "{}", run.stderr);
}

#[test]
fn more_clusters_than_cells_are_refused() {
    let sandbox = Sandbox::new();
    let mut values = two_kinds();
    sandbox.write(12, &values);
    let line = |k: usize| format!("cluster in.h5ad -k {k} --epochs 2 --out out.h5ad");
    sandbox.refuses(&line(21), 1, &["21 clusters", "20 cells"]);
    values[..12].fill(0.0);
    sandbox.write(12, &values);
    sandbox.refuses(&line(20), 1, &["20 clusters", "19 cells"]);
}

#[test]
fn truncated_files_of_every_format_are_refused() {
    let sandbox = Sandbox::simulated();
    let mut files = vec![sandbox.path("in.h5ad")];
    files.extend(FIXTURES.iter().map(fixture).filter(|path| path.is_file()));
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for part in [0, 1, 2, 3] {
            // Within the last line of a table.
            let length = if part == 3 { bytes.len() - 2 } else { bytes.len() * part / 3 };
            fs::write(sandbox.path("cut"), &bytes[..length]).unwrap();
            let line = "cluster cut -k 2 --epochs 1 --out out.h5ad --json";
            // Half a table may well be a table: then there is no error, but no fault either.
            let table = file.to_string_lossy().contains("table");
            if table && sandbox.run(line.split_whitespace()).code == 0 {
                continue;
            }
            sandbox.refuses(line, 1, &["cut"]);
        }
    }
}

#[test]
fn truncated_folders_are_refused() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("mtx")).unwrap();
    for name in ["barcodes.tsv", "genes.tsv", "matrix.mtx"] {
        fs::copy(fixture(&"mtx_v2").join(name), sandbox.path("mtx").join(name)).unwrap();
    }
    let line = "cluster mtx -k 2 --epochs 1 --out out.h5ad";
    let matrix = fs::read(sandbox.path("mtx/matrix.mtx")).unwrap();
    fs::write(sandbox.path("mtx/matrix.mtx"), &matrix[..matrix.len() / 2]).unwrap();
    sandbox.refuses(line, 1, &["matrix.mtx"]);
    fs::remove_file(sandbox.path("mtx/matrix.mtx")).unwrap();
    sandbox.refuses(line, 1, &["mtx"]);
}

#[test]
fn random_bytes_are_refused() {
    let sandbox = Sandbox::new();
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..5000)
        .map(|_| {
            // Knuth's linear congruential generator: any bytes will do.
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        })
        .collect();
    let heads: [&[u8]; 4] = [b"", b"\x89HDF\r\n\x1a\n", b"\x1f\x8b\x08", b"%%MatrixMarket matrix "];
    for head in heads {
        fs::write(sandbox.path("noise"), [head, &noise].concat()).unwrap();
        sandbox.refuses("cluster noise -k 2 --out out.h5ad --json", 1, &["noise"]);
        sandbox.refuses("inspect noise --json", 1, &["noise"]);
        sandbox.refuses("evaluate noise --truth a --pred b --json", 1, &["noise"]);
    }
    sandbox.refuses("cluster nowhere.h5ad -k 2 --out out.h5ad", 1, &["nowhere.h5ad"]);
}
