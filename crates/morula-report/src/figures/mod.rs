//! The figures, one kind per file.

mod bars;
mod cluster_quality;
mod dendrogram;
mod dotplot;
mod embedding;
mod histogram;
mod legend;
mod losses;
mod matrixplot;
mod overlap;
mod quality;
mod scatter;

pub(crate) use quality::all as quality;

use crate::draw::Canvas;
use crate::{Markers, ReportError, Result, Role, Run};

/// A finished picture.
#[derive(Debug)]
pub struct Figure {
    /// Name of its files, without the extension.
    pub name: &'static str,
    /// Title: what it shows, in a few words.
    pub title: String,
    /// Caption: what it shows and how to read it.
    pub caption: String,
    size: (f64, f64),
    png: Vec<u8>,
    svg: String,
}

impl Figure {
    fn new(
        name: &'static str,
        title: impl Into<String>,
        caption: impl Into<String>,
        canvas: &Canvas,
    ) -> Result<Self> {
        let failed = |why| ReportError::Draw { figure: name.into(), why };
        let (png, svg) = (canvas.png().map_err(failed)?, canvas.svg().map_err(failed)?);
        let (title, caption) = (title.into(), caption.into());
        Ok(Self { name, title, caption, size: canvas.size(), png, svg })
    }

    /// The picture as PNG, with two pixels per unit of length.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// The picture as SVG.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Width and height.
    pub fn size(&self) -> (f64, f64) {
        self.size
    }
}

/// All figures for which the run has data, in the order of the page.
pub(crate) fn all(run: &Run, markers: Option<&Markers>) -> Result<Vec<Figure>> {
    let scatter = scatter::Scatter::new(run);
    let mut figures =
        vec![embedding::clusters(run, &scatter)?, embedding::confidence(run, &scatter)?];
    for annotation in &run.annotations {
        figures.push(embedding::annotation(annotation, &scatter)?);
    }
    figures.push(bars::sizes(run)?);
    figures.push(histogram::confidence(run)?);
    figures.extend(dendrogram::dendrogram(run)?);
    if !run.quality.is_empty() {
        figures.push(cluster_quality::quality(run)?);
    }
    if !run.losses.terms.is_empty() {
        figures.push(losses::curves(run)?);
    }
    if let (Some(markers), Some(expression)) = (markers, &run.expression)
        && !markers.shown.is_empty()
    {
        figures.push(dotplot::dotplot(run, markers, expression)?);
        figures.push(matrixplot::matrixplot(run, markers, expression)?);
    }
    for annotation in run.annotations.iter().filter(|a| !a.codes().1.is_empty()) {
        figures.push(overlap::overlap(run, annotation)?);
    }
    Ok(figures)
}

fn of_role(role: Role, truth: &'static str, batch: &'static str) -> &'static str {
    match role {
        Role::Truth => truth,
        Role::Batch => batch,
    }
}

/// A share as text, in percent.
fn percent(share: f64) -> String {
    match share {
        s if s.is_nan() => "-".into(),
        s if s > 0.0 && s < 0.01 => "<1%".into(),
        s => format!("{:.0}%", 100.0 * s),
    }
}
