//! The sections of the page.

use morula_metrics::evaluate;

use super::html::{escape, figure, list, table};
use super::{Section, subclusters, tree};
use crate::draw::{category, compact, p_value};
use crate::{Annotation, Figure, Markers, Result, Role, Run, ValidMarker};

/// The most important facts.
pub(super) fn summary(run: &Run) -> Result<String> {
    let mut facts = vec![("Model".to_string(), run.model.clone())];
    facts.extend(run.facts.iter().cloned());
    let known: Vec<f64> = run.confidence.iter().copied().filter(|c| c.is_finite()).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    if mean.is_finite() {
        facts.push(("Mean confidence".into(), format!("{mean:.2}")));
    }
    for truth in run.annotations.iter().filter(|a| a.role == Role::Truth) {
        facts.extend(agreement(run, truth)?);
    }
    Ok(list(&facts))
}

/// Scores against known labels, if there are any.
fn agreement(run: &Run, truth: &Annotation) -> Result<Option<(String, String)>> {
    let pairs = truth.labels.iter().zip(&run.labels).filter_map(|(t, k)| Some((t.as_ref()?, k)));
    let (types, clusters): (Vec<&String>, Vec<&usize>) = pairs.unzip();
    if types.is_empty() {
        return Ok(None);
    }
    let scores = evaluate(&types, &clusters)?;
    let (ari, nmi, acc) = (scores.ari, scores.nmi, scores.acc);
    let text = format!("ARI {ari:.3}, NMI {nmi:.3}, accuracy {acc:.3}");
    Ok(Some((format!("Agreement with {}", truth.name), text)))
}

/// All sections that are not empty.
pub(super) fn all(run: &Run, markers: Option<&Markers>, figures: &[Figure]) -> Vec<Section> {
    let drawn = |names: &[&str]| -> String {
        figures.iter().filter(|f| names.contains(&f.name)).map(figure).collect()
    };
    let cells = drawn(&["umap_clusters", "umap_confidence", "umap_truth", "umap_batch"]);
    let overlap = drawn(&["overlap_truth", "overlap_batch"]);
    let losses = drawn(&["losses"]);
    let sizes =
        drawn(&["cluster_sizes", "confidence"]) + "<h3>Clusters in numbers</h3>\n" + &clusters(run);
    let mut genes = drawn(&["markers_dots", "markers_heatmap"]);
    match (markers, &run.no_expression) {
        (Some(markers), _) => genes += &marker_table(run, markers),
        (None, Some(why)) => {
            genes += &format!("<p class=\"note\">No markers: {}</p>\n", escape(why));
        }
        (None, None) => {}
    }
    genes += &valid_table(run);
    let parts = [
        ("cells", "Cells", cells),
        ("clusters", "Clusters and confidence", sizes),
        ("tree", "Tree of the clusters", tree::summary(run) + &drawn(&["cluster_tree"])),
        ("subclusters", "Clusters within clusters", subclusters::section(&run.divided)),
        ("quality", "Quality by cluster", quality(run, &drawn(&["cluster_quality"]))),
        ("overlap", "Clusters and known labels", overlap),
        ("markers", "Markers", genes),
        ("training", "Training", losses),
        ("parameters", "Parameters", parameters(run)),
        ("repeat", "Versions, and how to repeat this", repeat(run)),
    ];
    let parts = parts.into_iter().filter(|part| !part.2.is_empty());
    parts.map(|(id, title, body)| Section { id, title, body }).collect()
}

/// The name of a cluster, after a dot in its colour.
fn name(run: &Run, cluster: usize) -> String {
    let crate::draw::Rgb(r, g, b) = category(cluster);
    let color = format!("#{r:02x}{g:02x}{b:02x}");
    format!(
        "<span class=\"key\" style=\"background:{color}\"></span>{}",
        escape(&run.clusters[cluster])
    )
}

fn clusters(run: &Run) -> String {
    let (sizes, confidence) = (run.sizes(), run.mean_confidence());
    let row = |k: usize| {
        let share = 100.0 * sizes[k] as f64 / run.n_cells() as f64;
        let confidence = match confidence[k].is_finite() {
            true => format!("{:.3}", confidence[k]),
            false => "-".into(),
        };
        vec![name(run, k), sizes[k].to_string(), format!("{share:.1}%"), confidence]
    };
    let rows: Vec<Vec<String>> = (0..run.k()).map(row).collect();
    table(&["Cluster", "Cells", "Share", "Mean confidence"], &rows, &[1, 2, 3])
}

