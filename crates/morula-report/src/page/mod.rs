//! The page: one file with everything.

mod html;
mod sections;

use std::fmt::Write;

use crate::{Figure, Markers, Result, Run};
use html::escape;

const STYLE: &str = include_str!("style.css");
/// Forbids the page to load anything, even by mistake.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// A part of the page.
struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

/// The whole page, as XHTML-compatible HTML.
pub(crate) fn html(run: &Run, markers: Option<&Markers>, figures: &[Figure]) -> Result<String> {
    let sections = sections::all(run, markers, figures);
    let title = escape(&format!("{}: clusters by {}", run.name, run.model));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p class=\"lead\">{} cells in {} clusters</p>\n",
        run.n_cells(),
        run.k()
    );
    page.push_str(&sections::summary(run)?);
    page.push_str("<nav><strong>Contents</strong><ul>\n");
    for Section { id, title, .. } in &sections {
        let _ = writeln!(page, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    page.push_str("</ul></nav>\n");
    for Section { id, title, body } in &sections {
        let _ = writeln!(page, "<section><h2 id=\"{id}\">{title}</h2>\n{body}</section>");
    }
    Ok(page + "</body>\n</html>\n")
}
