#!/usr/bin/env python3
"""Golden numbers of morula-preprocess, taken from scanpy.

    python scripts/scanpy_golden.py [DATA_DIR]

Writes crates/morula-preprocess/tests/golden/scanpy_synthetic.json (its input is
inside) and, given a folder with the real data sets, scanpy_real.json (outputs at
sampled positions only; the data stay outside the repository).
Needs scanpy, scikit-misc and statsmodels.
"""

import json
import sys
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import scanpy as sc
import scipy.sparse as sp
import sklearn
import skmisc

warnings.filterwarnings("ignore")
OUT = Path(__file__).parent.parent / "crates/morula-preprocess/tests/golden"
FLAVORS = ["seurat", "cell_ranger", "seurat_v3", "pearson_residuals"]
SCORE = {
    "seurat": "dispersions_norm",
    "cell_ranger": "dispersions_norm",
    "seurat_v3": "variances_norm",
    "pearson_residuals": "residual_variances",
}


def listed(values):
    """JSON-ready numbers, NaN as null, at the precision that the comparison needs."""
    values = np.asarray(values)
    if values.dtype.kind in "iub":
        return values.astype(int).tolist()
    flat = [None if not np.isfinite(v) else float(f"{v:.9g}") for v in values.ravel()]
    return flat


def filtered(counts, min_cells=3, min_counts=1):
    a = ad.AnnData(sp.csr_matrix(counts, dtype=np.float32))
    a.obs_names = [str(i) for i in range(a.n_obs)]
    a.var_names = [str(j) for j in range(a.n_vars)]
    sc.pp.filter_genes(a, min_cells=min_cells)
    sc.pp.filter_cells(a, min_counts=min_counts)
    return a


def variable(counts, logs, flavor, n_top, batch_key=None):
    """The table of one flavour, or the reason why scanpy has none."""
    try:
        if flavor == "pearson_residuals":
            return sc.experimental.pp.highly_variable_genes(
                counts, flavor=flavor, n_top_genes=n_top, batch_key=batch_key, inplace=False
            )
        return sc.pp.highly_variable_genes(
            counts if flavor == "seurat_v3" else logs,
            flavor=flavor, n_top_genes=n_top, batch_key=batch_key, inplace=False,
        )
    except ValueError as error:
        return str(error)


def principal(x, n_comps):
    x = x.astype(np.float64)
    scores, loadings, ratio, variance = sc.pp.pca(
        x, n_comps=n_comps, svd_solver="arpack", dtype="float64", return_info=True
    )
    return scores, loadings.T, variance, ratio


def nearest(scores, k):
    """scanpy counts a cell among its own neighbours: k others are n_neighbors = k + 1."""
    a = ad.AnnData(np.zeros((len(scores), 1), np.float32), obsm={"p": scores.astype(np.float32)})
    sc.pp.neighbors(a, n_neighbors=k + 1, use_rep="p")
    indices, distances = [], []
    for row in a.obsp["distances"]:
        order = np.argsort(row.data, kind="stable")
        indices.append(row.indices[order].tolist())
        distances.append(row.data[order])
    return indices, np.array(distances)


def versions():
    return {
        "python": sys.version.split()[0],
        "scanpy": sc.__version__,
        "anndata": ad.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "scikit-misc": skmisc.__version__,
    }


def synthetic_counts(rng):
    """Three types, two batches, tied means, an unseen gene, a constant gene and an empty cell."""
    n, g = 120, 200
    profile = np.exp(rng.normal(-1.0, 1.3, size=g))
    types = rng.choice(3, size=n, p=[0.6, 0.3, 0.1])
    batches = rng.choice(2, size=n, p=[0.7, 0.3])
    rates = np.tile(profile, (n, 1))
    for t in range(3):
        rates[np.ix_(types == t, np.arange(t * 15, t * 15 + 15))] *= 5
    rates[batches == 1, 60:80] *= 3
    rates *= np.exp(rng.normal(0, 0.4, size=n))[:, None]
    counts = rng.poisson(rng.gamma(2.0, rates / 2.0))
    counts[:, 100] = 0
    counts[:, 101] = 2
    counts[:, 102:110] = 0
    for j in range(102, 110):  # too rare, or tied means
        counts[rng.choice(n, size=2 if j < 104 else 4, replace=False), j] = 1
    counts[17] = 0
    return sp.csr_matrix(counts.astype(np.float32)), batches