/// Medians of the quality metrics and shares of flagged cells, with warnings before them.
fn quality(run: &Run, picture: &str) -> String {
    let found = &run.quality;
    if found.is_empty() {
        return String::new();
    }
    let (labels, k) = (&run.labels, run.k());
    let warning = |(cluster, text): (usize, String)| {
        format!(
            "<p class=\"note\"><strong>Cluster {}</strong>: {}. It may be no type of cells.</p>\n",
            escape(&run.clusters[cluster]),
            escape(&text)
        )
    };
    let (quartiles, flagged) = (found.quartiles(labels, k), found.flagged(labels, k));
    let warnings: String = found.warnings(&flagged).into_iter().map(warning).collect();
    let number = |v: f64| if v.is_finite() { compact(v) } else { "-".into() };
    let percent =
        |share: f64| if share.is_finite() { format!("{:.1}%", 100.0 * share) } else { "-".into() };
    let row = |c: usize| {
        let medians = quartiles[c].iter().map(|[_, median, _]| number(*median));
        let shares = flagged[c].iter().map(|share| percent(*share));
        [name(run, c)].into_iter().chain(medians).chain(shares).collect()
    };
    let rows: Vec<Vec<String>> = (0..k).map(row).collect();
    let metrics = found.metrics.iter().map(|(name, _)| name.as_str());
    let flags = found.flags.iter().map(|(name, _)| name.as_str());
    let header: Vec<&str> = ["Cluster"].into_iter().chain(metrics).chain(flags).collect();
    let numbers: Vec<usize> = (1..header.len()).collect();
    let about = "<p>Medians of the cells, and the shares of cells with a flag, from the columns that \
                 <code>morula qc</code> writes. A cluster of which more than half of the cells have a \
                 flag gets a warning.</p>\n";
    warnings + about + &table(&header, &rows, &numbers) + picture
}

fn marker_table(run: &Run, markers: &Markers) -> String {
    let Some(expression) = &run.expression else { return String::new() };
    if markers.ranked.iter().all(Vec::is_empty) {
        return "<p class=\"note\">No markers: there are no two clusters to compare.</p>\n".into();
    }
    let row = |k: usize| {
        let genes = markers.ranked[k].iter().map(|g| {
            let (name, inside, rest) = (&expression.genes()[g.gene], g.pct_in, g.pct_out);
            let (fold, inside, rest) = (g.logfoldchange, 100.0 * inside, 100.0 * rest);
            let name = escape(name);
            format!("{name} <span class=\"note\">{fold:+.1}, {inside:.0}%, {rest:.0}%</span>")
        });
        vec![name(run, k), genes.collect::<Vec<_>>().join("; ")]
    };
    let rows: Vec<Vec<String>> = (0..run.k()).map(row).collect();
    format!(
        "<h3>Top markers of every cluster</h3>\n<p>Best first, by the score of Wilcoxon's rank-sum \
         test of log-normalised expression in the cluster against all other cells, as in \
         <code>morula markers</code> and scanpy. After a gene: the binary logarithm of the fold \
         change, and the shares of the cells that express it, in the cluster and in the rest. The \
         clusters were made from the same expression, so p-values would be too small; the table has \
         none.</p>\n{}",
        table(&["Cluster", "Genes"], &rows, &[])
    )
}

/// Markers whose p-values hold, if there are some.
fn valid_table(run: &Run) -> String {
    if run.valid_markers.is_empty() {
        return String::new();
    }
    let row = |(k, markers): (usize, &Vec<ValidMarker>)| {
        let gene = |m: &ValidMarker| {
            let (name, fold, p) = (escape(&m.gene), m.logfoldchange, p_value(m.pval_adj));
            format!("{name} <span class=\"note\">{fold:+.1}, {}</span>", escape(&p))
        };
        let genes: Vec<String> = markers.iter().map(gene).collect();
        vec![name(run, k), if genes.is_empty() { "-".into() } else { genes.join("; ") }]
    };
    let rows: Vec<Vec<String>> = run.valid_markers.iter().enumerate().map(row).collect();
    format!(
        "<h3>Valid markers of every cluster</h3>\n<p>Genes whose p-values hold after clustering, from \
         <code>morula markers --valid</code>: the clusters were found anew in one part of the \
         molecules, and their genes tested in the other. Best first, at a false discovery rate of \
         5%. After a gene: the binary logarithm of the fold change, and the adjusted p-value. A \
         cluster that was not found again has none.</p>\n{}",
        table(&["Cluster", "Genes"], &rows, &[])
    )
}

fn parameters(run: &Run) -> String {
    let row = |(name, value): &(String, String)| {
        vec![format!("<code>{}</code>", escape(name)), escape(value)]
    };
    let rows: Vec<Vec<String>> = run.parameters.iter().map(row).collect();
    match rows.is_empty() {
        true => String::new(),
        false => table(&["Parameter", "Value"], &rows, &[]),
    }
}

fn repeat(run: &Run) -> String {
    let mut html = String::new();
    if !run.versions.is_empty() {
        html += &list(&run.versions);
    }
    if let Some(command) = &run.command {
        html += &format!(
            "<p>The same command, with the same version, input and seed, gives the same result:</p>\
             \n<pre>{}</pre>\n",
            escape(command)
        );
    }
    html
}
