//! Tables and matrix folders of users, valid and invalid.

use morula_data::{
    Additions, AnnData, Column, CsrMatrix, ReadOptions, read, read_counts, read_counts_with,
    write_h5ad, write_h5ad_from,
};
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
        ("words with blanks\nbetween some of them or more\n", "not a table"),
        ("one\n", "not a table"),
        ("1,0,3\n2,1,0\n", "line 1: this line holds numbers only"),
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

#[test]
fn other_usual_tables_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t");
    let latin = b",a,\xe4\nx,1,0\ny,2,3\n".to_vec();
    let wide = |text: &str| -> Vec<u8> {
        [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    for (content, second) in [
        (b"## made by a pipeline\n## again, with, commas\n,a,b\nx,1,0\ny,2,3\n".to_vec(), "b"),
        (b"# note\n\n,a,b\nx,1,0\ny,2,3\n".to_vec(), "b"),
        (b"#cell,a,b\nx,1,0\ny,2,3\n".to_vec(), "b"),
        (b" a b\nx 1 0\ny 2 3\n".to_vec(), "b"),
        (b"cell  a   b\nx     1   0\ny     2   3 \n".to_vec(), "b"),
        (b"\xEF\xBB\xBF,a,b\nx,1,0\ny,2,3\n".to_vec(), "b"),
        (wide(",a,b\nx,1,0\ny,2,3\n"), "b"),
        (wide("cell\ta\tä\r\nx\t1\t0\r\ny\t2\t3\r\n"), "ä"),
        (latin, "ä"),
        (b",a,\nx,1,0\ny,2,3\n".to_vec(), "unnamed-2"),
    ] {
        fs::write(&path, &content).unwrap();
        let counts = read_counts(&path, None).unwrap_or_else(|e| panic!("{content:?}: {e}"));
        assert_eq!(counts.x().to_dense(), [1.0, 0.0, 2.0, 3.0], "{content:?}");
        assert_eq!(counts.obs_names(), s(["x", "y"]), "{content:?}");
        assert_eq!(counts.var_names(), s(["a", second]), "{content:?}");
        assert!(counts.remarks().is_empty(), "{:?}", counts.remarks());
    }
}

#[test]
fn a_first_column_of_values_is_no_column_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let shape = |content: &str| {
        fs::write(&path, content).unwrap();
        let counts = read_counts(&path, None).unwrap();
        (counts.n_obs(), counts.var_names().join(" "), counts.obs_names().join(" "))
    };
    assert_eq!(shape("a,b\n5,0\n5,3\n0,1\n"), (3, "a b".into(), "0 1 2".into()));
    let counts = read_counts(&path, None).unwrap();
    assert_eq!(counts.x().to_dense(), [5.0, 0.0, 5.0, 3.0, 0.0, 1.0]);
    assert!(counts.remarks()[0].contains("the values of a"), "{:?}", counts.remarks());
    // Names that are numbers: no header, a usual header, or in order.
    for content in [",b\n5,0\n5,3\n", "cell_id,b\n5,0\n5,3\n"] {
        assert_eq!(shape(content), (2, "b".into(), "5 5-1".into()), "{content}");
    }
    assert_eq!(shape("k,b\n0,0\n1,3\n2,7\n"), (3, "b".into(), "0 1 2".into()));
    // Columns that are numbered are a header.
    assert_eq!(shape(",0,1\nx,4,0\ny,0,3\n"), (2, "0 1".into(), "x y".into()));
}

#[test]
fn genes_in_rows_are_remarked_and_transposed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, ",AAACCTGA-1,AAACCTGC-1\nRPL3,1,0\nGAPDH,2,3\nACTB,0,0\n").unwrap();
    let rows = read_counts(&path, None).unwrap();
    assert_eq!(rows.n_obs(), 3);
    assert!(rows.remarks()[0].contains("--transpose"), "{:?}", rows.remarks());
    assert_eq!(read(&path).unwrap().remarks, rows.remarks());
    let options = ReadOptions::new().transpose(true);
    let cells = read_counts_with(&path, &options).unwrap();
    assert_eq!(cells.x().to_dense(), [1.0, 2.0, 0.0, 0.0, 3.0, 0.0]);
    assert_eq!(cells.var_names(), s(["RPL3", "GAPDH", "ACTB"]));
    assert!(cells.remarks().is_empty());
    let out = folder.path().join("out.h5ad");
    let label = Additions::new().obs("label", Column::Int(vec![Some(1); 2]));
    write_h5ad_from(&path, &out, &label, &options).unwrap();
    assert_eq!(read_counts(&out, None).unwrap(), cells);
    let text = read_counts_with(&out, &options).unwrap_err().to_string();
    assert!(text.contains("adata.T"), "{text}");
}

