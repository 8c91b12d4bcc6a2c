//! Clustering scores for Morula: agreement with known labels and internal quality.
