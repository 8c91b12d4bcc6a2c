//! A picture of shapes and text, with one area of pixels.
//!
//! An SVG with thousands of dots is too large for most programs. So that area is embedded in the
//! SVG as a PNG, while lines and text stay vectors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
pub(crate) use kuva::render::render::TextAnchor as Anchor;
use kuva::render::render::{Primitive, Scene};

use super::text::clean;

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rgb(pub u8, pub u8, pub u8);

/// Colour of text and main lines; the next one is that of minor lines.
pub(crate) const INK: Rgb = Rgb(34, 34, 34);
pub(crate) const GREY: Rgb = Rgb(200, 200, 200);

/// Pixels of the PNG per unit of length.
const SCALE: f32 = 2.0;
/// Placeholder in the SVG for the area of pixels.
const MARK: &str = "data-layer=\"pixels\"";
/// The font of the PNG, and similar fonts.
const FONT: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/// The picture.
#[derive(Debug)]
pub(crate) struct Canvas {
    width: f64,
    height: f64,
    /// Left, top, width and height of the area of pixels.
    area: [f64; 4],
    pixels: Vec<Primitive>,
    shapes: Vec<Primitive>,
}

/// Style of a text.
struct Style {
    size: u32,
    anchor: Anchor,
    bold: bool,
    upwards: bool,
    color: Rgb,
}

impl Style {
    fn new(size: u32) -> Self {
        Self { size, anchor: Anchor::Middle, bold: false, upwards: false, color: INK }
    }
}

