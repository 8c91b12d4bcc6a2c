//! The heat map of common markers.

use std::cmp::Reverse;
use std::sync::Arc;

use kuva::plot::{ColorMap, Heatmap};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot as Layer;
use morula::markers::Agreement;
use morula_benchmark::drawing::Plot;

/// Most clusters and most types that are drawn: beyond, nobody can read the picture.
const MOST: usize = 60;

/// Clusters x types; each cluster is next to the type that it shares most markers with. Of many, the
/// largest are drawn, and the title says so.
pub fn plot(found: &Agreement) -> Plot {
    // Sorted by best type, so that agreement is a diagonal. The first row is drawn at the bottom.
    let mut rows = largest(found.clusters.len(), |c| found.clusters[c].n_cells);
    rows.sort_by_key(|&c| Reverse(found.clusters[c].best));
    let columns = largest(found.types.len(), |t| found.types[t].n_cells);
    let share = |&c: &usize| columns.iter().map(|&t| found.overlap[c][t]).collect();
    let data: Vec<Vec<f64>> = rows.iter().map(share).collect();
    let clusters = rows.iter().map(|&c| found.clusters[c].cluster.clone()).collect();
    let types: Vec<String> = columns.iter().map(|&t| found.types[t].cell_type.clone()).collect();
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
    let mut title = format!("Common markers among the top {}", found.n_top);
    for (what, drawn, all) in [
        ("clusters", rows.len(), found.clusters.len()),
        ("types", columns.len(), found.types.len()),
    ] {
        if drawn < all {
            title += &format!(", the {drawn} largest of {all} {what}");
        }
    }
    Plot::new("overlap".into(), title, layers, layout)
}

/// Positions of the largest groups, in their order.
fn largest(n: usize, size: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    all.sort_by_key(|&i| Reverse(size(i)));
    all.truncate(MOST);
    all.sort_unstable();
    all
}

/// From white to a blue that is light enough for black digits.
fn shade(share: f64) -> String {
    let mix = |to: f64| (255.0 + share.clamp(0.0, 1.0) * (to - 255.0)).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(86.0), mix(180.0), mix(233.0))
}

#[cfg(test)]
mod tests {
    use morula::data::{Categorical, CsrMatrix};
    use morula::markers::{AgreementParams, marker_agreement};

    use super::*;

    /// Height at which the drawing has a text.
    fn height(svg: &str, text: &str) -> f64 {
        let end = svg.find(&format!(">{text}<")).unwrap();
        let tag = &svg[svg[..end].rfind("<text").unwrap()..end];
        let y = tag.split_once(" y=\"").unwrap().1;
        y[..y.find('"').unwrap()].parse().unwrap()
    }

    #[test]
    fn of_many_groups_the_largest_are_drawn() {
        let n = MOST + 20;
        let values: Vec<f32> = (0..n * n).map(|i| f32::from(u8::from(i / n == i % n))).collect();
        let x = CsrMatrix::from_dense(n, n, &values).unwrap();
        let labels = Categorical::from_labels((0..n).map(|i| Some(format!("t{i:03}"))));
        let params = AgreementParams { n_top: 1, min_cells: 1 };
        let found = marker_agreement(&x, &labels, &labels, &params).unwrap();
        let plot = plot(&found);
        assert!(plot.title.contains("60 largest of 80 clusters"), "{}", plot.title);
        assert!(plot.title.contains("60 largest of 80 types"), "{}", plot.title);
        let [(_, png), (_, svg)] = plot.render().unwrap();
        assert!(png.len() < 10_000_000);
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.contains(">t059<") && !svg.contains(">t060<"));
    }

    #[test]
    fn shares_stand_beside_their_cluster() {
        // Of two markers each, z shares both with a, y one with b.
        let values = [4., 3., 0., 0., 4., 3., 0., 0., 0., 0., 4., 3., 0., 0., 0., 0.];
        let x = CsrMatrix::from_dense(4, 4, &values).unwrap();
        let labels = |all: &str| Categorical::from_labels(all.chars().map(|c| Some(c.to_string())));
        let params = AgreementParams { n_top: 2, min_cells: 1 };
        let mut found = marker_agreement(&x, &labels("aabb"), &labels("zzyy"), &params).unwrap();
        found.overlap[0][1] = 0.5;
        assert_eq!((found.clusters[0].cluster.as_str(), found.overlap[1][0]), ("y", 1.0));
        let [(_, png), (_, svg)] = plot(&found).render().unwrap();
        assert!(png.starts_with(b"\x89PNG"));
        let svg = String::from_utf8(svg).unwrap();
        for (cluster, share) in [("y", "0.50"), ("z", "1.00")] {
            assert!((height(&svg, cluster) - height(&svg, share)).abs() < 10.0, "{cluster}");
        }
        assert!(height(&svg, "z") + 10.0 < height(&svg, "y"), "the first type is on top");
    }
}
