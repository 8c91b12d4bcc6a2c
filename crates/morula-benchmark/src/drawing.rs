//! Plots, as PNG and SVG.

use anyhow::{Result, anyhow};
use kuva::backend::svg::SvgBackend;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot as Layer;
use kuva::render::render::{Scene, render_multiple};

/// Pixels of the PNG per unit of the plot.
const SCALE: f32 = 2.0;

/// A finished plot.
pub struct Plot {
    /// Name of its files, without the ending.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    scene: Scene,
}

impl Plot {
    /// Draws the layers under the title.
    pub fn new(name: String, title: String, layers: Vec<Layer>, layout: Layout) -> Self {
        let scene = render_multiple(layers, layout.with_title(title.clone()));
        Self { name, title, scene }
    }

    /// The contents of its files, by ending.
    ///
    /// # Errors
    /// When the PNG cannot be drawn.
    pub fn render(&self) -> Result<[(&'static str, Vec<u8>); 2]> {
        let png = kuva::PngBackend::new().with_scale(SCALE).render_scene(&self.scene);
        let png = png.map_err(|why| anyhow!("cannot draw {}: {why}", self.name))?;
        Ok([("png", png), ("svg", SvgBackend.render_scene(&self.scene).into_bytes())])
    }
}
