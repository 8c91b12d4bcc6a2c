//! Runs from files with the results of a model.

mod common;

use common::clustered;
use morula_data::{AnnData, Column, DenseMatrix, Field, Records, UnsValue};
use morula_report::{Report, ReportError, Role, Run, Source};

fn source() -> Source {
    Source { name: "six".into(), model: "jojoscl".into(), ..Default::default() }
}

#[test]
fn a_run_is_read_without_the_cells_left_out() {
    let run = Run::from_anndata(&clustered(), &source()).unwrap();
    assert_eq!((run.labels.clone(), run.k()), (vec![0, 0, 1, 1, 1], 2));
    assert_eq!(run.confidence, [0.9, 0.8, 0.7, 1.0, 0.6]);
    assert_eq!(run.layout.len(), 10);
    assert_eq!((run.seed, run.losses.terms[0].0.as_str()), (Some(3), "total"));
    assert_eq!(run.parameters, [("epochs".to_string(), "2".to_string())]);
    // A single donor is not shown; the types are found by their usual name.
    let found: Vec<_> = run.annotations.iter().map(|a| (a.role, a.name.as_str())).collect();
    assert_eq!(found, [(Role::Truth, "cell_type")]);
    assert_eq!(run.annotations[0].labels[4], None);
    assert!(run.facts.iter().any(|f| f.0 == "Cells" && f.1.contains("1 of 6")));
    let html = Report::new(&run).unwrap().html().to_string();
    for part in ["ARI 1.000", "g2", "CPU", "1 of 6 left out"] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn columns_and_layers_asked_for_must_be_there() {
    let data = clustered();
    let ask = |source: Source| {
        Run::from_anndata(&data, &source).map(drop).map_err(|error| error.to_string())
    };
    let truth = |name: &str| Source { truth: Some(name.into()), ..source() };
    let missing = ask(truth("celltypes")).unwrap_err();
    assert!(missing.contains("celltypes") && missing.contains("cell_type"), "{missing}");
    let batch = Source { batch: Some("donor".into()), ..source() };
    let run = Run::from_anndata(&data, &batch).unwrap();
    assert_eq!(run.annotations[1].name, "donor");
    let layer = Source { layer: Some("counts".into()), ..source() };
    assert!(ask(layer).unwrap_err().contains("counts"));
    let layout = Source { layout: Some(vec![0.0; 4]), ..source() };
    let run = Run::from_anndata(&data, &layout).unwrap();
    assert!(matches!(Report::new(&run), Err(ReportError::Shape { .. })));

    let x = morula_data::CsrMatrix::from_dense(70, 1, &[1.0; 70]).unwrap();
    let names: Vec<String> = (0..70).map(|i| format!("cell{i}")).collect();
    let mut wide = morula_data::AnnData::new(x, names.clone(), vec!["g".into()]).unwrap();
    let one = Column::categorical(vec![Some("0"); 70]);
    wide.obs.set("jojoscl", one).unwrap();
    wide.obs.set("jojoscl_confidence", Column::Float(vec![1.0; 70])).unwrap();
    wide.obs.set("label", Column::categorical(names.iter().map(Some))).unwrap();
    let embedding = morula_data::DenseMatrix::new(70, 1, vec![0.5; 70]).unwrap();
    wide.obsm.insert("X_jojoscl".into(), embedding);
    assert!(Run::from_anndata(&wide, &source()).unwrap().annotations.is_empty());
    let named = Run::from_anndata(&wide, &truth("label")).unwrap_err().to_string();
    assert!(named.contains("70") && named.contains("label"), "{named}");
}

#[test]
fn other_files_are_refused_by_the_part_they_lack() {
    let refused = |change: &dyn Fn(&mut morula_data::AnnData)| {
        let mut data = clustered();
        change(&mut data);
        Run::from_anndata(&data, &source()).unwrap_err().to_string()
    };
    let error = refused(&|d| d.obs = morula_data::DataFrame::new(d.obs_names().to_vec()));
    assert!(error.contains("obs[\"jojoscl\"]") && error.contains("morula cluster"), "{error}");
    let error = refused(&|d| d.obsm.clear());
    assert!(error.contains("X_jojoscl"), "{error}");
    let error = refused(&|d| d.obs.set("jojoscl", Column::Float(vec![0.0; 6])).unwrap());
    assert!(error.contains("categorical"), "{error}");
    let nan = morula_data::DenseMatrix::new(6, 1, vec![f32::NAN; 6]).unwrap();
    let error = refused(&|d| {
        d.obsm.insert("X_jojoscl".into(), nan.clone());
    });
    assert!(error.contains("not finite"), "{error}");

    let mut none = clustered();
    none.obs.set("jojoscl", Column::categorical([None::<&str>; 6])).unwrap();
    let run = Run::from_anndata(&none, &source()).unwrap();
    assert!(matches!(Report::new(&run), Err(ReportError::NoCells)));
}

#[test]
fn a_layout_is_reused_for_the_embedding_that_it_is_of() {
    let known: Vec<f32> = (0..12).map(|i| if i / 2 == 2 { f32::NAN } else { i as f32 }).collect();
    let data = |use_rep: &str, off: u32| {
        let mut data = clustered();
        let checksum = data.obsm["X_jojoscl"].checksum() ^ off;
        let params =
            UnsValue::map().with("use_rep", use_rep).with("use_rep_checksum", i64::from(checksum));
        data.uns.insert("umap".into(), UnsValue::map().with("params", params));
        data.obsm.insert("X_umap".into(), DenseMatrix::new(6, 2, known.clone()).unwrap());
        data
    };
    let layout = |data: &AnnData| Run::from_anndata(data, &source()).unwrap().layout;
    let of_kept = [0., 1., 2., 3., 6., 7., 8., 9., 10., 11.];
    assert_eq!(layout(&data("X_jojoscl", 0)), of_kept);
    let drawn = layout(&clustered());
    // Of another embedding; of an earlier one under the same name; of one that is not known.
    for other in [data("X_pca", 0), data("X_jojoscl", 1)] {
        assert_eq!(layout(&other), drawn);
    }
    let mut scanpy = data("X_jojoscl", 0);
    let params = UnsValue::map().with("a", 0.6).with("use_rep", "X_jojoscl");
    scanpy.uns.insert("umap".into(), UnsValue::map().with("params", params));
    assert_eq!(layout(&scanpy), drawn);
    // A new run replaces the embedding and keeps the layout of the old one.
    let mut again = data("X_jojoscl", 0);
    let mut values = again.obsm["X_jojoscl"].values().to_vec();
    values[0] = 0.5;
    again.obsm.insert("X_jojoscl".into(), DenseMatrix::new(6, 3, values).unwrap());
    assert_ne!(layout(&again), of_kept);
}

/// Valid markers of two groups, of which the second was not found again.
fn valid(groupby: &str, checksum: u32) -> UnsValue {
    let records = |field: Field| Records::new(vec![("0".into(), field)]).unwrap();
    let genes = ["g0", "<g1>", "g2", "g3"].map(String::from).to_vec();
    let params =
        UnsValue::map().with("groupby", groupby).with("labels_checksum", i64::from(checksum));
    UnsValue::map()
        .with("params", params)
        .with("names", records(Field::Text(genes)))
        .with("logfoldchanges", records(Field::Single(vec![3.0, 2.5, -1.0, 2.0])))
        .with("pvals_adj", records(Field::Double(vec![1e-40, 0.04, 0.001, 0.2])))
}

#[test]
fn valid_markers_are_those_of_these_clusters() {
    let with = |groupby: &str, off: u32| {
        let mut data = clustered();
        let Column::Categorical(clusters) = data.obs.column("jojoscl").unwrap().clone() else {
            panic!("clusters")
        };
        data.uns.insert("rank_genes_valid".into(), valid(groupby, clusters.checksum() ^ off));
        Run::from_anndata(&data, &source()).unwrap()
    };
    let run = with("jojoscl", 0);
    let genes: Vec<&str> = run.valid_markers[0].iter().map(|m| m.gene.as_str()).collect();
    assert_eq!((genes, run.valid_markers[1].len()), (vec!["g0", "<g1>"], 0));
    let html = Report::new(&run).unwrap().html().to_string();
    assert!(html.contains("Valid markers of every cluster"));
    assert!(html.contains("g0 <span class=\"note\">+3.0, 1e-40</span>; &lt;g1&gt; "), "{html}");
    // Those of another column, and of clusters that have changed since.
    for other in [with("cell_type", 0), with("jojoscl", 1)] {
        assert!(other.valid_markers.is_empty());
        assert!(!Report::new(&other).unwrap().html().contains("Valid markers"));
    }
    let mut data = clustered();
    data.uns.insert("rank_genes_valid".into(), UnsValue::Text("someone else's".into()));
    assert!(Run::from_anndata(&data, &source()).unwrap().valid_markers.is_empty());
}

#[test]
fn what_is_no_count_shows_no_markers() {
    let mut data = clustered();
    data.x.as_mut().unwrap().data_mut()[0] = 0.5;
    data.uns.insert("jojoscl".into(), UnsValue::Text("someone else's".into()));
    let run = Run::from_anndata(&data, &source()).unwrap();
    assert!(run.expression.is_none() && run.no_expression.as_ref().unwrap().contains("0.5"));
    let report = Report::new(&run).unwrap();
    assert!(report.html().contains("No markers: "));
    assert!(report.figures().iter().all(|f| !f.name.starts_with("markers")));
    assert!(Run::from_anndata(&data, &Source { layer: Some("X".into()), ..source() }).is_err());
}
