//! Backend-generic deep-learning modules for single-cell clustering, on Burn.
