//! Marker lists as gene sets in GMT, the gene matrix transposed format of the Broad Institute.

use std::collections::HashMap;

use super::{MarkerLists, is_skipped, name};
use crate::{MarkersError, Result};

pub(super) fn parse(text: &str) -> Result<MarkerLists> {
    let mut pairs = Vec::new();
    let mut first: HashMap<&str, u64> = HashMap::new();
    for (line, content) in (1..).zip(text.lines()).filter(|(_, text)| !is_skipped(text)) {
        let mut fields = content.split('\t');
        let cell_type = name(fields.next().unwrap_or_default(), "type", || line)?;
        if let Some(earlier) = first.insert(cell_type, line) {
            let what = format!("type {cell_type:?} is on line {earlier} already; join the two");
            return Err(MarkersError::line(line, what));
        }
        // A line may end in tabs.
        let genes = fields.skip(1).filter(|gene| !gene.trim().is_empty());
        let before = pairs.len();
        for gene in genes {
            pairs.push((cell_type, name(gene, "gene", || line)?));
        }
        if pairs.len() == before {
            let want = "a GMT line is a type, a description and genes, with tabs between";
            return Err(MarkersError::line(line, format!("{cell_type:?} has no genes; {want}")));
        }
    }
    MarkerLists::new(pairs)
}
