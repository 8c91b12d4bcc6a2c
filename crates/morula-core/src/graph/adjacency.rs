//! The graph of cells on the host.

use burn::tensor::TensorCreationOptions;

use super::sparse::{HostCsr, SparseTensor};
use crate::{CoreError, Result};

const OPERATION: &str = "Graph";

/// An undirected, unweighted graph without self loops: sorted neighbour lists in CSR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    indptr: Vec<usize>,
    indices: Vec<u32>,
}

impl Graph {
    /// The graph with these edges, each in both directions. Repeated edges count once; self loops
    /// are dropped.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] when an edge names a node not below `n_nodes`, and from 2^31 nodes
    /// or directed edges on.
    pub fn from_edges(
        n_nodes: usize,
        edges: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Self> {
        const LIMIT: usize = i32::MAX as usize;
        let needed = "fewer than 2^31 can be indexed";
        if n_nodes >= LIMIT {
            return Err(CoreError::parameter(OPERATION, "n_nodes", n_nodes, needed));
        }
        let mut directed = Vec::new();
        for (i, j) in edges {
            if i.max(j) >= n_nodes {
                let needed = format!("nodes are numbered from 0 to below {n_nodes}");
                return Err(CoreError::parameter(OPERATION, "edges", i.max(j), needed));
            }
            if i != j {
                directed.extend([(i as u32, j as u32), (j as u32, i as u32)]);
            }
        }
        directed.sort_unstable();
        directed.dedup();
        // Room for the diagonal that propagation adds.
        if directed.len() + n_nodes >= LIMIT {
            return Err(CoreError::parameter(OPERATION, "edges", directed.len(), needed));
        }
        let mut indptr = vec![0usize; n_nodes + 1];
        for &(i, _) in &directed {
            indptr[i as usize + 1] += 1;
        }
        for i in 0..n_nodes {
            indptr[i + 1] += indptr[i];
        }
        Ok(Self { indptr, indices: directed.into_iter().map(|(_, j)| j).collect() })
    }

    /// The symmetric union of directed neighbour lists: an edge where one of the two cells lists
    /// the other.
    ///
    /// # Shapes
    /// - neighbors: `[n_nodes, k]`, row-major
    ///
    /// # Errors
    /// [`CoreError::Shape`] when there are not `k` neighbours per node, and the errors of
    /// [`from_edges`](Self::from_edges).
    pub fn from_neighbors(n_nodes: usize, k: usize, neighbors: &[u32]) -> Result<Self> {
        if Some(neighbors.len()) != n_nodes.checked_mul(k) {
            let expected = format!("[n_nodes * k] = [{n_nodes} * {k}]");
            return Err(CoreError::shape(OPERATION, "neighbors", &[neighbors.len()], expected));
        }
        let edge = |(position, &j): (usize, &u32)| (position / k, j as usize);
        Self::from_edges(n_nodes, neighbors.iter().enumerate().map(edge))
    }

    /// Number of nodes n.
    pub fn n_nodes(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Number of undirected edges.
    pub fn n_edges(&self) -> usize {
        self.indices.len() / 2
    }

    /// The neighbours of node i in ascending order; empty for a node that does not exist.
    pub fn neighbors(&self, i: usize) -> &[u32] {
        match (self.indptr.get(i), self.indptr.get(i.saturating_add(1))) {
            (Some(&start), Some(&end)) => &self.indices[start..end],
            _ => &[],
        }
    }

    /// Every edge once, as (i, j) with i < j, in ascending order.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.n_nodes()).flat_map(move |i| {
            let later = self.neighbors(i).iter().map(|&j| j as usize).filter(move |&j| j > i);
            later.map(move |j| (i, j))
        })
    }

    /// The subgraph of `nodes`; its node r is node `nodes[r]` of this graph.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] when a node does not exist or is listed twice.
    pub fn subgraph(&self, nodes: &[usize]) -> Result<Self> {
        const ABSENT: u32 = u32::MAX;
        let mut number = vec![ABSENT; self.n_nodes()];
        for (new, &old) in nodes.iter().enumerate() {
            match number.get_mut(old) {
                Some(slot) if *slot == ABSENT => *slot = new as u32,
                Some(_) => {
                    let needed = "list every node once";
                    return Err(CoreError::parameter(OPERATION, "nodes", old, needed));
                }
                None => {
                    let needed = format!("the graph has {} nodes", self.n_nodes());
                    return Err(CoreError::parameter(OPERATION, "nodes", old, needed));
                }
            }
        }
        let mut indptr = Vec::with_capacity(nodes.len() + 1);
        let mut indices = Vec::new();
        indptr.push(0);
        for &old in nodes {
            let start = indices.len();
            let kept = self.neighbors(old).iter().map(|&j| number[j as usize]);
            indices.extend(kept.filter(|&j| j != ABSENT));
            indices[start..].sort_unstable();
            indptr.push(indices.len());
        }
        Ok(Self { indptr, indices })
    }

    /// The normalised adjacency with self loops, `S_ij = 1 / sqrt((d_i + 1)(d_j + 1))` for i = j
    /// and for neighbours, d the degree: `S = D^-1/2 (A + I) D^-1/2` (section [3.1]). A node
    /// without edges keeps its own value.
    ///
    /// `options` is a device, or a device and a float type: `(&device, DType::F64)`.
    ///
    /// # Shapes
    /// - output: `[n, n]`, symmetric, eigenvalues in (-1, 1]
    ///
    /// [3.1]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-1
    pub fn propagation(&self, options: impl Into<TensorCreationOptions>) -> SparseTensor {
        SparseTensor::own_transpose(&self.normalized(), options)
    }

    /// S on the host.
    pub(super) fn normalized(&self) -> HostCsr {
        let n = self.n_nodes();
        let capacity = self.indices.len() + n;
        let mut csr = HostCsr {
            indptr: Vec::with_capacity(n + 1),
            indices: Vec::with_capacity(capacity),
            values: Vec::with_capacity(capacity),
        };
        csr.indptr.push(0);
        let size = |i: usize| (self.neighbors(i).len() + 1) as f64;
        for i in 0..n {
            let neighbors = self.neighbors(i);
            let (before, after) = neighbors.split_at(neighbors.partition_point(|&j| j < i as u32));
            csr.indices.extend(before.iter().chain([&(i as u32)]).chain(after));
            let row = &csr.indices[csr.values.len()..];
            let values = row.iter().map(|&j| (size(i) * size(j as usize)).sqrt().recip());
            csr.values.extend(values);
            csr.indptr.push(csr.indices.len());
        }
        csr
    }
}
