//! `morula markers`: the marker genes of groups of cells.

mod comparison;
mod conserved;
mod samples;

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use morula::data::{Additions, Categorical, OutputPlan, UnsValue};
use morula::markers::{ConservedGroup, Marker, Markers as Found, MarkersParams, conserved_markers};
use serde::Serialize;

use crate::args::{CountsArgs, PrintArgs};
use crate::console::Console;
use crate::expression::Expression;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::text::{cell, one_line};
use crate::writable::write_file;
use crate::{interrupt, summary};
use comparison::{Comparison, Part};
use samples::{FILES, Sums};

/// Entry of uns with the markers, as scanpy has it.
const RANKS: &str = "rank_genes_groups";

/// Entry of uns with valid markers.
const VALID: &str = "rank_genes_valid";

/// Layer of the log-normalised counts, for scanpy's plots.
const LAYER: &str = "lognorm";

/// Groups of at most so many cells are pointed out: their p-values are rough.
const FEW: usize = 25;

/// How many genes per group the summary names.
const EXAMPLES: usize = 5;

/// Find the marker genes of groups of cells.
///
/// Wilcoxon's rank-sum test of every group against all other cells, on log-normalised counts and
/// corrected for ties, with scanpy's definitions: score, log2 fold change, p-value (also adjusted
/// after Benjamini and Hochberg), and the shares of cells that express the gene. The input is raw
/// counts, which the command normalises.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula markers clustered.h5ad --groupby jojoscl --n-genes 100 \
                        --out markers.csv\n  morula markers clustered.h5ad --groupby jojoscl \
                        --versus 4 --min-lfc 1 --out against-4.csv\n  morula markers \
                        clustered.h5ad --groupby jojoscl --condition stim --sample donor \
                        --pseudobulk sums --out conditions.csv"
)]
pub struct Markers {
    #[command(flatten)]
    counts: CountsArgs,

    /// Column of obs with the groups; a cell without a group is among the other cells of every test
    #[arg(long, value_name = "OBS")]
    groupby: String,

    /// Genes per group, best first [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    n_genes: Option<u32>,

    /// Test only genes expressed in at least this many cells
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_cells: usize,

    #[command(flatten)]
    comparison: Comparison,

    /// Table to write: group, rank, gene, score, logfoldchange, pval, pval_adj, pct_in, pct_out
    #[arg(long, value_name = "CSV")]
    out: PathBuf,

    /// Also write the input plus uns `rank_genes_groups`, as scanpy has it (`rank_genes_valid` with
    /// --valid), and layers `lognorm`, the log-normalised counts
    #[arg(long, value_name = "OUT.h5ad")]
    h5ad: Option<PathBuf>,

    #[command(flatten)]
    print: PrintArgs,
}

/// The columns of the table.
const HEADER: [&str; 9] =
    ["group", "rank", "gene", "score", "logfoldchange", "pval", "pval_adj", "pct_in", "pct_out"];

/// A row of the table.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<Cow<'a, str>>,
    group: Cow<'a, str>,
    rank: usize,
    gene: Cow<'a, str>,
    score: f64,
    logfoldchange: f64,
    pval: f64,
    pval_adj: f64,
    pct_in: f64,
    pct_out: f64,
}

