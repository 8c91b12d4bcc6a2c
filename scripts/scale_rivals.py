#!/usr/bin/env python3
"""Counts to Leiden clusters with another tool, written as obs "leiden" for `morula evaluate`.

    python scripts/scale_rivals.py scanpy|crest|brisc IN.h5ad OUT.h5ad

Each tool's own steps with 2000 genes, 50 components, 15 neighbours and resolution 0.5, where the tool
has them. The writing is a small file with the types and the clusters alone.
"""

import sys

import numpy as np


def scanpy(path):
    import scanpy as sc

    data = sc.read_h5ad(path)
    sc.pp.filter_genes(data, min_cells=3)
    sc.pp.normalize_total(data, target_sum=1e4)
    sc.pp.log1p(data)
    sc.pp.highly_variable_genes(data, n_top_genes=2000)
    data = data[:, data.var.highly_variable].copy()
    sc.pp.scale(data, max_value=10)
    sc.pp.pca(data, n_comps=50)
    sc.pp.neighbors(data, n_neighbors=15)
    sc.tl.leiden(data, resolution=0.5, flavor="igraph", n_iterations=2)
    return data.obs["leiden"], data.obs["cell_type"]


def crest(path):
    import crest

    data = crest.read_h5ad(path)
    data = crest.pp.filter_genes(data, min_cells=3)
    data = crest.pp.normalize_total(data)
    data = crest.pp.log1p(data)
    data = crest.pp.highly_variable_genes(data, n_top_genes=2000)
    data = crest.pp.scale(data)
    data = crest.tl.pca(data, n_comps=50)
    data = crest.pp.neighbors(data, n_neighbors=15)
    data = crest.tl.leiden(data, resolution=0.5)
    return data.obs["leiden"], data.obs["cell_type"]


def brisc(path):
    from brisc import SingleCell

    data = SingleCell(path)
    data = data.qc(max_mito_fraction=None, min_genes=1, nonzero_MALAT1=False, allow_float=True)
    data = data.hvg(num_genes=2000).normalize().pca(num_PCs=50).neighbors().shared_neighbors()
    data = data.cluster(resolution=0.5)
    return data.obs["cluster"], data.obs["cell_type"]


def main():
    tool, path, out = sys.argv[1:]
    clusters, types = {"scanpy": scanpy, "crest": crest, "brisc": brisc}[tool](path)
    import anndata
    import pandas as pd

    columns = {
        "leiden": pd.Categorical([str(label) for label in clusters]),
        "cell_type": pd.Categorical([str(label) for label in types]),
    }
    obs = pd.DataFrame(columns, index=[f"cell{i}" for i in range(len(clusters))])
    anndata.AnnData(np.zeros((len(obs), 1), dtype=np.float32), obs=obs).write_h5ad(out)


if __name__ == "__main__":
    main()
