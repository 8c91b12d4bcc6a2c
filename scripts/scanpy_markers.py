#!/usr/bin/env python3
"""Golden numbers of morula-markers, taken from scanpy.

    python scripts/scanpy_markers.py [DATA_DIR]          writes the golden files
    python scripts/scanpy_markers.py --compare FILE.h5ad compares a file of `morula markers --h5ad`
    python scripts/scanpy_markers.py --time FILE.h5ad GROUPBY   CPU and wall seconds of scanpy

Writes crates/morula-markers/tests/golden/synthetic.json (its input is inside) and, given a folder
with the real data sets, baron.json: the 20 best genes of 4 groups of Baron_human1. numpy makes
the input of the test, log-normalised counts, with a logarithm rounded once from double precision,
because that of single precision differs between processors.
Needs scanpy and statsmodels.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import scanpy as sc
import scipy.sparse as sp

warnings.filterwarnings("ignore")
OUT = Path(__file__).parent.parent / "crates/morula-markers/tests/golden"
KEY = "rank_genes_groups"
COLUMNS = ["scores", "logfoldchanges", "pvals", "pvals_adj"]


def ranked(a, groupby, tie_correct=True, layer=None):
    """Scanpy's statistics at their computed precision, a table per group."""
    from scanpy.tools._rank_genes_groups import _RankGenes

    test = _RankGenes(a, "all", groupby, use_raw=False, layer=layer, comp_pts=True)
    test.compute_statistics("wilcoxon", n_genes_user=None, tie_correct=tie_correct)
    tables = {}
    for g, name in enumerate(test.groups_order):
        table = test.stats[str(name)].copy()
        table["pct_in"], table["pct_out"] = test.pts[g], test.pts_rest[g]
        tables[str(name)] = table
    return tables


def log_normalised(counts):
    """ln(1 + C / s), s = total / median total, sums and logarithm in double precision."""
    x = sp.csr_matrix(counts, dtype=np.float32)
    totals = np.asarray(x.sum(axis=1, dtype=np.float64)).ravel()
    reference = np.float32(np.median(totals[totals > 0]))
    factors = np.where(totals > 0, totals.astype(np.float32) / reference, np.float32(1))
    per_value = np.repeat(factors.astype(np.float32), np.diff(x.indptr))
    x.data = np.log1p((x.data / per_value).astype(np.float64)).astype(np.float32)
    return x


def listed(table):
    return {c: [float(f"{v:.12g}") for v in table[c]] for c in [*COLUMNS, "pct_in", "pct_out"]}


def synthetic():
    rng = np.random.default_rng(0)
    n, g = 60, 12
    groups = np.array(["a"] * 30 + ["b"] * 20 + ["c"] * 8 + ["d"] * 2)
    rates = rng.gamma(1.0, 1.0, g)[None, :] * np.ones((n, 1))
    rates[:30, 0] *= 6
    rates[30:50, 1] *= 6
    x = rng.poisson(rates).astype(np.float32)
    x[:, 9] = 0  # expressed nowhere
    x[:, 10] = 3  # constant
    x[:, 11] = 0
    x[5, 11] = 2  # in one cell
    x[:, 8] = np.where(groups == "c", 5, 0)  # perfect
    a = ad.AnnData(sp.csr_matrix(x))
    a.obs["group"] = groups
    a.obs["group"] = a.obs["group"].astype("category")
    golden = {"x": x.astype(int).ravel().tolist(), "n_genes": g, "groups": groups.tolist()}
    for name, tie_correct in [("tie_correct", True), ("no_tie_correct", False)]:
        golden[name] = {k: listed(t) for k, t in ranked(a, "group", tie_correct).items()}
    return golden


