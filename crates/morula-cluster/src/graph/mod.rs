//! Graphs computed from other graphs.

mod aggregate_graph;
mod mean_graph;

pub(crate) use aggregate_graph::AggregateGraph;
pub use mean_graph::mean_graph;
