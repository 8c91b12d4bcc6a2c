//! A clustering run as pictures and one self-contained page.
//!
//! [`Run`] holds what is known of a run: clusters, confidence, a layout in two dimensions, losses,
//! parameters. [`Run::from_anndata`] takes it from data that `morula cluster` has written; a
//! program with results of its own fills the fields. [`Report::new`] draws it, and
//! [`Report::write`] writes a folder with `report.html`, which needs nothing else to be read, and
//! every picture as PNG and SVG.
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

pub use error::{ReportError, Result};
pub use figures::Figure;
pub use folder::check_folder;
pub use markers::{Expression, Marker, Markers};
pub use run::{Annotation, BATCH_COLUMNS, Losses, Role, Run, Source};

use std::path::Path;

/// A run, drawn.
#[derive(Debug)]
pub struct Report {
    figures: Vec<Figure>,
    html: String,
}

impl Report {
    /// Draws all pictures that the run allows, and the page that shows them.
    ///
    /// # Errors
    /// [`ReportError::Shape`] and [`ReportError::NoCells`] for a run whose parts do not fit
    /// together, [`ReportError::Draw`].
    pub fn new(run: &Run) -> Result<Self> {
        run.check()?;
        let markers = run.expression.as_ref().map(|e| Markers::new(e, &run.labels, run.k()));
        let markers = markers.transpose()?;
        let figures = figures::all(run, markers.as_ref())?;
        let html = page::html(run, markers.as_ref(), &figures)?;
        Ok(Self { figures, html })
    }

    /// The pictures, in the order of the page.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// The page.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// Writes `report.html` and every picture as `NAME.png` and `NAME.svg` into `folder`.
    ///
    /// They are written into a new folder beside it, which takes its place when all are there;
    /// after an error, what stood there still stands there. An older report is replaced.
    ///
    /// # Errors
    /// [`ReportError::Occupied`] for a folder with anything but a report; [`ReportError::Io`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        folder::replace(folder, |new| {
            let mut files = vec![(folder::PAGE.to_string(), self.html.as_bytes())];
            for figure in &self.figures {
                files.push((format!("{}.png", figure.name), figure.png()));
                files.push((format!("{}.svg", figure.name), figure.svg().as_bytes()));
            }
            files.into_iter().try_for_each(|(name, content)| {
                let path = new.join(name);
                std::fs::write(&path, content).map_err(folder::io("write", &path))
            })
        })
    }
}

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
