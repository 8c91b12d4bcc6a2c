//! The columns of the tables of databases, and which of their rows count.

use std::collections::BTreeSet;

use csv::StringRecord;

use crate::{MarkersError, Result};

/// Which rows of a database's table to take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListFilter {
    /// `human` or `mouse`; any if `None`.
    pub species: Option<String>,
    /// The tissue or organ, as the table spells it, whatever its capitals; any if `None`.
    pub tissue: Option<String>,
}

/// Names of columns: of lists, PanglaoDB, CellMarker 2.0 and CellMarker 1.
pub(super) struct Columns;

impl Columns {
    pub const TYPE: [&str; 4] = ["type", "cell type", "cell_name", "cellName"];
    pub const GENE: [&str; 4] = ["gene", "official gene symbol", "Symbol", "geneSymbol"];
    pub const SIGN: &str = "sign";
    const SPECIES: [&str; 2] = ["species", "speciesType"];
    const TISSUE: [&str; 5] = ["organ", "tissue_class", "tissue_type", "tissueType", "tissue"];
    const KIND: [&str; 2] = ["cell_type", "cellType"];
}

/// The value of CellMarker for a malignant cell; a type of its own for every cancer.
const CANCER: &str = "Cancer cell";

/// Checks rows, and collects what could have been asked for.
pub(super) struct Kept<'a> {
    filter: &'a ListFilter,
    species: Option<usize>,
    tissues: Vec<usize>,
    kind: Option<usize>,
    seen: BTreeSet<String>,
    pub left_out: usize,
}

impl ListFilter {
    /// Refuses a choice for a list that has nothing to choose by.
    pub(super) fn check_used(&self) -> Result<()> {
        match (&self.species, &self.tissue) {
            (None, None) => Ok(()),
            (Some(_), _) => Err(no_column("species")),
            _ => Err(no_column("tissue")),
        }
    }
}

fn no_column(what: &str) -> MarkersError {
    let want = "leave the choice out, or give a table of CellMarker or PanglaoDB";
    MarkersError::line(1, format!("no column of the {what}; {want}"))
}

impl<'a> Kept<'a> {
    /// # Errors
    /// [`MarkersError::Line`] when the table has no column to filter by.
    pub fn new(filter: &'a ListFilter, position: impl Fn(&str) -> Option<usize>) -> Result<Self> {
        let first = |names: &[&str]| names.iter().find_map(|name| position(name));
        let tissues: Vec<usize> =
            Columns::TISSUE.iter().filter_map(|name| position(name)).collect();
        let species = first(&Columns::SPECIES);
        for (asked, there, what) in [
            (&filter.species, species.is_some(), "species"),
            (&filter.tissue, !tissues.is_empty(), "tissue"),
        ] {
            if asked.is_some() && !there {
                return Err(no_column(what));
            }
        }
        let (kind, seen) = (first(&Columns::KIND), BTreeSet::new());
        Ok(Self { filter, species, tissues, kind, seen, left_out: 0 })
    }

    /// Whether a row counts.
    pub fn row(&mut self, record: &StringRecord) -> bool {
        let field = |at: usize| record.get(at).unwrap_or_default().trim();
        let cancer = self.kind.is_some_and(|at| field(at).eq_ignore_ascii_case(CANCER));
        let species = match (&self.filter.species, self.species) {
            (Some(wanted), Some(at)) => is_species(field(at), wanted),
            _ => true,
        };
        let tissue = match &self.filter.tissue {
            Some(wanted) => self.tissues.iter().any(|&at| field(at).eq_ignore_ascii_case(wanted)),
            None => true,
        };
        if !tissue && self.seen.len() < 1000 {
            self.seen.extend(self.tissues.first().map(|&at| field(at).to_string()));
        }
        let kept = species && tissue && !cancer;
        self.left_out += usize::from(!kept);
        kept
    }

    /// The error for a filter that kept nothing.
    pub fn none(&self) -> MarkersError {
        let ListFilter { species, tissue } = self.filter;
        let asked: Vec<&str> =
            [species, tissue].into_iter().flatten().map(String::as_str).collect();
        let some: Vec<&str> = self.seen.iter().take(8).map(String::as_str).collect();
        let (asked, tissues) = (asked.join(", "), some.join(", "));
        MarkersError::NoRows { asked, n_rows: self.left_out, tissues }
    }
}

/// Whether a field means a species: `Human` in CellMarker, `Hs` or `Mm Hs` in PanglaoDB.
fn is_species(field: &str, wanted: &str) -> bool {
    let short = match wanted.to_ascii_lowercase().as_str() {
        "human" => "Hs",
        "mouse" => "Mm",
        _ => wanted,
    };
    field
        .split_whitespace()
        .any(|word| word.eq_ignore_ascii_case(wanted) || word.eq_ignore_ascii_case(short))
}
