#!/usr/bin/env python3
"""CPU seconds of scanpy's preprocessing, a JSON line per step.

    python scripts/bench_scanpy.py FILE.h5ad [--comps 50] [--neighbors 15] [--brute]

Seconds are those of all threads (time.process_time). numba compiles before the clock
starts, on a small random matrix (of more than 8192 cells, above which scanpy's
neighbours are approximate). --brute adds scikit-learn's exact search.
"""

import argparse
import json
import time
import warnings

import anndata as ad
import numpy as np
import scanpy as sc
import scipy.sparse as sp
from sklearn.neighbors import NearestNeighbors

warnings.filterwarnings("ignore")


def steps(a, comps, neighbors, brute):
    """Runs the steps in order; yields their names and seconds."""

    def timed(name, run):
        start = time.process_time()
        result = run()
        return result, (name, time.process_time() - start)

    sc.pp.filter_genes(a, min_cells=3)
    sc.pp.filter_cells(a, min_counts=1)
    yield timed("normalize_total", lambda: sc.pp.normalize_total(a))[1]
    yield timed("log1p", lambda: sc.pp.log1p(a))[1]
    yield timed("highly_variable_genes", lambda: sc.pp.highly_variable_genes(a, n_top_genes=2000))[1]
    a, line = timed("select", lambda: a[:, a.var.highly_variable].copy())
    yield line
    yield timed("scale", lambda: sc.pp.scale(a))[1]
    yield timed("pca", lambda: sc.pp.pca(a, n_comps=comps))[1]
    # scanpy counts a cell among its own neighbours.
    yield timed("neighbors", lambda: sc.pp.neighbors(a, n_neighbors=neighbors + 1))[1]
    if brute:
        x = np.ascontiguousarray(a.obsm["X_pca"])
        search = NearestNeighbors(n_neighbors=neighbors + 1, algorithm="brute").fit(x)
        yield timed("neighbors_brute", lambda: search.kneighbors(x))[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--comps", type=int, default=50)
    parser.add_argument("--neighbors", type=int, default=15)
    parser.add_argument("--brute", action="store_true")
    args = parser.parse_args()

    counts = np.random.default_rng(0).poisson(0.3, size=(8200, 2100)).astype(np.float32)
    for _ in steps(ad.AnnData(sp.csr_matrix(counts)), args.comps, args.neighbors, False):
        pass
    data = ad.read_h5ad(args.file)
    data = ad.AnnData(sp.csr_matrix(data.X, dtype=np.float32), data.obs[[]], data.var[[]])
    for name, seconds in steps(data, args.comps, args.neighbors, args.brute):
        print(json.dumps({"step": name, "cpu_s": round(seconds, 4)}), flush=True)


if __name__ == "__main__":
    main()
