//! `morula annotate`: cell types of clusters, from lists of marker genes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Error, Result, anyhow};
use clap::Args;
use morula::data::{Additions, Categorical, Column, OutputPlan};
use morula::markers::{
    AnnotateParams, Annotation, ListFilter, MarkerLists, MarkersError, MarkersParams, annotate,
    rank_genes_groups,
};
use serde::Serialize;

use crate::args::{CountsArgs, OutArgs, PrintArgs};
use crate::console::Console;
use crate::expression::Expression;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::text::one_line;
use crate::{genes, interrupt, summary};

/// The columns that it adds.
const TYPE: &str = "morula_cell_type";
const MARGIN: &str = "morula_cell_type_margin";

/// How many missing genes a remark names.
const EXAMPLES: usize = 5;

/// Annotate clusters with cell types, from lists of marker genes.
///
/// The score of a type in a cluster is the mean of 2 AUC - 1 over the type's genes, where AUC
/// compares the cluster's cells with all others, less that of genes the type lacks where they are
/// high. Writes the input plus obs `morula_cell_type` and
/// obs `morula_cell_type_margin`, the best score minus the second.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  morula annotate clustered.h5ad --groupby jojoscl --markers \
                        types.csv --out annotated.h5ad\n  morula annotate clustered.h5ad \
                        --groupby jojoscl --markers PanglaoDB_markers_27_Mar_2020.tsv --species \
                        human --tissue Pancreas --out annotated.h5ad")]
pub struct Annotate {
    #[command(flatten)]
    counts: CountsArgs,

    /// Column of obs with the clusters
    #[arg(long, value_name = "OBS")]
    groupby: String,

    /// Marker genes of cell types: CSV with the columns type,gene, GMT, or a table of CellMarker or
    /// PanglaoDB; the content decides. A hyphen before a gene, or - in a column sign, means that the
    /// type lacks it
    #[arg(long, value_name = "FILE")]
    markers: PathBuf,

    /// Take only the genes of this species from a table of CellMarker or PanglaoDB
    #[arg(long, value_name = "human|mouse", value_parser = ["human", "mouse"])]
    species: Option<String>,

    /// Take only the types of this tissue or organ, as the table spells it
    #[arg(long, value_name = "NAME")]
    tissue: Option<String>,

    #[command(flatten)]
    out: OutArgs,

    /// Smallest margin of a known type, 0 to 2; a cluster below it is unknown
    #[arg(long, value_name = "X", default_value_t = AnnotateParams::default().margin)]
    margin: f64,

    /// Label of clusters of unknown type
    #[arg(long, value_name = "LABEL", default_value = "unknown")]
    unknown: String,

    #[command(flatten)]
    print: PrintArgs,
}

#[derive(Debug, Serialize)]
struct Summary {
    input: String,
    output: String,
    groupby: String,
    clusters: Vec<Cluster>,
    /// Genes of the lists that the data does not have.
    genes_missing: Vec<Missing>,
}

#[derive(Debug, Serialize)]
struct Cluster {
    cluster: String,
    n_cells: usize,
    cell_type: String,
    margin: f64,
    /// Types that are nearer to the best than the smallest margin, best first.
    tied: Vec<String>,
    /// By type; null where the data has none of the type's genes.
    scores: Vec<(String, Option<f64>)>,
}

#[derive(Debug, Serialize)]
struct Missing {
    cell_type: String,
    n_genes: usize,
    missing: Vec<String>,
}

