//! Scores of embeddings: golden numbers, properties and degenerate input.

mod degenerate;
mod golden;
mod properties;
mod search;
