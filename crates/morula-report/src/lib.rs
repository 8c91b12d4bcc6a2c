//! A clustering run as figures and one self-contained page.
//!
//! [`Run`] has all facts of a run: clusters, confidence, a layout in two dimensions, losses,
//! parameters. [`Run::from_anndata`] reads it from data that `morula cluster` has written; a
//! program with its own results fills the fields. [`Report::new`] draws the run. [`Report::write`]
//! writes a folder with `report.html`, which loads no other file, every figure as PNG and SVG, and the
//! evidence for the clusters as CSV.
//! [`Report::of_quality`] does the same for quality control.
//!
//! ```
//! use morula_report::{Report, Run};
//!
//! let mut run = Run::new("cells", "k-means", vec!["0".into(), "1".into()]);
//! run.labels = vec![0, 0, 1];
//! run.confidence = vec![0.9, 0.6, 0.8];
//! run.layout = vec![0.0, 0.0, 0.1, 0.2, 5.0, 5.0];
//! let report = Report::new(&run)?;
//! assert!(report.html().contains("k-means"));
//! let folder = tempfile::tempdir()?;
//! report.write(&folder.path().join("report"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod draw;
mod error;
mod figures;
mod folder;
mod markers;
mod page;
mod run;
mod tables;

pub use error::{ReportError, Result};
pub use figures::Figure;
pub use folder::check_folder;
pub use markers::{Expression, Marker, Markers, ValidMarker};
pub use run::{Annotation, BATCH_COLUMNS, CellQuality, DividedCluster, Losses, Role, Run, Source};

use std::path::Path;

use morula_preprocess::Quality;

/// The report of a run, or of quality control: its figures and its page.
#[derive(Debug)]
pub struct Report {
    figures: Vec<Figure>,
    tables: Vec<(&'static str, String)>,
    html: String,
}

impl Report {
    /// Draws all figures for which the run has data, and the page that shows them.
    ///
    /// # Errors
    /// [`ReportError::Shape`] and [`ReportError::NoCells`] when the parts of the run do not match;
    /// [`ReportError::Draw`].
    pub fn new(run: &Run) -> Result<Self> {
        run.check()?;
        let markers = run.expression.as_ref().map(|e| Markers::new(e, &run.labels, run.k()));
        let markers = markers.transpose()?;
        let figures = figures::all(run, markers.as_ref())?;
        let tables = tables::all(run)?;
        let html = page::html(run, markers.as_ref(), &figures)?;
        Ok(Self { figures, tables, html })
    }

    /// The report of quality control: histograms with the bounds, and what each flag takes. `name`:
    /// the name of the data, for the title.
    ///
    /// # Errors
    /// [`ReportError::Draw`].
    pub fn of_quality(name: &str, quality: &Quality) -> Result<Self> {
        let figures = figures::quality(quality)?;
        let html = page::quality(name, quality, &figures);
        Ok(Self { figures, tables: Vec::new(), html })
    }

    /// The figures, in the order of the page.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// The tables: the name of the file without its extension, and the content as CSV.
    pub fn tables(&self) -> &[(&'static str, String)] {
        &self.tables
    }

    /// The page, as HTML.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// Writes `report.html`, every figure as `NAME.png` and `NAME.svg`, every table as `NAME.csv`, and
    /// the checksums of these files into `folder`.
    ///
    /// The files go into a new folder beside it, which replaces `folder` when all of them are
    /// written. After an error, `folder` keeps its old content. An older report is replaced.
    ///
    /// # Errors
    /// [`ReportError::Data`] for a folder with other files than a report, or with one that was
    /// changed since; [`ReportError::Io`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        folder::write(folder, self)
    }
}

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
