//! Kinds of genes whose share of the counts tells damaged cells.

use std::collections::HashSet;

/// A named kind of genes: the `qc_vars` of scanpy's `pp.calculate_qc_metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneSet {
    /// Name, which the columns carry: `pct_counts_<name>`.
    pub name: String,
    /// Positions of the genes, ascending.
    pub genes: Vec<usize>,
}

/// The chains of haemoglobin: HBA1, HBB, HBD, HBE1, HBG2, HBM, HBQ1, HBZ.
const CHAINS: &str = "ABDEGMQZ";

impl GeneSet {
    /// The genes whose names pass a test.
    pub fn new(name: impl Into<String>, var_names: &[String], is: impl Fn(&str) -> bool) -> Self {
        let genes = (0..var_names.len()).filter(|&j| is(&var_names[j])).collect();
        Self { name: name.into(), genes }
    }

    /// The genes whose names begin with one of the prefixes, whatever their capitals.
    pub fn by_prefix(
        name: impl Into<String>,
        var_names: &[String],
        prefixes: &[impl AsRef<str>],
    ) -> Self {
        Self::new(name, var_names, |gene| prefixes.iter().any(|p| starts(gene, p.as_ref())))
    }

    /// The genes of a list. Names are matched exactly; the second value has those that are missing.
    pub fn by_names(
        name: impl Into<String>,
        var_names: &[String],
        wanted: &[String],
    ) -> (Self, Vec<String>) {
        let listed: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        let there: HashSet<&str> = var_names.iter().map(String::as_str).collect();
        let set = Self::new(name, var_names, |gene| listed.contains(gene));
        let lost = wanted.iter().filter(|n| !there.contains(n.as_str())).cloned().collect();
        (set, lost)
    }

    /// Genes of the mitochondrial genome by their symbols: `MT-` of human, `mt-` of mouse.
    pub fn mitochondrial(var_names: &[String]) -> Self {
        Self::by_prefix("mt", var_names, &["MT-"])
    }

    /// Genes of ribosomal proteins by their symbols: `RPS` and `RPL`.
    pub fn ribosomal(var_names: &[String]) -> Self {
        Self::by_prefix("ribo", var_names, &["RPS", "RPL"])
    }

    /// Genes of haemoglobin by their symbols: `HB` and the letter of a chain, alone or before a
    /// number or a hyphen. Unlike the pattern `^HB[^(P)]` of many tutorials it leaves out HBEGF and
    /// HBS1L, which are no haemoglobin.
    pub fn haemoglobin(var_names: &[String]) -> Self {
        Self::new("hb", var_names, |gene| {
            let Some((_, rest)) = gene.split_at_checked(2).filter(|_| starts(gene, "HB")) else {
                return false;
            };
            let mut letters = rest.chars();
            letters.next().is_some_and(|c| CHAINS.contains(c.to_ascii_uppercase()))
                && letters.next().is_none_or(|c| c == '-' || c.is_ascii_digit())
        })
    }

    /// The three kinds above: `mt`, `ribo` and `hb`.
    pub fn usual(var_names: &[String]) -> Vec<Self> {
        vec![
            Self::mitochondrial(var_names),
            Self::ribosomal(var_names),
            Self::haemoglobin(var_names),
        ]
    }
}

fn starts(gene: &str, prefix: &str) -> bool {
    gene.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genes_are_known_by_their_symbols() {
        let names = ["MT-CO1", "mt-Nd1", "MTOR", "Rpl3", "RPS6", "HBA1", "HBB", "Hbb-bs", "HBEGF"];
        let names: Vec<String> = names.map(String::from).into();
        let found = GeneSet::usual(&names);
        let found: Vec<(&str, &[usize])> =
            found.iter().map(|s| (s.name.as_str(), &s.genes[..])).collect();
        assert_eq!(found, [("mt", &[0, 1][..]), ("ribo", &[3, 4]), ("hb", &[5, 6, 7])]);
        for other in ["HBP1", "HBS1L", "HB", "H", "HBAP1", "\u{e4}B"] {
            assert!(GeneSet::haemoglobin(&[other.to_string()]).genes.is_empty(), "{other}");
        }
    }

    #[test]
    fn lists_name_what_is_missing() {
        let names: Vec<String> = ["a", "b", "a"].map(String::from).into();
        let wanted: Vec<String> = ["b", "x", "a"].map(String::from).into();
        let (set, missing) = GeneSet::by_names("mine", &names, &wanted);
        assert_eq!((set.genes, missing), (vec![0, 1, 2], vec!["x".to_string()]));
    }
}
