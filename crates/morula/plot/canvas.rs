//! Pixels: discs, text, and a PNG file of them.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

/// Text in a dark grey.
const INK: [u8; 3] = [51, 51, 51];

/// An RGB picture.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    pub fn white(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![255; 3 * width * height] }
    }

    /// A disc with smooth edges.
    pub fn disc(&mut self, x: f32, y: f32, radius: f32, color: [u8; 3], opacity: f32) {
        let span = |centre: f32, limit: usize| {
            let low = (centre - radius - 1.0).max(0.0) as usize;
            low..((centre + radius + 2.0).max(0.0) as usize).min(limit)
        };
        for row in span(y, self.height) {
            for col in span(x, self.width) {
                let distance = (col as f32 - x).hypot(row as f32 - y);
                let cover = (radius + 0.5 - distance).clamp(0.0, 1.0);
                self.blend(col, row, color, cover * opacity);
            }
        }
    }

    /// A line of text; what the font does not have becomes a question mark.
    pub fn text(&mut self, x: usize, y: usize, text: &str) {
        let glyph = |c| get_raster(c, FontWeight::Regular, RasterHeight::Size24);
        let mut left = x;
        for glyph in text.chars().filter_map(|c| glyph(c).or_else(|| glyph('?'))) {
            for (row, line) in glyph.rows().enumerate() {
                for (col, &ink) in line.iter().enumerate() {
                    self.blend(left + col, y + row, INK, f32::from(ink) / 255.0);
                }
            }
            left += glyph.width();
        }
    }

    fn blend(&mut self, x: usize, y: usize, color: [u8; 3], opacity: f32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let start = 3 * (y * self.width + x);
        for (pixel, c) in self.pixels[start..start + 3].iter_mut().zip(color) {
            *pixel = (f32::from(*pixel) * (1.0 - opacity) + f32::from(c) * opacity).round() as u8;
        }
    }

    pub fn write(&self, path: &Path) -> Result<(), png::EncodingError> {
        let file = BufWriter::new(File::create(path)?);
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()
    }
}
