//! The heat map of common markers.

use kuva::plot::Heatmap;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot as Layer;
use morula::markers::Agreement;

use crate::drawing::Plot;

/// Clusters x types, each cluster beside the type it shares most markers with.
pub fn plot(found: &Agreement) -> Plot {
    // From top to bottom by best type, so that agreement shows as a diagonal.
    let mut rows: Vec<usize> = (0..found.clusters.len()).collect();
    rows.sort_by_key(|&c| found.clusters[c].best);
    let data: Vec<Vec<f64>> = rows.iter().map(|&c| found.overlap[c].clone()).collect();
    let clusters = rows.iter().rev().map(|&c| found.clusters[c].cluster.clone()).collect();
    let types: Vec<String> = found.types.iter().map(|t| t.cell_type.clone()).collect();
    let (width, height) = (types.len() as f64, rows.len() as f64);
    let layers = vec![Layer::Heatmap(Heatmap::new().with_data(data).with_values())];
    let layout = Layout::auto_from_plots(&layers)
        .with_x_categories(types)
        .with_y_categories(clusters)
        .with_x_tick_rotate(-45.0)
        .with_width(220.0 + 46.0 * width)
        .with_height(200.0 + 30.0 * height)
        .with_x_label("type")
        .with_y_label("cluster");
    let title = format!("Common markers among the top {}", found.n_top);
    Plot::new("overlap".into(), title, layers, layout)
}
