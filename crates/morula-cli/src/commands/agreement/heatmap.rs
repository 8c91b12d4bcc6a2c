//! The heat map of common markers.

use std::cmp::Reverse;
use std::sync::Arc;

use kuva::plot::{ColorMap, Heatmap};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot as Layer;
use morula::markers::Agreement;

use crate::drawing::Plot;

/// Clusters x types, each cluster beside the type it shares most markers with.
pub fn plot(found: &Agreement) -> Plot {
    // By best type, so that agreement shows as a diagonal. The first row is drawn at the bottom.
    let mut rows: Vec<usize> = (0..found.clusters.len()).collect();
    rows.sort_by_key(|&c| Reverse(found.clusters[c].best));
    let data: Vec<Vec<f64>> = rows.iter().map(|&c| found.overlap[c].clone()).collect();
    let clusters = rows.iter().map(|&c| found.clusters[c].cluster.clone()).collect();
    let types: Vec<String> = found.types.iter().map(|t| t.cell_type.clone()).collect();
    let (width, height) = (types.len() as f64, rows.len() as f64);
    let map = Heatmap::new().with_data(data).with_values();
    let map = map.with_color_map(ColorMap::Custom(Arc::new(shade)));
    let layers = vec![Layer::Heatmap(map)];
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

/// From white to a blue on which black figures can still be read.
fn shade(share: f64) -> String {
    let mix = |to: f64| (255.0 + share.clamp(0.0, 1.0) * (to - 255.0)).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(86.0), mix(180.0), mix(233.0))
}
