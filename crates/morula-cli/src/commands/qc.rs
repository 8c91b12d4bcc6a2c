//! `morula qc`: quality metrics, outliers and doublets, as columns of obs.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use morula::data::{Additions, Column, OutputPlan};
use morula::preprocess::{
    DoubletParams, DoubletRate, GeneSet, QcParams, Quality, SampleQuality, quality_control,
};
use morula::report::Report;
use serde::Serialize;

use crate::args::{CountsArgs, OutArgs, PrintArgs};
use crate::console::Console;
use crate::expression::groups;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::quality::{about, additions, gene_sets, planned};
use crate::reporting::title;
use crate::text::one_line;
use crate::writable::check_listed_folder;
use crate::{interrupt, summary};

/// Flag broken cells and doublets.
///
/// Writes the input plus columns of obs: those of scanpy's calculate_qc_metrics (with
/// mitochondrial, ribosomal and haemoglobin genes as mt, ribo and hb), `outlier` and `mt_outlier`
/// (beyond bounds around the median of the sample), `doublet_score` and `predicted_doublet`
/// (Scrublet's method), and `qc_pass` for cells without a flag. No cell is removed; `morula
/// cluster --qc` leaves flagged cells out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula qc raw.h5ad --sample donor --out checked.h5ad --report \
                        quality\n  morula cluster checked.h5ad --qc --out clustered.h5ad"
)]
pub struct Qc {
    #[command(flatten)]
    counts: CountsArgs,

    /// Column of obs with the sample (the run of droplets) of every cell: bounds and doublets are
    /// those of the sample [default: all cells are one sample]
    #[arg(long, value_name = "OBS")]
    sample: Option<String>,

    #[command(flatten)]
    out: OutArgs,

    /// Genes of a kind, one a line in a file: for a kind of your own, or in place of the genes of
    /// mt, ribo or hb, which are known by their symbols
    #[arg(long, value_name = "NAME=FILE")]
    genes: Vec<String>,

    /// Median absolute deviations within which counts, genes and the share of the 20 top genes are
    #[arg(long, value_name = "X", default_value_t = QcParams::default().n_mads)]
    mads: f64,

    /// Median absolute deviations within which the percent of mitochondrial counts is
    #[arg(long, value_name = "X", default_value_t = QcParams::default().n_mads_mt)]
    mt_mads: f64,

    /// Highest percent of mitochondrial counts
    #[arg(long, value_name = "PERCENT", default_value_t = QcParams::default().max_pct_mt)]
    max_mt: f64,

    /// Cells loaded for each sample, to expect doublets from [default: from the cells there are,
    /// 0.8% per thousand]
    #[arg(long, value_name = "N", conflicts_with = "doublet_rate")]
    loaded_cells: Option<usize>,

    /// Expected share of doublets
    #[arg(long, value_name = "0..1")]
    doublet_rate: Option<f64>,

    /// No doublet scores
    #[arg(long, conflicts_with_all = ["loaded_cells", "doublet_rate", "seed"])]
    no_doublets: bool,

    /// Seed of the simulated doublets
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Folder for a page with the histograms and bounds, and each of them as PNG and SVG
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    #[command(flatten)]
    print: PrintArgs,
}

