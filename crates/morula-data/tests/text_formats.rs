//! Tables and matrix folders of users, valid and invalid.

use morula_data::{read, read_counts};
use std::fs;
use std::path::Path;

fn error(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    let text = read_counts(&path, None).unwrap_err().to_string();
    assert!(text.contains(name), "the file is named: {text}");
    text
}

#[test]
fn tables_are_read_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t");
    for content in [
        "cell,a,b\nx,1,0\ny,2,3\n",
        "a,b\nx,1,0\ny,2,3",
        ",\"a\",\"b\"\r\n\"x\",1.0,0e0\r\n\"y\",2,3\r\n",
        "\ta\tb\nx\t1\t0\ny\t2\t3\n",
        "cell;a;b\nx; 1;0\ny;2;3\n",
    ] {
        fs::write(&path, content).unwrap();
        let counts = read_counts(&path, None).unwrap_or_else(|e| panic!("{content:?}: {e}"));
        assert_eq!(counts.x().to_dense(), [1.0, 0.0, 2.0, 3.0], "{content:?}");
        assert_eq!(
            (counts.obs_names(), counts.var_names()),
            (&s(["x", "y"])[..], &s(["a", "b"])[..])
        );
    }
}

fn s<const K: usize>(names: [&str; K]) -> Vec<String> {
    names.map(String::from).to_vec()
}

#[test]
fn bad_tables_are_refused_at_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (content, message) in [
        ("", "empty"),
        ("no table here\n", "not a table"),
        ("cell,a,b\n", "0 cells x"),
        ("cell,a,b\nx,1,2\ny,1\n", "line 3: 2 fields, but 3"),
        ("cell,a,b\nx,1,two\n", "line 2: \"two\" in column 3 (b) is no number"),
        ("cell,a,b\nx,1,-2\n", "cell x, gene b holds -2"),
        ("cell,a,b\nx,1,\n", "cell x, gene b holds NaN"),
        ("cell,a,b\nx,1,NA\n", "holds NaN"),
        ("cell,a,b\nx,inf,0\n", "holds inf"),
        ("cell,a,b\nx,1.5,0\n", "gene a holds 1.5"),
        ("a\0b,c", "binary"),
    ] {
        let text = error(at, "bad.csv", content);
        assert!(text.contains(message), "{content:?}: {text}");
    }
}

/// A folder of three genes and two cells.
fn folder(matrix: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("matrix.mtx"), matrix).unwrap();
    fs::write(folder.path().join("barcodes.tsv"), "x\ny\n").unwrap();
    fs::write(folder.path().join("genes.tsv"), "E1\ta\nE2\tb\nE3\tc\n").unwrap();
    folder
}

const HEAD: &str = "%%MatrixMarket matrix coordinate integer general\n%note\n";

#[test]
fn matrix_folders_are_read_either_way_round() {
    for body in ["3 2 3\n1 1 4\n3 1 5\n2 2 6\n", "2 3 3\n1 1 4\n1 3 5\n2 2 6\n"] {
        let counts = read_counts(folder(&format!("{HEAD}{body}")).path(), None).unwrap();
        assert_eq!(counts.x().to_dense(), [4.0, 0.0, 5.0, 0.0, 6.0, 0.0], "{body}");
    }
    let twice = read(folder(&format!("{HEAD}3 2 2\n1 1 4\n1 1 5\n")).path()).unwrap();
    assert_eq!(twice.x.unwrap().to_dense()[0], 9.0, "values given twice are summed");
}

#[test]
fn bad_matrix_folders_are_refused_with_the_file_and_line() {
    for (matrix, message) in [
        ("%%MatrixMarket matrix array real general\n1 1\n1\n".into(), "coordinate"),
        (HEAD.into(), "sizes is missing"),
        (format!("{HEAD}3 2\n"), "line 3: three sizes"),
        (format!("{HEAD}3 2 2\n1 1 4\n"), "1 of 2 entries"),
        (format!("{HEAD}3 2 1\n4 1 1\n"), "line 4: row, column and value of a 3 x 2"),
        (format!("{HEAD}3 2 1\n0 1 1\n"), "line 4"),
        (format!("{HEAD}3 2 1\n1 1 x\n"), "found \"1 1 x\""),
        (format!("{HEAD}9 9 0\n"), "9 x 9 matrix with 3 features and 2 barcodes"),
        (format!("{HEAD}99999999999 2 0\n"), "too large"),
        (format!("{HEAD}4294967295 2 18446744073709551615\n"), "entries"),
        (format!("{HEAD}3 2 1\n1 1 -1\n"), "cell x, gene a holds -1"),
    ] {
        let text = read_counts(folder(&matrix).path(), None).unwrap_err().to_string();
        assert!(text.contains(message), "{matrix:?}: {text}");
    }
    let good = format!("{HEAD}3 2 1\n1 1 4\n");
    let without = folder(&good);
    fs::remove_file(without.path().join("barcodes.tsv")).unwrap();
    let text = read(without.path()).unwrap_err().to_string();
    assert!(text.contains("there is no barcodes.tsv (or .gz)"), "{text}");
    let empty = tempfile::tempdir().unwrap();
    let text = read(empty.path()).unwrap_err().to_string();
    assert!(text.contains("holds no matrix.mtx"), "{text}");
    let text = read(empty.path().join("nothing.h5ad")).unwrap_err().to_string();
    assert!(text.contains("nothing.h5ad: cannot open"), "{text}");
}
