//! Marker lists: valid files, and the errors for damaged and hostile files.

use morula_markers::{ListFilter, MarkerLists, MarkersError};

fn listed(text: &str) -> Vec<(String, Vec<String>)> {
    let lists = MarkerLists::parse(text.as_bytes()).unwrap();
    lists.types().map(|(name, genes)| (name.to_string(), genes.to_vec())).collect()
}

fn refused(bytes: &[u8]) -> (u64, String) {
    match MarkerLists::parse(bytes).unwrap_err() {
        MarkersError::Line { line, what } => (line, what),
        MarkersError::NoMarkers => (0, String::new()),
        other => panic!("{other}"),
    }
}

#[test]
fn csv_and_gmt_read_alike() {
    let want = vec![
        ("T cell".to_string(), vec!["CD3D".to_string(), "CD3E".to_string()]),
        ("B cell".to_string(), vec!["MS4A1".to_string()]),
    ];
    for text in [
        "type,gene\nT cell,CD3D\nB cell,MS4A1\nT cell,CD3E\nT cell,CD3D\n",
        "\u{feff}Gene,weight,Type\r\nCD3D,1,\"T cell\"\r\n CD3E ,2,T cell\r\nMS4A1,,B cell",
        "type\tgene\nT cell\tCD3D\nB cell\tMS4A1\nT cell\tCD3E\n",
        "\"type\"\t\"gene\"\r\n\"T cell\"\t\"CD3D\"\r\n\"T cell\"\t\"CD3E\"\r\n\"B cell\"\t\"MS4A1\"\r\n",
        "\n\nType;weight;Gene\nT cell;0,5;CD3D\nT cell;1;CD3E\nB cell;;MS4A1;\n",
        "T cell\thttp://x\tCD3D\tCD3E\t\nB cell\t\tMS4A1\n\n",
        "\n\nT cell\t-\tCD3D\tCD3E\tCD3D\r\nB cell\t-\tMS4A1\r\n",
    ] {
        assert_eq!(listed(text), want, "{text}");
    }
}

#[test]
fn bad_lines_are_named() {
    let cases: [(&[u8], u64, &str); 14] = [
        (b"", 0, ""),
        (b" \n \n", 0, ""),
        (b"type,gene\n", 0, ""),
        (b"T cell,CD3D\nB cell,MS4A1\n", 1, "no column \"type\""),
        (b"type;genes\nT;CD3D\n", 1, "header"),
        (b"type;gene\nT;CD3D\nB\n", 3, "gene is missing"),
        (b"type\tgene\n1\tT\tCD3D\n", 2, "row names"),
        (b"type,gene\nT,CD3D\nB\n", 3, "gene is missing"),
        (b"type,gene\nT,CD3D\n\n,MS4A1\n", 4, "type is empty"),
        (b"type,gene\nT,CD3D\nB,  \n", 3, "gene is empty"),
        (b"type,gene\nT,\xff\xfe\n", 2, "UTF-8"),
        (b"T\t-\tCD3D\nB\t-\n", 2, "no genes"),
        (b"T\t-\tCD3D\n\t-\tMS4A1\n", 2, "type is empty"),
        (b"T\t-\tCD3D\nB\t-\tMS4A1\nT\t-\tCD3E\n", 3, "line 1"),
    ];
    for (bytes, line, part) in cases {
        let (found, what) = refused(bytes);
        assert_eq!(found, line, "{}: {what}", String::from_utf8_lossy(bytes));
        assert!(what.contains(part), "{what}");
    }
    let (line, what) = refused(b"type,gene\nT\0,CD3D\n");
    assert!(line == 2 && what.contains("NUL"));
}

#[test]
fn any_bytes_are_answered() {
    let mut state = 1u64;
    for length in 0..400 {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                b"type,gene\n\t\"\r\0x\xff"[(state >> 33) as usize % 16]
            })
            .collect();
        let _ = MarkerLists::parse(&bytes);
        let _ = MarkerLists::parse(&[b"type,gene\n", &bytes[..]].concat());
    }
}

#[test]
fn files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = MarkerLists::read(folder.path().join("none.csv")).unwrap_err().to_string();
    assert!(error.contains("none.csv"), "{error}");
    let path = folder.path().join("types.gmt");
    std::fs::write(&path, "T\t-\n").unwrap();
    let error = MarkerLists::read(&path).unwrap_err().to_string();
    assert!(error.contains("types.gmt") && error.contains("line 1"), "{error}");
}

