//! Whether genes seem to be in the rows.

/// Said where they do.
pub(crate) const REMARK: &str = "the rows have names of genes and the columns have names of \
    cells, but rows are taken for cells; if genes are in the rows, transpose (`--transpose` for \
    tables, `adata.T` in Python)";

/// Names looked at on each side.
const SAMPLE: usize = 2000;

/// Share of the names that must look so.
const MOST: f64 = 0.6;

/// Genes of which every list of a few hundred has some.
const COMMON: [&str; 24] = [
    "ACTB", "ACTG1", "B2M", "CD3D", "CD3E", "CD4", "CD74", "CD8A", "EEF1A1", "EPCAM", "FTH1",
    "FTL", "GAPDH", "LYZ", "MALAT1", "MS4A1", "NKG7", "PTPRC", "S100A4", "S100A8", "S100A9",
    "TMSB10", "TMSB4X", "VIM",
];

/// Whether the names of rows are those of genes and the names of columns those of cells.
///
/// A name decides nothing alone, so most of the names on one side must be recognised, and the other
/// side must not contradict.
pub(crate) fn seems_transposed(rows: &[String], cols: &[String]) -> bool {
    let (gene_rows, cell_rows) = (share(rows, is_gene), share(rows, is_cell));
    let (gene_cols, cell_cols) = (share(cols, is_gene), share(cols, is_cell));
    let rows_are_genes = gene_rows > MOST && gene_cols < 0.1;
    let cols_are_cells = cell_cols > MOST && cell_rows < 0.1;
    // A few genes that everybody knows, among names of any kind.
    let common = |names: &[String]| {
        let upper = names.iter().take(SAMPLE * 20).map(|name| name.to_ascii_uppercase());
        upper.filter(|name| is_common(name)).count()
    };
    let known = || common(rows) >= 3 && common(cols) == 0 && cell_rows < 0.1;
    rows_are_genes || cols_are_cells || known()
}

/// Whether most of the names are those of cells.
pub(crate) fn are_cells(names: &[String]) -> bool {
    share(names, is_cell) > MOST
}

fn share(names: &[String], is: fn(&str) -> bool) -> f64 {
    let step = names.len().div_ceil(SAMPLE).max(1);
    let (mut n, mut found) = (0u32, 0u32);
    for name in names.iter().step_by(step) {
        n += 1;
        found += u32::from(is(name));
    }
    f64::from(found) / f64::from(n.max(1))
}

/// Ensembl identifiers, common genes, and names such as `gene12`.
fn is_gene(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let ensembl = upper.strip_prefix("ENS").is_some_and(|rest| {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_uppercase());
        rest.len() > digits.len()
            && rest.as_bytes()[rest.len() - digits.len() - 1] == b'G'
            && digits.len() >= 6
            && digits.starts_with(|c: char| c.is_ascii_digit())
    });
    ensembl || is_common(&upper) || is_numbered(&upper, &["G", "GENE"])
}

/// A name in capitals: a common gene, or of a family that every list has.
fn is_common(upper: &str) -> bool {
    let family = ["RPL", "RPS"].iter().any(|family| {
        upper.strip_prefix(family).is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
    });
    family || upper.starts_with("MT-") || COMMON.binary_search(&upper).is_ok()
}

/// Barcodes, and names such as `cell12`.
fn is_cell(name: &str) -> bool {
    let letters = name.split(['-', '_', ':', '.', '#', 'x', ' ']).map(str::as_bytes);
    let barcode = |part: &[u8]| part.len() >= 8 && part.iter().all(|b| b"ACGTN".contains(b));
    letters.into_iter().any(barcode)
        || is_numbered(&name.to_ascii_uppercase(), &["C", "CELL", "BARCODE"])
}

/// One of the words and a number.
fn is_numbered(upper: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let rest = upper.strip_prefix(word).map(|r| r.trim_start_matches(['-', '_', ' ', '.']));
        rest.is_some_and(|r| !r.is_empty() && r.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genes_in_rows_are_noticed() {
        let many = |of: &dyn Fn(usize) -> String| (0..200).map(of).collect::<Vec<_>>();
        let genes = [
            many(&|i| format!("G{i}")),
            many(&|i| format!("ENSMUSG{i:011}.3")),
            many(&|i| {
                ["Gapdh", "Rpl3", "mt-Co1", "Actb"]
                    .get(i)
                    .map_or(format!("Xyz{i}"), |g| g.to_string())
            }),
        ];
        let cells = [
            many(&|i| format!("c{i}")),
            many(&|i| format!("cell_{i}")),
            many(&|i| format!("s1_ACGTACGTACGT{}-1", ["A", "C", "G", "T"][i % 4])),
            many(&|i| format!("plate1 well {i}")),
        ];
        for genes in &genes {
            for cells in &cells {
                assert!(seems_transposed(genes, cells), "{} {}", genes[0], cells[0]);
                assert!(!seems_transposed(cells, genes), "{} {}", genes[0], cells[0]);
            }
        }
        let numbers = many(&|i| i.to_string());
        assert!(!seems_transposed(&numbers, &numbers));
        assert!(!seems_transposed(&cells[0], &numbers) && !seems_transposed(&numbers, &genes[0]));
        let barcode = many(&|_| "ACGTACGTACGTA-1".into());
        assert!(!seems_transposed(&barcode, &many(&|i| format!("LOC{i}"))));
    }
}