#[derive(Debug, Serialize)]
struct Summary {
    input: String,
    output: String,
    h5ad: Option<String>,
    pseudobulk: Option<String>,
    groupby: String,
    n_cells: usize,
    n_genes_tested: usize,
    groups: Vec<Group>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Group {
    /// The group within which conditions were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<String>,
    group: String,
    n_cells: usize,
    /// Genes with a positive score at a false discovery rate of 5%.
    n_markers: usize,
    top_genes: Vec<String>,
}

impl Markers {
    pub fn run(self) -> Result<()> {
        let started = Instant::now();
        let console = Console::new(&self.print);
        self.check()?;
        let data = Expression::read(&self.counts, console)?;
        let groups = data.groups(&self.groupby)?;
        let params = MarkersParams::default().min_cells(self.min_cells);
        let n_genes = self.n_genes.map_or(data.genes.len(), |n| n as usize);
        let sums = match (&self.comparison.pseudobulk, &self.comparison.sample) {
            (Some(folder), Some(sample)) => {
                let sums = Sums::new(&self.counts, &groups, &self.comparison, sample, console)?;
                Some((folder, sums))
            }
            _ => None,
        };
        if let Some(column) = &self.comparison.conserved {
            let found = conserved_markers(&data.x, &groups, &data.groups(column)?, &params)?;
            remark_untested(&found, column, console);
            let table = conserved::table(&found, &data.genes, n_genes, &self.comparison)?;
            let groups = found.iter().map(|group| Group::conserved(group, &data)).collect();
            let n_tested = found.iter().map(|group| group.markers.len()).max().unwrap_or(0);
            let summary = self.summary(groups, n_tested, &data);
            return self.finish(&table, sums, summary, started, console);
        }
        let parts = self.comparison.rank(&self.counts, &data, &groups, &params, console)?;
        parts.iter().for_each(|part| self.remark_small(&part.found, console));
        let table = table(&parts, &data.genes, n_genes, &self.comparison)?;
        let summary = parts.iter().flat_map(|part| Group::all(part, &data)).collect();
        let n_tested = parts.iter().map(|part| part.found.tested().len()).max().unwrap_or(0);
        let summary = self.summary(summary, n_tested, &data);
        interrupt::defer();
        if let Some(path) = &self.h5ad {
            let found = parts.first().map(|part| &part.found).context("there is one ranking")?;
            let uns = found.to_uns(&data.genes, &self.groupby, Some(LAYER), n_genes);
            let uns =
                uns.context("--h5ad is not possible, leave it out: the table has no limit")?;
            // A report shows valid markers only while their groups are those of the file.
            let uns = if self.comparison.valid { about(uns, &groups) } else { uns };
            let results = Additions::new().uns(self.entry(), uns).layer(LAYER, data.x);
            console.remark_lost(&self.counts.write(path, &results)?);
        }
        self.finish(&table, sums, summary, started, console)
    }

    /// The entry of uns.
    fn entry(&self) -> &'static str {
        if self.comparison.valid { VALID } else { RANKS }
    }

    /// Writes the tables and prints the summary.
    fn finish(
        &self,
        table: &[u8],
        sums: Option<(&PathBuf, Sums)>,
        summary: Summary,
        started: Instant,
        console: Console,
    ) -> Result<()> {
        interrupt::defer();
        write_file(&self.out, table)?;
        interrupt::written();
        if let Some((folder, sums)) = sums {
            sums.write(folder)?;
        }
        let seconds = (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        let summary = Summary { seconds, ..summary };
        console.result(&summary, || summary.text())
    }

    fn check(&self) -> Result<()> {
        let mut outputs =
            Outputs::new().input("the input", &self.counts.input).file("--out", &self.out)?;
        if let Some(folder) = &self.comparison.pseudobulk {
            outputs = outputs.files("--pseudobulk", folder, &FILES)?;
        }
        let Some(h5ad) = &self.h5ad else { return Ok(()) };
        if self.counts.layer == "raw" {
            return Err(usage(
                "--h5ad writes a layer, and layers cannot hold the genes of \"raw\"; give another \
                 --layer or leave --h5ad out",
            ));
        }
        outputs.copy("--h5ad", h5ad, &self.counts.input)?;
        let plan = OutputPlan::new().uns(self.entry()).layer(LAYER);
        self.counts.check_output(h5ad, &plan)
    }

    fn remark_small(&self, found: &Found, console: Console) {
        let few = found.groups().iter().filter(|group| group.n_cells <= FEW);
        let few: Vec<String> =
            few.map(|group| format!("{} ({})", group.name, group.n_cells)).collect();
        if !few.is_empty() {
            console.remark(format!(
                "groups of few cells, whose p-values are rough: {}",
                one_line(&few.join(", "))
            ));
        }
    }

    fn summary(&self, groups: Vec<Group>, n_genes_tested: usize, data: &Expression) -> Summary {
        Summary {
            input: summary::path(&self.counts.input),
            output: summary::path(&self.out),
            h5ad: self.h5ad.as_deref().map(summary::path),
            pseudobulk: self.comparison.pseudobulk.as_deref().map(summary::path),
            groupby: self.groupby.clone(),
            n_cells: data.x.n_rows(),
            n_genes_tested,
            groups,
            seconds: 0.0,
        }
    }
}

impl Group {
    fn all<'a>(part: &'a Part, data: &'a Expression) -> impl Iterator<Item = Self> + 'a {
        let name = |m: &Marker| data.genes[m.gene].clone();
        part.found.groups().iter().map(move |group| Self {
            within: part.within.clone(),
            group: group.name.clone(),
            n_cells: group.n_cells,
            n_markers: group.ranked().filter(|m| m.score > 0.0 && m.pval_adj < 0.05).count(),
            top_genes: group.top(EXAMPLES).map(name).collect(),
        })
    }