def baron(folder, n_top=20, n_groups=4):
    a = ad.read_h5ad(folder / "Baron_human1.h5ad")
    a.X = log_normalised(a.X)
    a.obs["cell_type"] = a.obs["cell_type"].astype("category")
    tables = ranked(a, "cell_type")
    golden = {}
    for name in a.obs["cell_type"].value_counts().index[:n_groups]:
        table = tables[name]
        # Equal scores in the order of the genes.
        order = np.argsort(-table["scores"].to_numpy(), kind="stable")[:n_top]
        best = table.iloc[order]
        golden[name] = {"names": best.index.tolist(), **listed(best)}
    return golden


def compare(path):
    """Largest differences between the uns of a file and scanpy on the file's own layer."""
    a = ad.read_h5ad(path)
    params = a.uns[KEY]["params"]
    groupby, layer = params["groupby"], params["layer"]
    a.obs[groupby] = a.obs[groupby].astype(str).astype("category")
    tables = ranked(a, groupby, layer=layer)
    worst = dict.fromkeys([*COLUMNS, "log10 pvals", "pct_in", "pct_out"], 0.0)
    swapped = 0
    for group, table in tables.items():
        ours = {c: a.uns[KEY][c][group] for c in ["names", *COLUMNS]}
        theirs = table.loc[ours["names"]]
        order = table["scores"].to_numpy()[np.argsort(-table["scores"].to_numpy(), kind="stable")]
        # The order is right where scanpy's scores fall from one gene to the next.
        swapped += int((np.diff(theirs["scores"].to_numpy()) > 1e-9).sum())
        assert np.allclose(theirs["scores"], order[: len(theirs)], rtol=1e-9, atol=1e-9)
        for c in COLUMNS:
            f, w = ours[c].astype(float), theirs[c].to_numpy(float)
            if c in ("scores", "logfoldchanges"):  # scanpy stores these in single precision
                w = w.astype(np.float32).astype(float)
            scale = np.maximum(np.abs(w), 1.0) if c in ("scores", "logfoldchanges") else np.abs(w)
            normal = np.abs(w) > 1e-300
            error = np.abs(f - w) / np.where(normal, scale, 1.0)
            worst[c] = max(worst[c], float(error.max()))
        f, w = ours["pvals"], theirs["pvals"].to_numpy()
        both = (f > 1e-300) & (w > 1e-300)
        worst["log10 pvals"] = max(
            worst["log10 pvals"], float(np.abs(np.log10(f[both]) - np.log10(w[both])).max())
        )
        for c, key in [("pct_in", "pts"), ("pct_out", "pts_rest")]:
            error = np.abs(a.uns[KEY][key][group].to_numpy() - table[c].to_numpy()).max()
            worst[c] = max(worst[c], float(error))
    print({k: float(f"{v:.2g}") for k, v in worst.items()}, "out of order:", swapped)


def timed(path, groupby):
    a = ad.read_h5ad(path)
    a.obs[groupby] = a.obs[groupby].astype(str).astype("category")
    run = lambda b: sc.tl.rank_genes_groups(
        b, groupby, method="wilcoxon", tie_correct=True, pts=True
    )
    a.X = sp.csr_matrix(a.X)
    warm = a[:100, :50].copy()
    warm.obs[groupby] = np.where(np.arange(100) % 2 == 0, "a", "b")
    run(warm)  # numba compiles
    cpu, wall = time.process_time(), time.perf_counter()
    sc.pp.normalize_total(a)
    sc.pp.log1p(a)
    middle = time.process_time(), time.perf_counter()
    run(a)
    end = time.process_time(), time.perf_counter()
    print(f"normalise {middle[0] - cpu:.2f} CPU s, {middle[1] - wall:.2f} s; ", end="")
    print(f"rank {end[0] - middle[0]:.2f} CPU s, {end[1] - middle[1]:.2f} s")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--compare", path]:
            compare(path)
        case ["--time", path, groupby]:
            timed(path, groupby)
        case arguments:
            (OUT / "synthetic.json").write_text(json.dumps(synthetic()) + "\n")
            for folder in arguments:
                (OUT / "baron.json").write_text(json.dumps(baron(Path(folder))) + "\n")
