//! Pictures of embeddings.

mod canvas;
mod palette;

use std::path::{Path, PathBuf};

use canvas::Canvas;
use morula_models::Matrix;
use morula_preprocess::{PcaParams, PreprocessError, pca_dense};

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// Not one label per point.
    #[error("{points} points, but {labels} labels; give one label per point")]
    Labels {
        /// Points given.
        points: usize,
        /// Labels given.
        labels: usize,
    },
    /// The embedding cannot be projected.
    #[error("the embedding cannot be drawn: {0}")]
    Projection(#[from] PreprocessError),
    /// The file cannot be written.
    #[error("{path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason given.
        source: png::EncodingError,
    },
}

/// Side of the square that points are drawn in, in pixels.
const SIDE: usize = 1000;
const MARGIN: usize = 40;
/// Width of the legend beside it.
const LEGEND: usize = 240;
const LINE: usize = 34;

/// The first two principal components of an embedding, a point per cell.
///
/// # Errors
/// [`PlotError::Projection`] for values that are not finite.
pub fn project(embedding: &Matrix) -> Result<Vec<[f32; 2]>, PlotError> {
    let pca = pca_dense(
        embedding.values(),
        embedding.n_cols(),
        &PcaParams { n_comps: 2, ..Default::default() },
    )?;
    let k = pca.n_comps;
    let axis = |row: &[f32], i: usize| row.get(i).copied().unwrap_or(0.0);
    Ok(pca.scores.chunks(k.max(1)).map(|row| [axis(row, 0), axis(row, 1)]).collect())
}

/// Draws points coloured by cluster, with a legend, as a PNG file.
///
/// `labels` are positions in `names`. The colours can be told apart with any colour vision up to
/// eight clusters; beyond that they repeat, lighter and darker. Points that are not finite are
/// left out.
///
/// # Errors
/// [`PlotError::Labels`]; [`PlotError::Write`].
pub fn scatter(
    path: &Path,
    points: &[[f32; 2]],
    labels: &[usize],
    names: &[impl AsRef<str>],
) -> Result<(), PlotError> {
    if points.len() != labels.len() {
        return Err(PlotError::Labels { points: points.len(), labels: labels.len() });
    }
    let mut canvas = Canvas::white(SIDE + LEGEND, SIDE);
    let frame = Frame::around(points);
    let radius = (200.0 / (points.len().max(1) as f32).sqrt()).clamp(2.0, 6.0);
    for (point, &label) in points.iter().zip(labels) {
        if let Some([x, y]) = frame.place(point) {
            canvas.disc(x, y, radius, palette::color(label), 0.8);
        }
    }
    let lines = (SIDE - 2 * MARGIN) / LINE;
    for (k, name) in names.iter().enumerate().take(lines) {
        let y = MARGIN + k * LINE;
        canvas.disc(SIDE as f32, y as f32 + 12.0, 9.0, palette::color(k), 1.0);
        canvas.text(SIDE + 20, y, name.as_ref());
    }
    if names.len() > lines {
        canvas.text(SIDE + 20, MARGIN + lines * LINE, &format!("and {} more", names.len() - lines));
    }
    canvas.write(path).map_err(|source| PlotError::Write { path: path.into(), source })
}

/// From coordinates to pixels, the same scale on both axes.
struct Frame {
    centre: [f32; 2],
    scale: f32,
}

impl Frame {
    fn around(points: &[[f32; 2]]) -> Self {
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for point in points.iter().filter(|p| p.iter().all(|v| v.is_finite())) {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        // Halves first: the difference of two large numbers may overflow.
        let reach = (0..2).map(|axis| high[axis] / 2.0 - low[axis] / 2.0).fold(0.0, f32::max);
        let half = (SIDE / 2 - MARGIN) as f32;
        Self {
            centre: [0, 1].map(|axis| low[axis] / 2.0 + high[axis] / 2.0),
            scale: if reach > 0.0 { half / reach } else { 1.0 },
        }
    }

    fn place(&self, point: &[f32; 2]) -> Option<[f32; 2]> {
        let middle = SIDE as f32 / 2.0;
        let x = middle + (point[0] - self.centre[0]) * self.scale;
        let y = middle - (point[1] - self.centre[1]) * self.scale;
        (x.is_finite() && y.is_finite()).then_some([x, y])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(points: &[[f32; 2]], labels: &[usize]) -> Vec<u8> {
        let folder = std::env::temp_dir().join(format!("morula-plot-{}", points.len()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("plot.png");
        scatter(&path, points, labels, &["0", "1"]).unwrap();
        let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        pixels
    }

    #[test]
    fn points_appear_in_their_colour_where_they_belong() {
        let all = pixels(&[[0.0, 0.0], [1.0, 0.0], [f32::NAN, 0.0]], &[0, 1, 1]);
        let at = |x: usize, y: usize| {
            let i = 3 * (y * (SIDE + LEGEND) + x);
            [all[i], all[i + 1], all[i + 2]]
        };
        assert_eq!(at(SIDE / 2, SIDE / 2), [255; 3]);
        let [left, right] = [at(MARGIN, SIDE / 2), at(SIDE - MARGIN, SIDE / 2)];
        assert_ne!(left, [255; 3]);
        assert_ne!(right, [255; 3]);
        assert_ne!(left, right);
        assert_eq!(at(SIDE, MARGIN + 12), palette::color(0));
    }

    #[test]
    fn nothing_and_the_extreme_can_be_drawn() {
        pixels(&[], &[]);
        pixels(&[[f32::MAX, f32::MIN], [f32::MIN, f32::MAX], [0.0, 0.0], [1.0, 1.0]], &[0; 4]);
        assert!(scatter(Path::new("x.png"), &[[0.0; 2]], &[], &["0"]).is_err());
    }
}
