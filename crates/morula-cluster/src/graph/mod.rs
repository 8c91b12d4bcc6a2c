//! Graphs computed from other graphs.

mod aggregate_graph;
mod contracted_graph;
mod mean_graph;

pub(crate) use aggregate_graph::AggregateGraph;
pub(crate) use contracted_graph::{ContractedGraph, Edge};
pub use mean_graph::mean_graph;