/// A table, and the types that it gives with this choice.
fn filtered(text: &str, species: &str, tissue: &str) -> Result<MarkerLists, MarkersError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table");
    std::fs::write(&path, text).unwrap();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    MarkerLists::read_with(&path, &ListFilter { species: some(species), tissue: some(tissue) })
}

fn pairs(lists: &MarkerLists) -> Vec<String> {
    lists.types().map(|(name, genes)| format!("{name}: {}", genes.join(" "))).collect()
}

#[test]
fn tables_of_panglaodb_are_read() {
    let table = "species\tofficial gene symbol\tcell type\tnicknames\torgan\n\
                 Mm Hs\tINS\tBeta cells\tNA\tPancreas\nHs\tIAPP\tBeta cells\tNA\tPancreas\n\
                 Mm\tIns1\tBeta cells\tNA\tPancreas\nMm Hs\tCD3E\tT cells\tT3E|TCRE\tImmune system\n";
    let of = |species: &str, tissue: &str| pairs(&filtered(table, species, tissue).unwrap());
    assert_eq!(of("", ""), ["Beta cells: INS IAPP Ins1", "T cells: CD3E"]);
    assert_eq!(of("human", "pancreas"), ["Beta cells: INS IAPP"]);
    assert_eq!(of("mouse", ""), ["Beta cells: INS Ins1", "T cells: CD3E"]);
    let error = filtered(table, "", "Liver").unwrap_err().to_string();
    assert!(error.contains("Liver") && error.contains("Immune system, Pancreas"), "{error}");
}

#[test]
fn tables_of_cellmarker_are_read() {
    let old = "speciesType\ttissueType\tcancerType\tcellType\tcellName\tcellMarker\tgeneSymbol\n\
               Human\tBlood\tNormal\tNormal cell\tT cell\tCD3\t[CD3D, CD3E], CD4\n\
               Human\tBlood\tLeukemia\tCancer cell\tBlast\tCD34\tCD34\n\
               Mouse\tBlood\tNormal\tNormal cell\tB cell\tCd19\tCd19\n\
               Human\tLiver\tNormal\tNormal cell\tHepatocyte\tx\tNA\n";
    assert_eq!(pairs(&filtered(old, "human", "").unwrap()), ["T cell: CD3D CD3E CD4"]);
    let new = "species,tissue_class,tissue_type,cell_type,cell_name,marker,Symbol,GeneID\n\
               Human,Blood,Peripheral blood,Normal cell,Monocyte,CD14,CD14,929\n\
               Human,Lung,Lung,Normal cell,Club cell,CC10,SCGB1A1,7356\n";
    assert_eq!(pairs(&filtered(new, "", "peripheral blood").unwrap()), ["Monocyte: CD14"]);
    assert_eq!(pairs(&filtered(new, "human", "Lung").unwrap()), ["Club cell: SCGB1A1"]);
}

#[test]
fn a_sign_marks_genes_that_a_type_lacks() {
    let lists = MarkerLists::parse(b"type,gene,sign\nT,CD3E,+\nT,CD19,-\nT,-MS4A1,\n").unwrap();
    assert_eq!(pairs(&lists), ["T: CD3E"]);
    assert_eq!(lists.negative().next().unwrap(), ["CD19", "MS4A1"]);
    let gmt = MarkerLists::parse(b"T\tx\tCD3E\t-CD19\n").unwrap();
    assert_eq!(gmt.negative().next().unwrap(), ["CD19"]);
    let error = MarkerLists::parse(b"type,gene,sign\nT,CD3E,up\n").unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("up"), "{error}");
    assert!(filtered("T\tx\tCD3E\n", "human", "").is_err());
    let error = filtered("type,gene\nT,CD3E\n", "human", "").unwrap_err().to_string();
    assert!(error.contains("species"), "{error}");
}

#[test]
fn comments_are_skipped() {
    let want = MarkerLists::new([("T cell", "CD3D"), ("B cell", "MS4A1")]).unwrap();
    for text in [
        "# from a paper\ntype,gene\n# T cells\nT cell,CD3D\nB cell,MS4A1\n",
        "# from a paper\n\nT cell\tpaper\tCD3D\n# B cells\nB cell\tpaper\tMS4A1\n",
    ] {
        assert_eq!(MarkerLists::parse(text.as_bytes()).unwrap(), want, "{text}");
    }
}
