//! The page about the quality of cells.

use morula_preprocess::Quality;

use super::document;
use super::html::{escape, figure, table};
use crate::Figure;

/// The whole page.
pub(crate) fn html(name: &str, quality: &Quality, figures: &[Figure]) -> String {
    let n = quality.outlier.len();
    let passes = quality.passes();
    let passed = passes.iter().filter(|pass| **pass).count();
    let lead = format!("{passed} of {n} cells have no flag");
    let mut body = String::from("<section><h2 id=\"flags\">What each flag takes</h2>\n");
    body += &flags(quality, &passes);
    body += "<p>A cell may have several flags. Nothing is removed from the data.</p></section>\n";
    body += "<section><h2 id=\"metrics\">Metrics and bounds</h2>\n";
    body += &figures.iter().map(figure).collect::<String>();
    body += "</section>\n";
    document(&format!("{name}: quality of the cells"), &lead, &body)
}

fn flags(quality: &Quality, passes: &[bool]) -> String {
    let row = |name: &str, cells: &[usize], threshold: String| {
        let of = |flags: &[bool]| cells.iter().filter(|&&i| flags[i]).count().to_string();
        vec![
            escape(name),
            cells.len().to_string(),
            of(&quality.outlier),
            of(&quality.mt_outlier),
            of(&quality.predicted_doublet),
            threshold,
            of(passes),
        ]
    };
    let mut rows: Vec<Vec<String>> = (quality.samples.iter())
        .map(|sample| {
            let found = sample.doublets.as_ref();
            let threshold = match found.map(|d| d.threshold) {
                Some(Some(threshold)) => format!("{threshold:.3}"),
                Some(None) => "none found".into(),
                None => "no scores".into(),
            };
            row(sample.name.as_deref().unwrap_or("all cells"), &sample.cells, threshold)
        })
        .collect();
    if rows.len() > 1 {
        let all: Vec<usize> = (0..passes.len()).collect();
        rows.push(row("all", &all, String::new()));
    }
    let header = [
        "Sample",
        "Cells",
        "Outliers",
        "Mitochondrial",
        "Doublets",
        "Doublet threshold",
        "Without a flag",
    ];
    table(&header, &rows, &[1, 2, 3, 4, 5, 6])
}
