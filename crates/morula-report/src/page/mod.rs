//! The page: one file with everything.

mod html;
mod quality;
mod sections;
mod subclusters;
mod tree;

use std::fmt::Write;

use crate::{Figure, Markers, Result, Run};
use html::escape;
pub(crate) use quality::html as quality;

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
    let mut body = sections::summary(run)?;
    body.push_str("<nav><strong>Contents</strong><ul>\n");
    for Section { id, title, .. } in &sections {
        let _ = writeln!(body, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    body.push_str("</ul></nav>\n");
    for Section { id, title, body: part } in &sections {
        let _ = writeln!(body, "<section><h2 id=\"{id}\">{title}</h2>\n{part}</section>");
    }
    let title = format!("{}: clusters by {}", run.name, run.model);
    let lead = format!("{} cells in {} clusters", run.n_cells(), run.k());
    Ok(document(&title, &lead, &body))
}

/// A page with this title and first line; the body is HTML already.
fn document(title: &str, lead: &str, body: &str) -> String {
    let (title, lead) = (escape(title), escape(lead));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p class=\"lead\">{lead}</p>\n{body}</body>\n</html>\n"
    )
}