#[test]
fn fractional_counts_are_named_and_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, ",a,b,c\nx,1,0.37,25\ny,2.5,3,0\nz,1,17.000004,2\n").unwrap();
    let text = read_counts(&path, None).unwrap_err().to_string();
    assert!(text.contains("SoupX, CellBender, RSEM") && text.contains("--round"), "{text}");
    let counts = read_counts_with(&path, &ReadOptions::new().round(true)).unwrap();
    assert_eq!(counts.x().to_dense(), [1.0, 0.0, 25.0, 3.0, 3.0, 0.0, 1.0, 17.0, 2.0]);
    assert_eq!(counts.n_rounded(), 2);
    assert_eq!(counts.remarks().len(), 2, "{:?}", counts.remarks());
}

/// Three features, of which the last is an antibody, in the files of three programs.
fn matrix(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

const MATRIX: &str =
    "%%MatrixMarket matrix coordinate integer general\n3 2 3\n1 1 4\n3 1 5\n2 2 6\n";
const GEX: &str = "Gene Expression";

#[test]
fn names_in_quotes_and_of_other_encodings_are_read() {
    let features =
        format!("\"E1\"\t\"a\"\t\"{GEX}\"\nE2\t\"\"\t{GEX}\n\"E3\"\t\"c\"\t\"Antibody Capture\"\n");
    let barcodes = "\"x\"\n\"y\"\n";
    let plain = [("matrix.mtx", MATRIX), ("barcodes.tsv", barcodes), ("features.tsv", &features)];
    let folder = matrix(&plain);
    let counts = read_counts(folder.path(), None).unwrap();
    assert_eq!(counts.var_names(), s(["a", "E2"]), "no antibody, and an id for an empty symbol");
    assert_eq!(counts.obs_names(), s(["x", "y"]));
    let data = read(folder.path()).unwrap();
    assert_eq!(data.not_loaded, ["1 features that are no genes (of 3)"]);
    let marked = format!("\u{feff}{features}");
    fs::write(folder.path().join("features.tsv"), marked).unwrap();
    fs::write(folder.path().join("barcodes.tsv"), b"\xe4\ny\n").unwrap();
    let counts = read_counts(folder.path(), None).unwrap();
    assert_eq!((counts.var_names(), counts.obs_names()), (&s(["a", "E2"])[..], &s(["ä", "y"])[..]));
}

#[test]
fn headers_and_blank_last_lines_are_passed_over() {
    let barcodes = ["x\ny\n", "x\ny\n\n", "barcode\nx\ny\n", "x\r\ny\r\n\r\n\r\n"];
    let genes = ["E1\ta\nE2\tb\nE3\tc\n", "gene_id\tgene_name\nE1\ta\nE2\tb\nE3\tc\n\n"];
    for b in barcodes {
        for g in genes {
            let folder = matrix(&[("matrix.mtx", MATRIX), ("barcodes.tsv", b), ("genes.tsv", g)]);
            let counts =
                read_counts(folder.path(), None).unwrap_or_else(|e| panic!("{b:?} {g:?}: {e}"));
            assert_eq!(counts.obs_names(), s(["x", "y"]));
            assert_eq!(counts.var_names(), s(["a", "b", "c"]));
        }
    }
    let files =
        [("matrix.mtx", MATRIX), ("barcodes.tsv", "my cells\nx\ny\n"), ("genes.tsv", genes[0])];
    let text = read(matrix(&files).path()).unwrap_err().to_string();
    assert!(text.contains("one name too many") && text.contains("headers"), "{text}");
    assert!(!text.contains("damaged"), "{text}");
    let files = [("matrix.mtx", MATRIX), ("barcodes.tsv", "x\n\ny\n"), ("genes.tsv", genes[0])];
    let text = read(matrix(&files).path()).unwrap_err().to_string();
    assert!(text.contains("barcodes.tsv: line 2: a name was expected"), "{text}");
}

#[test]
fn the_folder_of_kallisto_is_read() {
    let transposed = "%%MatrixMarket matrix coordinate integer general\n2 3 2\n1 1 4\n2 3 6\n";
    let folder = matrix(&[
        ("cells_x_genes.mtx", transposed),
        ("cells_x_genes.barcodes.txt", "x\ny\n"),
        ("cells_x_genes.genes.txt", "E1\nE2\nE3\n"),
    ]);
    for path in [folder.path().to_path_buf(), folder.path().join("cells_x_genes.mtx")] {
        let counts = read_counts(&path, None).unwrap();
        assert_eq!(counts.x().to_dense(), [4.0, 0.0, 0.0, 0.0, 0.0, 6.0]);
        assert_eq!(counts.var_names(), s(["E1", "E2", "E3"]));
    }
}

#[test]
fn antibodies_that_an_h5ad_marks_are_left_out_of_the_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cite.h5ad");
    let x = CsrMatrix::from_dense(2, 3, &[1.0, 90.0, 2.0, 3.0, 80.0, 4.0]).unwrap();
    let mut data = AnnData::new(x, s(["x", "y"]), s(["a", "CD3", "b"])).unwrap();
    let types = [Some(GEX), Some("Antibody Capture"), Some(GEX)];
    let text = Column::Text(types.map(|of| of.map(str::to_string)).to_vec());
    for column in [Column::categorical(types), text] {
        data.var.set("feature_types", column).unwrap();
        write_h5ad(&path, &data).unwrap();
        let counts = read_counts(&path, None).unwrap();
        assert_eq!(counts.x().to_dense(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(counts.var_names(), s(["a", "b"]));
        assert_eq!(counts.feature_names(), s(["a", "CD3", "b"]));
        assert_eq!(counts.remarks(), ["left out: 1 features that are no genes (of 3)"]);
        let whole = read(&path).unwrap();
        assert_eq!(whole.n_vars(), 3, "the container keeps them");
        assert_eq!(whole.counts(None).unwrap(), counts);
        assert_eq!(whole.into_counts(None).unwrap().remarks(), counts.remarks());
    }
    // Features of one kind only stay, unless it is known that they are no genes.
    for (of, n_vars) in [("Gene Expression", Some(3)), ("unheard of", Some(3)), ("ADT", None)] {
        data.var.set("feature_types", Column::categorical([Some(of); 3])).unwrap();
        write_h5ad(&path, &data).unwrap();
        assert_eq!(read_counts(&path, None).ok().map(|counts| counts.n_vars()), n_vars, "{of}");
    }
}

/// Writes a matrix folder of two features and two cells with this file of features.
fn matrix_folder(at: &Path, features: &str) {
    fs::write(
        at.join("matrix.mtx"),
        "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 2.0000001\n2 2 3\n",
    )
    .unwrap();
    fs::write(at.join("barcodes.tsv"), "AAAC-1\nAAAG-1\n").unwrap();
    fs::write(at.join("features.tsv"), features).unwrap();
}

#[test]
fn features_of_other_programs_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    for [gene, other] in [
        ["Gene Expression", "Antibody Capture"],
        ["Gene_Expression", "Antibody_Capture"],
        ["Gene", "Antibody Capture"],
        ["GEX", "ADT"],
    ] {
        for quote in ["", "\"", "'"] {
            let row = |id: &str, name: &str, of: &str| {
                [id, name, of].map(|field| format!("{quote}{field}{quote}")).join("\t") + "\n"
            };
            let rows = row("ENSG1", "CD3E", gene) + &row("CD3", "CD3_TotalSeq", other);
            matrix_folder(folder.path(), &rows);
            let counts = read_counts(folder.path(), None).unwrap();
            assert_eq!(counts.var_names(), ["CD3E"], "{rows}");
            // Noise of single precision in text.
            assert_eq!(counts.x().to_dense(), [2.0, 0.0]);
        }
    }
    matrix_folder(folder.path(), "CD3\tCD3\tAntibody Capture\nCD4\tCD4\tAntibody Capture\n");
    let text = read_counts(folder.path(), None).unwrap_err().to_string();
    assert!(text.contains("no genes") && text.contains("Antibody Capture"), "{text}");
    for (sign, name) in [(",", "commas"), (";", "semicolons")] {
        let rows = "ENSG1,CD3E,Gene Expression\nENSG2,CD4,Gene Expression\n";
        matrix_folder(folder.path(), &rows.replace(',', sign));
        let text = read_counts(folder.path(), None).unwrap_err().to_string();
        assert!(text.contains("features.tsv") && text.contains(name), "{text}");
    }
}

#[test]
fn a_corner_that_names_genes_says_that_genes_are_in_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    for corner in ["entrez", "gene", "Gene_ID", "symbol"] {
        fs::write(&path, format!("{corner},s1,s2,s3\n7157,1,0,2\n1956,2,3,0\n")).unwrap();
        let counts = read_counts(&path, None).unwrap();
        assert_eq!((counts.obs_names(), counts.n_vars()), (&s(["7157", "1956"])[..], 3));
        let remarks = counts.remarks().join("\n");
        assert!(remarks.contains("--transpose") && remarks.contains(corner), "{remarks}");
        let turned = read_counts_with(&path, &ReadOptions::new().transpose(true)).unwrap();
        assert_eq!(turned.var_names(), ["7157", "1956"]);
        assert!(turned.remarks().is_empty(), "{:?}", turned.remarks());
    }
    fs::write(&path, "gene,CD3E,CD4\nACGTACGTACGT-1,1,0\nACGTACGTACGA-1,2,3\n").unwrap();
    assert!(read_counts(&path, None).unwrap().remarks().is_empty());
}

