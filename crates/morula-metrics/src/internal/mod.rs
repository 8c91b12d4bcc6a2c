//! Scores of a clustering from the embedding alone, without true labels.

mod dispersion;
mod distance;
mod points;
mod silhouette;

pub use points::LabelledPoints;
pub(crate) use points::check_matrix;