#[derive(Debug, Serialize)]
struct Summary {
    input: String,
    output: String,
    report: Option<String>,
    n_cells: usize,
    n_pass: usize,
    outliers: usize,
    mt_outliers: usize,
    doublets: usize,
    gene_sets: Vec<(String, usize)>,
    samples: Vec<Sample>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Sample {
    sample: Option<String>,
    n_cells: usize,
    n_pass: usize,
    outliers: usize,
    mt_outliers: usize,
    bounds: Vec<Taken>,
    doublets: Option<Found>,
}

/// The bounds of a metric, and what is beyond them.
#[derive(Debug, Serialize)]
struct Taken {
    metric: String,
    median: f64,
    lower: Option<f64>,
    upper: Option<f64>,
    below: usize,
    above: usize,
}

#[derive(Debug, Serialize)]
struct Found {
    called: usize,
    threshold: Option<f64>,
    expected_rate: f64,
    /// Share of the simulated doublets above the threshold.
    detectable: Option<f64>,
}

impl Qc {
    pub fn run(self) -> Result<()> {
        let started = Instant::now();
        let console = Console::new(&self.print);
        let params = self.params();
        params.check().map_err(|e| usage(e.to_string()))?;
        self.check_outputs()?;
        let samples = match &self.sample {
            Some(column) => Some(groups(&self.counts.read_obs()?, column)?),
            None => None,
        };
        let counts = self.counts.read(console)?;
        console.remark(format!("read {} cells x {} genes", counts.n_obs(), counts.n_vars()));
        let sets = gene_sets(counts.var_names(), &self.genes, console)?;
        let found = quality_control(counts.x(), &sets, samples.as_ref(), &params);
        let found = found.with_context(|| match &self.sample {
            Some(column) => format!("samples of {column}"),
            None => self.counts.input.display().to_string(),
        })?;
        let n_rounded = counts.n_rounded();
        drop(counts);
        let summary = self.summary(&found, &sets);
        summary.remark(console);
        interrupt::defer();
        let results = additions(Additions::new(), &found, &params, &sets);
        let results = self.counts.record(results, n_rounded);
        console.remark_lost(&self.counts.write(&self.out.out, &results)?);
        if let Some(folder) = &self.report {
            let report = Report::of_quality(&title(&self.counts.input), &found)?;
            let output = &summary.output;
            let written = report.write(folder);
            written.with_context(|| format!("{output} is written; the report is not"))?;
        }
        let seconds = (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        let summary = Summary { seconds, ..summary };
        console.result(&summary, || summary.text())
    }

    fn params(&self) -> QcParams {
        let rate = match (self.loaded_cells, self.doublet_rate) {
            (Some(n), _) => DoubletRate::Loaded(n),
            (_, Some(rate)) => DoubletRate::Fixed(rate),
            _ => DoubletRate::Recovered,
        };
        let doublets = (!self.no_doublets).then_some(DoubletParams { rate, seed: self.seed });
        QcParams { n_mads: self.mads, n_mads_mt: self.mt_mads, max_pct_mt: self.max_mt, doublets }
    }

    fn check_outputs(&self) -> Result<()> {
        let lists: Vec<PathBuf> = self.genes.iter().filter_map(|g| about(g)).map(|g| g.1).collect();
        let mut outputs = Outputs::new().input("the input", &self.counts.input);
        for list in &lists {
            outputs = outputs.input("the list of --genes", list);
        }
        outputs = outputs.copy("--out", &self.out.out, &self.counts.input)?;
        if let Some(folder) = &self.report {
            check_listed_folder(folder)?;
            outputs.replaced("--report", folder)?;
        }
        let names = self.genes.iter().filter_map(|list| about(list)).map(|list| list.0);
        self.counts.check_output(&self.out.out, &planned(OutputPlan::new(), names))
    }

    fn summary(&self, found: &Quality, sets: &[GeneSet]) -> Summary {
        let count = |flags: &[bool]| flags.iter().filter(|flag| **flag).count();
        let passes = found.passes();
        let (columns, samples) = (found.metrics.obs(), found.samples.iter());
        Summary {
            input: summary::path(&self.counts.input),
            output: summary::path(&self.out.out),
            report: self.report.as_deref().map(summary::path),
            n_cells: passes.len(),
            n_pass: count(&passes),
            outliers: count(&found.outlier),
            mt_outliers: count(&found.mt_outlier),
            doublets: count(&found.predicted_doublet),
            gene_sets: sets.iter().map(|set| (set.name.clone(), set.genes.len())).collect(),
            samples: samples.map(|s| Sample::new(s, found, &columns, &passes)).collect(),
            seconds: 0.0,
        }
    }
}

impl Sample {
    /// `columns`: those of the metrics.
    fn new(
        sample: &SampleQuality,
        found: &Quality,
        columns: &[(String, Column)],
        passes: &[bool],
    ) -> Self {
        let count = |flags: &[bool]| sample.cells.iter().filter(|&&i| flags[i]).count();
        let bounds = sample.bounds.iter().map(|(metric, bounds)| {
            let values = columns.iter().find_map(|(name, column)| match column {
                Column::Float(values) if name == metric => Some(values),
                _ => None,
            });
            let of = |beyond: &dyn Fn(f64) -> bool| {
                let values = values.into_iter().flat_map(|v| sample.cells.iter().map(|&i| v[i]));
                values.filter(|v| beyond(*v)).count()
            };
            Taken {
                metric: metric.clone(),
                median: bounds.median,
                lower: bounds.lower.is_finite().then_some(bounds.lower),
                upper: bounds.upper.is_finite().then_some(bounds.upper),
                below: of(&|v| v < bounds.lower),
                above: of(&|v| v > bounds.upper),
            }
        });
        Self {
            sample: sample.name.clone(),
            n_cells: sample.cells.len(),
            n_pass: count(passes),
            outliers: count(&found.outlier),
            mt_outliers: count(&found.mt_outlier),
            bounds: bounds.collect(),
            doublets: sample.doublets.as_ref().map(|doublets| Found {
                called: count(&found.predicted_doublet),
                threshold: doublets.threshold,
                expected_rate: doublets.expected_rate,
                detectable: doublets.threshold.map(|_| doublets.detectable()),
            }),
        }
    }

