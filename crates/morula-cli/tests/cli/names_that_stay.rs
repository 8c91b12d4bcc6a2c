//! match: names of clusters from another run.

use morula::data::{Categorical, Column, read, write_h5ad};

use crate::sandbox::Sandbox;

/// `a.h5ad` with types named 0 to 2, and `b.h5ad` with the same types renamed and one split.
fn two_runs() -> Sandbox {
    let sandbox = Sandbox::simulated();
    let data = read(sandbox.path("in.h5ad")).unwrap();
    let types = data.obs.column("cell_type").unwrap().to_categorical();
    let run = |name: &str, names: [&str; 4], split: bool| {
        let mut data = data.clone();
        let mut n = 0;
        let codes = types.codes().iter().map(|&code| {
            n += i32::from(code == 0);
            if split && code == 0 && n % 4 == 0 { 3 } else { code }
        });
        let codes: Vec<i32> = codes.collect();
        let used = if split { 4 } else { 3 };
        let names = names[..used].iter().map(ToString::to_string).collect();
        let labels = Categorical::new(codes, names, false).unwrap();
        data.obs.set("jojoscl", Column::Categorical(labels)).unwrap();
        write_h5ad(sandbox.path(name), &data).unwrap();
    };
    run("a.h5ad", ["0", "1", "2", ""], false);
    run("b.h5ad", ["2", "0", "1", "3"], true);
    sandbox
}

#[test]
fn clusters_keep_their_names_over_runs() {
    let sandbox = two_runs();
    let found = sandbox.ok("match a.h5ad b.h5ad --out n.h5ad --json").json();
    assert_eq!((&found["by"], &found["n_cells_in_common"]), (&"cells".into(), &150.into()));
    let names: Vec<&str> =
        found["clusters"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["0", "1", "2", "3"]);
    assert_eq!(found["splits"][0][0], "0");
    assert_eq!(found["clusters"][0]["similarities"].as_object().unwrap().len(), 3);
    let [a, n] = ["a.h5ad", "n.h5ad"].map(|f| read(sandbox.path(f)).unwrap());
    let [a, n] = [&a, &n].map(|data| data.obs.column("jojoscl").unwrap().labels());
    assert!(a.iter().zip(&n).all(|(a, n)| a == n || n.as_deref() == Some("3")));
    let text = sandbox.ok("match a.h5ad b.h5ad --out n.h5ad").stdout;
    assert!(text.contains("2 -> 0") && text.contains("split: 0 is now 0, 3"), "{text}");
    // The other way round two clusters are one.
    let found = sandbox.ok("match b.h5ad a.h5ad --out n.h5ad --json").json();
    assert_eq!(found["merges"][0][1].as_array().unwrap().len(), 2);
    assert_eq!(found["unmatched"][0], "3");
}

#[test]
fn profiles_are_compared_across_samples() {
    let sandbox = two_runs();
    let mut data = read(sandbox.path("b.h5ad")).unwrap();
    let names = (0..150).map(|i| format!("new{i}")).collect();
    let mut obs = morula::data::DataFrame::new(names);
    for (name, column) in data.obs.columns() {
        obs.set(name, column.clone()).unwrap();
    }
    data.obs = obs;
    write_h5ad(sandbox.path("b.h5ad"), &data).unwrap();
    let found = sandbox.ok("match a.h5ad b.h5ad --out b.h5ad --json").json();
    assert_eq!(found["by"], "profiles");
    let names: Vec<&str> =
        found["clusters"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names[1..3], ["1", "2"]);
    assert!(names[0] == "0" || names[3] == "0");
    sandbox.refuses("match a.h5ad b.h5ad --by cells --out out.h5ad", 1, &["--by profiles"]);
    sandbox.refuses("match a.h5ad b.h5ad --groupby no --out out.h5ad", 1, &["no", "cell_type"]);
    sandbox.refuses("match a.h5ad b.h5ad --least 2 --out out.h5ad", 2, &["least"]);
    sandbox.refuses("match a.h5ad b.h5ad --out a.h5ad", 2, &["the file with the names"]);
}