impl From<Rgb> for Color {
    fn from(Rgb(r, g, b): Rgb) -> Self {
        Self::Rgb(r, g, b)
    }
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, area: [0.0; 4], pixels: Vec::new(), shapes: Vec::new() }
    }

    pub(crate) fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// Sets the area of pixels: left, top, width, height. Its content is placed from its corner.
    pub(crate) fn area(&mut self, area: [f64; 4]) {
        self.area = area;
    }

    /// Draws equal dots in the area of pixels.
    pub(crate) fn dots(&mut self, cx: Vec<f64>, cy: Vec<f64>, r: f64, fill: Rgb, opacity: f64) {
        let (fill, fill_opacity) = (fill.into(), Some(opacity));
        let (stroke, stroke_width) = (None, None);
        self.pixels.push(Primitive::CircleBatch {
            cx,
            cy,
            r,
            fill,
            fill_opacity,
            stroke,
            stroke_width,
        });
    }

    /// Draws rectangles in the area of pixels: left, top, width, height and colour of each.
    pub(crate) fn tiles(&mut self, tiles: impl IntoIterator<Item = ([f64; 4], Rgb)>) {
        let [mut x, mut y, mut w, mut h] = [(); 4].map(|()| Vec::new());
        let mut fills = Vec::new();
        for ([left, top, width, height], color) in tiles {
            x.push(left);
            y.push(top);
            w.push(width);
            h.push(height);
            fills.push(color.into());
        }
        self.pixels.push(Primitive::RectBatch { x, y, w, h, fills });
    }

    /// Writes a line of text; `y` is the middle of its small letters.
    pub(crate) fn text(&mut self, x: f64, y: f64, size: u32, anchor: Anchor, text: &str) {
        self.write((x, y), text, Style { anchor, ..Style::new(size) });
    }

    pub(crate) fn bold(&mut self, x: f64, y: f64, size: u32, anchor: Anchor, text: &str) {
        self.write((x, y), text, Style { anchor, bold: true, ..Style::new(size) });
    }

    pub(crate) fn colored(
        &mut self,
        (x, y): (f64, f64),
        size: u32,
        anchor: Anchor,
        text: &str,
        color: Rgb,
    ) {
        self.write((x, y), text, Style { anchor, color, ..Style::new(size) });
    }

    /// Writes text upwards from `(x, y)`, the middle of its beginning.
    pub(crate) fn upwards(&mut self, x: f64, y: f64, size: u32, anchor: Anchor, text: &str) {
        self.write((x, y), text, Style { anchor, upwards: true, ..Style::new(size) });
    }

    /// Writes bold text, centred at `(x, y)`, with a white rim, so that it is readable on any
    /// colour.
    pub(crate) fn haloed(&mut self, x: f64, y: f64, size: u32, text: &str) {
        let style = |color| Style { bold: true, color, ..Style::new(size) };
        for step in 0..12 {
            let (sin, cos) = (f64::from(step) * std::f64::consts::TAU / 12.0).sin_cos();
            self.write((x + 2.0 * cos, y + 2.0 * sin), text, style(Rgb(255, 255, 255)));
        }
        self.write((x, y), text, style(Rgb(0, 0, 0)));
    }

    fn write(&mut self, (x, y): (f64, f64), text: &str, style: Style) {
        let Style { size, anchor, bold, upwards, color } = style;
        // From the middle of small letters to the baseline.
        let drop = 0.35 * f64::from(size);
        let (x, y, rotate) = if upwards { (x + drop, y, Some(-90.0)) } else { (x, y + drop, None) };
        let (content, color) = (clean(text), Some(color.into()));
        self.shapes.push(Primitive::Text { x, y, content, size, anchor, rotate, bold, color });
    }

    pub(crate) fn line(
        &mut self,
        [x1, y1, x2, y2]: [f64; 4],
        color: Rgb,
        width: f64,
        dash: Option<&str>,
    ) {
        let (stroke, stroke_dasharray) = (color.into(), dash.map(str::to_string));
        self.shapes.push(Primitive::Line {
            x1,
            y1,
            x2,
            y2,
            stroke,
            stroke_width: width,
            stroke_dasharray,
        });
    }

    pub(crate) fn polyline(&mut self, points: Vec<(f64, f64)>, color: Rgb, width: f64) {
        let stroke = color.into();
        let (stroke_width, stroke_dasharray) = (width, None);
        self.shapes.push(Primitive::PolyLine { points, stroke, stroke_width, stroke_dasharray });
    }

    pub(crate) fn circle(&mut self, cx: f64, cy: f64, r: f64, fill: Rgb, stroke: Option<Rgb>) {
        let (fill, stroke_width) = (fill.into(), stroke.map(|_| 0.7));
        let stroke = stroke.map(Into::into);
        self.shapes.push(Primitive::Circle {
            cx,
            cy,
            r,
            fill,
            fill_opacity: None,
            stroke,
            stroke_width,
        });
    }

    pub(crate) fn rect(&mut self, [x, y, width, height]: [f64; 4], fill: Rgb) {
        let (fill, stroke, stroke_width, opacity) = (fill.into(), None, None, None);
        self.shapes.push(Primitive::Rect {
            x,
            y,
            width,
            height,
            fill,
            stroke,
            stroke_width,
            opacity,
        });
    }

    /// Draws the outline of a rectangle.
    pub(crate) fn frame(&mut self, [x, y, w, h]: [f64; 4], color: Rgb) {
        for line in
            [[x, y, x + w, y], [x, y + h, x + w, y + h], [x, y, x, y + h], [x + w, y, x + w, y + h]]
        {
            self.line(line, color, 1.0, None);
        }
    }

    /// The picture as PNG.
    pub(crate) fn png(&self) -> Result<Vec<u8>, String> {
        let [left, top, ..] = self.area;
        let mut scene = self.scene(self.width, self.height);
        scene.add(group(Some(format!("translate({left},{top})")), None));
        scene.elements.extend(self.pixels.iter().cloned());
        scene.add(Primitive::GroupEnd);
        scene.elements.extend(self.shapes.iter().cloned());
        kuva::PngBackend::new().with_scale(SCALE).render_scene(&scene)
    }

    /// The picture as SVG, with the area of pixels embedded.
    pub(crate) fn svg(&self) -> Result<String, String> {
        let mut scene = self.scene(self.width, self.height);
        scene.add(group(None, Some(MARK.into())));
        scene.add(Primitive::GroupEnd);
        scene.elements.extend(self.shapes.iter().cloned());
        let svg = SvgBackend::new().render_scene(&scene);
        let (w, h) = self.size();
        // Without a view box the picture would be cropped, not scaled.
        let svg = svg.replacen("<svg ", &format!("<svg viewBox=\"0 0 {w} {h}\" "), 1);
        let image = match self.pixels.is_empty() {
            true => String::new(),
            false => self.image()?,
        };
        Ok(svg.replacen(&format!("<g {MARK}></g>"), &image, 1))
    }

    fn image(&self) -> Result<String, String> {
        let [x, y, w, h] = self.area;
        let mut scene = self.scene(w, h);
        scene.elements.extend(self.pixels.iter().cloned());
        let png = kuva::PngBackend::new().with_scale(SCALE).render_scene(&scene)?;
        let data = STANDARD.encode(png);
        Ok(format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" \
             href=\"data:image/png;base64,{data}\"/>"
        ))
    }

    fn scene(&self, width: f64, height: f64) -> Scene {
        let mut scene = Scene::new(width, height);
        scene.font_family = Some(FONT.into());
        scene
    }
}

fn group(transform: Option<String>, extra_attrs: Option<String>) -> Primitive {
    Primitive::GroupStart { transform, title: None, extra_attrs }
}