    fn text(&self) -> String {
        let name = self.sample.as_deref().unwrap_or("all cells");
        let Self { n_cells, n_pass, outliers, mt_outliers, .. } = self;
        let mut lines = vec![format!("{name}: {n_pass} of {n_cells} cells have no flag")];
        for Taken { metric, lower, upper, below, above, .. } in &self.bounds {
            let bound = |b: &Option<f64>| b.map_or("none".to_string(), |b| format!("{b:.2}"));
            let (lower, upper) = (bound(lower), bound(upper));
            lines.push(format!("  {metric}: {below} below {lower}, {above} above {upper}"));
        }
        lines.push(format!("  outliers: {outliers}; in mitochondrial counts: {mt_outliers}"));
        lines.push(match &self.doublets {
            None => "  doublets: no scores".into(),
            Some(Found { threshold: None, .. }) => {
                "  doublets: no threshold, as the simulated doublets have no two modes; none called"
                    .into()
            }
            Some(Found { called, threshold: Some(threshold), expected_rate, detectable }) => {
                let detectable = 100.0 * detectable.unwrap_or_default();
                let expected = 100.0 * expected_rate;
                format!(
                    "  doublets: {called} above {threshold:.3} (expected {expected:.1}% of the \
                     cells, of which {detectable:.0}% can be found)"
                )
            }
        });
        lines.iter().map(|line| one_line(line).into_owned()).collect::<Vec<_>>().join("\n")
    }
}

impl Summary {
    /// Says what could not be judged.
    fn remark(&self, console: Console) {
        if self.gene_sets.iter().any(|(name, n)| name == "mt" && *n == 0) {
            console.remark(
                "no gene is known as mitochondrial by its name (MT-...), so mitochondrial counts \
                 are not judged; --gene-column takes symbols from var, --genes mt=FILE a list",
            );
        }
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> = self.samples.iter().map(Sample::text).collect();
        if self.samples.len() > 1 {
            let Self { n_cells, n_pass, outliers, mt_outliers, doublets, .. } = self;
            lines.push(format!(
                "all: {n_pass} of {n_cells} cells have no flag; {outliers} outliers, {mt_outliers} \
                 in mitochondrial counts, {doublets} doublets"
            ));
        }
        lines.push(format!("written to {} ({:.1} s)", self.output, self.seconds));
        lines.extend(self.report.iter().map(|folder| format!("report in {folder}")));
        lines.join("\n")
    }
}
