//! Lines, text, dots and colours, as PNG and SVG.

mod canvas;
mod palette;
mod scale;
mod text;

pub(crate) use canvas::{Anchor, Canvas, GREY, INK, Rgb};
pub(crate) use palette::{category, ink_on, missing, viridis};
pub(crate) use scale::{Axis, compact, p_value};
pub(crate) use text::{fit, width};