impl Annotate {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        let params = AnnotateParams::default().margin(self.margin);
        params.check().map_err(|e| usage(e.to_string()))?;
        Outputs::new()
            .input("the input", &self.counts.input)
            .input("the list of --markers", &self.markers)
            .copy("--out", &self.out.out, &self.counts.input)?;
        let plan = OutputPlan::new().obs(TYPE).obs(MARGIN);
        self.counts.check_output(&self.out.out, &plan)?;
        let filter = ListFilter { species: self.species.clone(), tissue: self.tissue.clone() };
        let lists = MarkerLists::read_with(&self.markers, &filter)?;
        let data = Expression::read(&self.counts, console)?;
        let groups = data.groups(&self.groupby)?;
        let found = rank_genes_groups(&data.x, &groups, &MarkersParams::default())?;
        let annotation = annotate(&found, &data.genes, &lists, &params)
            .map_err(|error| self.explained(error, &lists, &data))?;
        self.remark_names(&annotation, &lists, &data, console);
        drop((data, found));
        let summary = self.summary(&annotation, &lists);
        summary.remark_missing(console);
        interrupt::defer();
        let results = summary.additions(&groups)?;
        console.remark_lost(&self.counts.write(&self.out.out, &results)?);
        console.result(&summary, || summary.text())
    }

    /// Names of both sides, and what would match.
    fn advice(&self, lists: &MarkerLists, data: &Expression) -> String {
        let listed: BTreeSet<&String> = lists.types().flat_map(|(_, genes)| genes).collect();
        let listed: Vec<String> = listed.into_iter().cloned().collect();
        let both = genes::both("the list", &listed, &data.genes);
        genes::advice(both, &listed, &data.genes, &self.counts)
    }

    fn explained(&self, error: MarkersError, lists: &MarkerLists, data: &Expression) -> Error {
        match error {
            MarkersError::NoGeneFound { .. } => anyhow!("{error}\n  {}", self.advice(lists, data)),
            other => other.into(),
        }
    }

    /// Says so where few of the names match.
    fn remark_names(
        &self,
        found: &Annotation,
        lists: &MarkerLists,
        data: &Expression,
        console: Console,
    ) {
        let missing: usize = found.missing.iter().map(Vec::len).sum();
        let listed: usize = sizes(lists).sum();
        if 2 * missing > listed && !console.is_quiet() {
            console.remark(format!(
                "{missing} of the {listed} genes of the list are not among those of the data\n  {}",
                self.advice(lists, data)
            ));
        }
    }

    fn summary(&self, annotation: &Annotation, lists: &MarkerLists) -> Summary {
        let types = &annotation.types;
        let clusters = annotation.clusters.iter().map(|c| Cluster {
            cluster: c.cluster.clone(),
            n_cells: c.n_cells,
            cell_type: c.cell_type.map_or(self.unknown.clone(), |t| types[t].clone()),
            margin: c.margin,
            tied: c.tied.iter().map(|&t| types[t].clone()).collect(),
            scores: (types.iter().cloned())
                .zip(c.scores.iter().map(|s| s.is_finite().then_some(*s)))
                .collect(),
        });
        let lists = lists.types().zip(sizes(lists)).zip(&annotation.missing);
        let missing = lists.filter(|(_, missing)| !missing.is_empty());
        let missing = missing.map(|(((cell_type, _), n_genes), missing)| Missing {
            cell_type: cell_type.into(),
            n_genes,
            missing: missing.clone(),
        });
        Summary {
            input: summary::path(&self.counts.input),
            output: summary::path(&self.out.out),
            groupby: self.groupby.clone(),
            clusters: clusters.collect(),
            genes_missing: missing.collect(),
        }
    }
}

/// Number of genes of every type, those that it lacks too.
fn sizes(lists: &MarkerLists) -> impl Iterator<Item = usize> {
    lists.types().zip(lists.negative()).map(|((_, genes), negative)| genes.len() + negative.len())
}

impl Summary {
    /// Type and margin of every cell; missing for a cell without a cluster.
    fn additions(&self, groups: &Categorical) -> Result<Additions> {
        let named = |name: &String| self.clusters.iter().find(|cluster| cluster.cluster == *name);
        let named: Vec<Option<&Cluster>> = groups.categories().iter().map(named).collect();
        let place = |&code: &i32| usize::try_from(code).ok().and_then(|code| named[code]);
        let of_cell: Vec<Option<&Cluster>> = groups.codes().iter().map(place).collect();
        let types = of_cell.iter().map(|c| c.map(|c| c.cell_type.as_str()));
        let margins = of_cell.iter().map(|c| c.map_or(f64::NAN, |c| c.margin)).collect();
        Ok(Additions::new()
            .obs(TYPE, Column::categorical(types))
            .obs(MARGIN, Column::Float(margins)))
    }

    fn remark_missing(&self, console: Console) {
        for Missing { cell_type, n_genes, missing } in &self.genes_missing {
            let examples = missing.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
            let more = if missing.len() > EXAMPLES { ", ..." } else { "" };
            let n = missing.len();
            let line = format!("{cell_type}: {n} of {n_genes} genes not found: {examples}{more}");
            console.remark(one_line(&line));
        }
    }

    fn text(&self) -> String {
        let line = |c: &Cluster| {
            let Cluster { cluster, n_cells, cell_type, margin, tied, .. } = c;
            let tie = match tied.is_empty() {
                true => String::new(),
                false => format!("; tie of {}", tied.join(", ")),
            };
            let line =
                format!("{cluster} ({n_cells} cells): {cell_type} (margin {margin:.3}{tie})");
            one_line(&line).into_owned()
        };
        let mut lines: Vec<String> = self.clusters.iter().map(line).collect();
        lines.push(format!("written to {}", self.output));
        lines.join("\n")
    }
}
