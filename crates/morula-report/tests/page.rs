//! The page and its figures, parsed as a browser would.

mod common;

use common::{HOSTILE, hostile};
use morula_report::{Report, Run};
use roxmltree::{Document, ParsingOptions};

fn parse(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..Default::default() };
    Document::parse_with_options(text, options).unwrap()
}

fn ids(page: &str) -> Vec<String> {
    let page = parse(page);
    page.descendants().filter_map(|n| n.attribute("id")).map(str::to_string).collect()
}

/// The text loads nothing, runs nothing, and has no markup from a name.
fn harmless(text: &str) {
    let text = text.replace("http://www.w3.org/2000/svg", "");
    for word in ["://", "<script", "javascript:", "onerror", "@import", "url("] {
        assert!(!text.contains(word), "{word}");
    }
    assert!(!text.contains(HOSTILE));
}

#[test]
fn every_part_is_there_and_well_formed() {
    let report = Report::new(&hostile(40, 4)).unwrap();
    harmless(report.html());
    let ids = ids(report.html());
    for id in
        ["cells", "clusters", "tree", "overlap", "markers", "training", "parameters", "repeat"]
    {
        assert!(ids.iter().any(|i| i == id), "{id}");
    }
    let names: Vec<&str> = report.figures().iter().map(|f| f.name).collect();
    let expected = [
        "umap_clusters",
        "umap_confidence",
        "umap_truth",
        "umap_batch",
        "cluster_sizes",
        "confidence",
        "cluster_tree",
        "losses",
        "markers_dots",
        "markers_heatmap",
        "overlap_truth",
        "overlap_batch",
    ];
    assert_eq!(names, expected);
    let page = parse(report.html());
    // Every link of the contents has a target, and every figure has a text alternative.
    let links = page.descendants().filter_map(|n| n.attribute("href"));
    for link in links {
        assert!(ids.iter().any(|id| Some(id.as_str()) == link.strip_prefix('#')), "{link}");
    }
    let images: Vec<_> = page.descendants().filter(|n| n.has_tag_name("img")).collect();
    assert_eq!(images.len(), names.len());
    for image in images {
        assert!(image.attribute("src").unwrap().starts_with("data:image/svg+xml,%3Csvg"));
        assert!(!image.attribute("alt").unwrap().is_empty());
    }
    let captions = page.descendants().filter(|n| n.has_tag_name("figcaption"));
    assert!(captions.map(|c| c.text().unwrap().len()).all(|n| n > 40));
    for figure in report.figures() {
        harmless(figure.svg());
        assert!(!figure.svg().contains("$x"));
        let svg = parse(figure.svg());
        assert!(svg.root_element().has_attribute("viewBox"));
        assert!(figure.png().starts_with(b"\x89PNG"));
        // Text is within the picture.
        let (w, h) = figure.size();
        for text in svg.descendants().filter(|n| n.has_tag_name("text")) {
            let at = |name: &str| -> f64 { text.attribute(name).unwrap().parse().unwrap() };
            assert!(
                (0.0..=w).contains(&at("x")) && (0.0..=h).contains(&at("y")),
                "{}",
                figure.name
            );
        }
    }
}

#[test]
fn dots_are_pixels_and_the_rest_is_not() {
    let report = Report::new(&hostile(3000, 8)).unwrap();
    let svg = report.figures()[0].svg();
    let parsed = parse(svg);
    let image = parsed.descendants().find(|n| n.has_tag_name("image")).unwrap();
    assert!(image.attribute("href").unwrap().starts_with("data:image/png;base64,iVBOR"));
    // Only the dots of the legend are circles.
    let circles = parsed.descendants().filter(|n| n.has_tag_name("circle")).count();
    assert_eq!(circles, 8);
    assert!(svg.len() < 600_000 && report.html().len() < 4_000_000);
}

#[test]
fn sizes_are_reported() {
    let mut run = hostile(9, 3);
    run.labels = vec![0, 0, 0, 0, 0, 0, 1, 1, 1];
    let report = Report::new(&run).unwrap();
    let sizes = report.figures().iter().find(|f| f.name == "cluster_sizes").unwrap();
    for text in ["6 (67%)", "3 (33%)", "0 (0%)"] {
        assert!(sizes.svg().contains(text), "{text}");
    }
    // A cluster without cells has no confidence.
    let page = parse(report.html());
    let cells: Vec<_> = page.descendants().filter(|n| n.has_tag_name("td")).collect();
    assert!(cells.windows(2).any(|w| w[0].text() == Some("0.0%") && w[1].text() == Some("-")));
}

#[test]
fn odd_runs_are_drawn() {
    // One cell; cells at one position; no confidence; no facts; more clusters than colours.
    let mut one = Run::new("one", "m", vec!["0".into()]);
    (one.labels, one.confidence, one.layout) = (vec![0], vec![1.0], vec![3.0, 4.0]);
    let mut same = hostile(50, 1);
    same.layout = vec![1.5; 100];
    let mut unsure = hostile(10, 2);
    unsure.confidence = vec![f64::NAN; 10];
    let mut unknown = hostile(10, 2);
    unknown.annotations.iter_mut().for_each(|a| a.labels = vec![None; 10]);
    for run in [one, same, unsure, unknown, hostile(70, 35)] {
        let report = Report::new(&run).unwrap();
        parse(report.html());
        for figure in report.figures() {
            let lower = figure.svg().to_lowercase();
            let (head, _) = lower.split_once("base64").unwrap_or((&lower, ""));
            assert!(!head.contains("nan") && !head.contains("inf\""), "{}", figure.name);
        }
    }
}

#[test]
fn the_same_run_gives_the_same_files() {
    let write = || {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("r");
        Report::new(&hostile(30, 3)).unwrap().write(&folder).unwrap();
        let mut files: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files.iter().map(|f| std::fs::read(f).unwrap()).collect::<Vec<_>>()
    };
    let files = write();
    // The page, the list of checksums, the evidence, and every figure twice.
    assert_eq!(files.len(), 3 + 2 * 12);
    assert_eq!(files, write());
}
