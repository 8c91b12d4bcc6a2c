//! Sparse single-cell preprocessing for Morula: filtering, normalisation, variable genes, PCA, neighbours, simulation.
