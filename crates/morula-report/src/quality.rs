//! A report of the quality of cells.

use std::path::Path;

use morula_preprocess::Quality;

use crate::{Figure, Result, figures, folder, page};

/// The report of quality control: histograms with the bounds, and what each flag takes.
#[derive(Debug)]
pub struct QualityReport {
    figures: Vec<Figure>,
    html: String,
}

impl QualityReport {
    /// Draws the figures and the page. `name`: the name of the data, for the title.
    ///
    /// # Errors
    /// [`ReportError::Draw`](crate::ReportError::Draw).
    pub fn new(name: &str, quality: &Quality) -> Result<Self> {
        let figures = figures::quality(quality)?;
        let html = page::quality(name, quality, &figures);
        Ok(Self { figures, html })
    }

    /// The figures, in the order of the page.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// The page, as HTML.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// Writes `report.html` and every figure, as [`Report::write`](crate::Report::write) does.
    ///
    /// # Errors
    /// Those of [`Report::write`](crate::Report::write).
    pub fn write(&self, folder: &Path) -> Result<()> {
        folder::write(folder, &self.html, &self.figures)
    }
}