#[test]
fn transformed_counts_are_not_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    for (f, word) in [
        ((|x: f64| (x + 1.0).log2()) as fn(f64) -> f64, "log2"),
        (f64::sqrt, "square root"),
        (|x| 2.0 * (x + 0.375).sqrt(), "Anscombe"),
    ] {
        let row =
            |i: u32| (0..12).map(move |j| format!(",{:.5}", f(f64::from((i * 5 + j * 3) % 7))));
        let mut text = ["cell".to_string()].into_iter().chain((0..12).map(|j| format!(",g{j}")));
        let mut table = text.by_ref().collect::<String>() + "\n";
        (0..9).for_each(|i| table += &format!("c{i}{}\n", row(i).collect::<String>()));
        fs::write(&path, table).unwrap();
        for round in [false, true] {
            let options = ReadOptions::new().round(round);
            let text = read_counts_with(&path, &options).unwrap_err().to_string();
            assert!(text.contains(word) && !text.contains("--round"), "{text}");
        }
    }
}

#[test]
fn hidden_fractions_are_counted_as_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "cell,a,b\nx,1.000000001,1.5\ny,3.000000001,2\n").unwrap();
    let counts = read_counts_with(&path, &ReadOptions::new().round(true)).unwrap();
    assert_eq!((counts.n_rounded(), counts.x().to_dense()), (3, vec![1.0, 2.0, 3.0, 2.0]));
}