    fn conserved(group: &ConservedGroup, data: &Expression) -> Self {
        let markers = || group.markers.iter();
        Self {
            within: None,
            group: group.name.clone(),
            n_cells: group.n_cells,
            n_markers: markers().filter(|m| m.score > 0.0 && m.max_pval_adj < 0.05).count(),
            top_genes: markers().take(EXAMPLES).map(|m| data.genes[m.gene].clone()).collect(),
        }
    }
}

/// Adds the checksum of the groups, which shows later whether these are still the groups of the file.
fn about(uns: UnsValue, groups: &Categorical) -> UnsValue {
    let params = uns.get("params").cloned().unwrap_or_else(UnsValue::map);
    uns.with("params", params.with("labels_checksum", i64::from(groups.checksum())))
}

/// Names the groups that fewer than two batches could test.
fn remark_untested(found: &[ConservedGroup], column: &str, console: Console) {
    let none = found.iter().filter(|group| group.markers.is_empty());
    let none: Vec<&str> = none.map(|group| group.name.as_str()).collect();
    if !none.is_empty() {
        let names = none.join(", ");
        let line = format!("groups with too few cells in two batches of {column}: {names}");
        console.remark(one_line(&line));
    }
}

/// The best genes of every group as CSV.
fn table(
    parts: &[Part],
    genes: &[String],
    n_genes: usize,
    comparison: &Comparison,
) -> Result<Vec<u8>> {
    // The header is there without genes too.
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let within = parts.iter().any(|part| part.within.is_some()).then_some("within");
    writer.write_record(within.iter().chain(&HEADER))?;
    for (part, group) in parts.iter().flat_map(|p| p.found.groups().iter().map(move |g| (p, g))) {
        let shown = group.ranked().filter(|m| comparison.shows(m.logfoldchange, m.pct_in));
        for (rank, m) in (1..).zip(shown.take(n_genes)) {
            writer.serialize(Row {
                within: part.within.as_deref().map(cell),
                group: cell(&group.name),
                rank,
                gene: cell(&genes[m.gene]),
                score: m.score,
                logfoldchange: m.logfoldchange,
                pval: m.pval,
                pval_adj: m.pval_adj,
                pct_in: m.pct_in,
                pct_out: m.pct_out,
            })?;
        }
    }
    writer.into_inner().ok().context("the table is in memory")
}

impl Summary {
    fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for Group { within, group, n_cells, n_markers, top_genes } in &self.groups {
            let top = top_genes.join(", ");
            let within = within.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
            let line = format!("{within}{group} ({n_cells} cells): {n_markers} markers; {top}");
            lines.push(one_line(&line).into_owned());
        }
        let too = self.h5ad.as_ref().map(|path| format!(" and {path}")).unwrap_or_default();
        lines.push(format!("written to {}{too} ({:.1} s)", self.output, self.seconds));
        lines.extend(self.pseudobulk.iter().map(|folder| format!("sums by sample in {folder}")));
        lines.join("\n")
    }
}