def synthetic():
    counts, batches = synthetic_counts(np.random.default_rng(20250))
    n_top, k = 60, 10
    raw = filtered(counts)
    raw.obs["batch"] = np.array([f"b{b}" for b in batches])[raw.obs_names.astype(int)]
    raw.obs["batch"] = raw.obs["batch"].astype("category")
    logs = raw.copy()
    factors = sc.pp.normalize_total(logs, inplace=False)["norm_factor"]
    sc.pp.normalize_total(logs)
    normalized = logs.X.copy()
    sc.pp.log1p(logs)
    out = {
        "versions": versions(),
        "n_obs": counts.shape[0],
        "n_vars": counts.shape[1],
        "indptr": listed(counts.indptr),
        "indices": listed(counts.indices),
        "data": listed(counts.data.astype(int)),
        "batches": listed(batches),
        "kept_genes": listed(raw.var_names.astype(int)),
        "kept_cells": listed(raw.obs_names.astype(int)),
        "totals": listed(factors),
        "normalized": listed(normalized.data[::50]),
        "log1p": listed(logs.X.data[::50]),
        "n_top": n_top,
        "k": k,
        "hvg": {},
    }
    qc_obs, qc_var = sc.pp.calculate_qc_metrics(
        ad.AnnData(counts, var={"mt": np.arange(counts.shape[1]) < 20}),
        qc_vars=["mt"], percent_top=None, log1p=False,
    )
    out["qc"] = {
        "pct_counts_mt": listed(np.nan_to_num(qc_obs["pct_counts_mt"])),
        "n_genes_by_counts": listed(qc_obs["n_genes_by_counts"]),
        "mean_counts": listed(qc_var["mean_counts"].astype(float)),
        "pct_dropout_by_counts": listed(qc_var["pct_dropout_by_counts"]),
    }
    for flavor in FLAVORS:
        for batch_key in [None, "batch"]:
            table = variable(raw, logs, flavor, n_top, batch_key)
            name = flavor if batch_key is None else f"{flavor}_batch"
            if isinstance(table, str):
                out["hvg"][name] = {"error": table}
                continue
            out["hvg"][name] = {
                "selected": listed(np.flatnonzero(table["highly_variable"])),
                "means": listed(table["means"]),
                "score": listed(table[SCORE[flavor]].astype(float)),
            }
    chosen = logs[:, np.array(out["hvg"]["seurat"]["selected"])].copy()
    chosen.X = chosen.X.astype(np.float64)
    for name, clip in [("scaled", None), ("clipped", 2.0)]:
        z = chosen.copy()
        sc.pp.scale(z, max_value=clip)
        out[name] = listed(z.X[::12])
    z = chosen.copy()
    sc.pp.scale(z)
    for name, x in [("pca_log", chosen.X), ("pca_scaled", z.X)]:
        scores, loadings, variance, ratio = principal(x, k)
        out[name] = {
            "scores": listed(scores[::3]), "loadings": listed(loadings[::3]),
            "variance": listed(variance), "ratio": listed(ratio),
        }
        if name == "pca_scaled":
            indices, distances = nearest(scores, 15)
            out["neighbors"] = {"indices": indices[::6], "distances": listed(distances[::6])}
    return out


def loess_curves():
    """skmisc's loess where it succeeds: plain, tied and short samples."""
    from skmisc.loess import loess

    rng = np.random.default_rng(7)
    curves = []
    for n, ties in [(37, 0), (100, 0), (301, 1), (500, 1)]:
        x = np.round(rng.normal(size=n), 1 if ties else 6)
        y = np.round(np.sin(2 * x) + rng.normal(size=n) * 0.3, 6)
        model = loess(x, y, span=0.3, degree=2)
        model.fit()
        curves.append({"x": listed(x), "y": listed(y), "fit": listed(model.outputs.fitted_values)})
    return {"versions": versions(), "span": 0.3, "curves": curves}


def real(folder, name):
    counts = ad.read_h5ad(folder / f"{name}.h5ad").X
    raw = filtered(counts)
    logs = raw.copy()
    totals = np.asarray(raw.X.sum(axis=1)).ravel()
    sc.pp.normalize_total(logs)
    sc.pp.log1p(logs)
    rng = np.random.default_rng(1)
    cells = np.sort(rng.choice(raw.n_obs, size=10, replace=False))
    genes = np.sort(rng.choice(raw.n_vars, size=100, replace=False))
    out = {
        "n_genes": raw.n_vars, "n_cells": raw.n_obs,
        "cells": listed(cells), "genes": listed(genes), "totals": listed(totals[cells]), "hvg": {},
    }
    for flavor in FLAVORS:
        table = variable(raw, logs, flavor, 2000)
        if isinstance(table, str):
            out["hvg"][flavor] = {"error": table}
            continue
        out["hvg"][flavor] = {
            # Gaps between the positions, which take less space.
            "selected": listed(np.diff(np.flatnonzero(table["highly_variable"]), prepend=0)),
            "score": listed(table[SCORE[flavor]].to_numpy(dtype=float)[genes]),
        }
    z = logs[:, np.cumsum(out["hvg"]["seurat"]["selected"])].copy()
    z.X = z.X.astype(np.float64)
    sc.pp.scale(z)
    out["scaled"] = listed(z.X[cells, ::50])
    scores, loadings, variance, ratio = principal(z.X, 50)
    out["pca"] = {
        "scores": listed(scores[cells]), "loadings": listed(loadings[::250]),
        "variance": listed(variance), "ratio": listed(ratio),
    }
    indices, distances = nearest(scores, 15)
    out["neighbors"] = {
        "indices": [indices[i] for i in cells], "distances": listed(distances[cells]),
    }
    return out


def save(name, what):
    path = OUT / name
    path.write_text(json.dumps(what, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    save("scanpy_synthetic.json", synthetic())
    save("skmisc_loess.json", loess_curves())
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        names = ["Baron_human1", "Zeisel_mouse_brain_4000"]
        save("scanpy_real.json", {"versions": versions(), **{n: real(folder, n) for n in names}})