#[test]
fn endless_comments_and_empty_lines_end() {
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv.gz");
    let banner = "%%MatrixMarket matrix coordinate integer general\n";
    for (name, start, line, end) in [
        ("t.csv.gz", "", "\n", "cell,a\nx,1\n"),
        ("t.csv.gz", "", "# more\n", "cell,a\nx,1\n"),
        ("t.csv.gz", "cell,a\nx,1\n", "\n", "y,1\n"),
        ("matrix.mtx.gz", banner, "% more\n", "1 1 1\n1 1 1\n"),
        ("matrix.mtx.gz", &format!("{banner}1 1 1\n"), "\n", "1 1 1\n"),
    ] {
        let path = path.with_file_name(name);
        let mut file = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
        file.write_all(start.as_bytes()).unwrap();
        let block = line.repeat(1 << 16);
        (0..20).for_each(|_| file.write_all(block.as_bytes()).unwrap());
        file.write_all(end.as_bytes()).unwrap();
        file.finish().unwrap();
        fs::write(folder.path().join("barcodes.tsv"), "c\n").unwrap();
        fs::write(folder.path().join("features.tsv"), "g\n").unwrap();
        let text = read_counts(&path, None).unwrap_err().to_string();
        assert!(text.contains("comments and empty lines"), "{text}");
    }
}
