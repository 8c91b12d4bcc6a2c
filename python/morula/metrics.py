"""Scores of clusterings and of embeddings, with the conventions of scikit-learn.

Scores of a clustering take the true labels and the clusters of the same cells: arrays, lists or
columns, or an AnnData and two names of columns of obs. Cells without one of the labels are left out,
with a warning. The embedding's scores take points and labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _input, _morula
from ._labels import codes, column
from ._values import threads
from ._warn import warn

__all__ = [
    "acc",
    "ami",
    "ari",
    "calinski_harabasz",
    "completeness",
    "davies_bouldin",
    "evaluate",
    "f1_macro",
    "fowlkes_mallows",
    "homogeneity",
    "nmi",
    "silhouette",
    "v_measure",
]


def evaluate(truth: Any, pred: Any, pred_key: str | None = None) -> dict[str, float]:
    """All scores of a clustering against true labels.

    Parameters
    ----------
    truth : array of shape (n_cells,), or anndata.AnnData
        True labels.
    pred : array of shape (n_cells,), or str
        Clusters; with an AnnData, the column of obs with the true labels.
    pred_key : str, optional
        With an AnnData, the column of obs with the clusters.

    Returns
    -------
    dict
        ``n_cells``, ``n_clusters_true``, ``n_clusters_pred`` and every score by its name.

    Examples
    --------
    >>> import morula as mo
    >>> mo.metrics.evaluate(["T", "T", "B", "B", "NK"], [0, 0, 1, 1, 1])["acc"]
    0.8
    """
    if pred_key is not None:
        _input.check_anndata(truth)
        truth, pred = column(truth.obs, pred), column(truth.obs, pred_key)
    (truth, _), (pred, _) = codes(truth), codes(pred)
    if len(truth) != len(pred):
        raise ValueError(f"{len(truth)} true labels and {len(pred)} clusters; give one of each per cell")
    both = (truth >= 0) & (pred >= 0)
    if len(both) and not both.any():
        raise ValueError("no cell has both labels; nothing to compare")
    if not both.all():
        left_out = int((~both).sum())
        warn(f"left out {left_out} cells without one of the labels")
    return _morula.evaluate(truth[both], pred[both])


def _score(name: str, about: str) -> Any:
    def score(truth: Any, pred: Any, pred_key: str | None = None) -> float:
        return evaluate(truth, pred, pred_key)[name]

    score.__name__ = score.__qualname__ = name
    score.__doc__ = f"""{about}

    Parameters
    ----------
    truth, pred, pred_key
        As in `evaluate`.

    Returns
    -------
    float

    Examples
    --------
    >>> import morula as mo
    >>> mo.metrics.{name}(["T", "T", "B", "B"], [1, 1, 0, 0])
    1.0
    """
    return score


ari = _score("ari", "Adjusted Rand index (Hubert and Arabie 1985).")
nmi = _score("nmi", "Normalised mutual information, arithmetic mean.")
ami = _score("ami", "Adjusted mutual information, arithmetic mean (Vinh et al. 2010).")
acc = _score("acc", "Accuracy after the best one-to-one matching of clusters and labels.")
f1_macro = _score("f1_macro", "Macro F1 after the best one-to-one matching.")
homogeneity = _score("homogeneity", "Homogeneity (Rosenberg and Hirschberg 2007).")
completeness = _score("completeness", "Completeness (Rosenberg and Hirschberg 2007).")
v_measure = _score("v_measure", "V-measure (Rosenberg and Hirschberg 2007).")
fowlkes_mallows = _score("fowlkes_mallows", "Fowlkes-Mallows index (1983).")


def _internal(name: str, about: str) -> Any:
    def score(points: Any, labels: Any, *, n_jobs: int | None = None) -> float:
        of_cells, _ = codes(labels)
        points = np.asarray(points)
        if points.ndim != 2 or len(points) != len(of_cells):
            raise ValueError(f"points of shape {points.shape} for {len(of_cells)} labels")
        there = of_cells >= 0
        if not there.all():
            left_out = int((~there).sum())
            warn(f"left out {left_out} cells without a label")
            points, of_cells = points[there], of_cells[there]
        return _morula.internal(name, points, of_cells, threads(n_jobs))

    score.__name__ = score.__qualname__ = name
    score.__doc__ = f"""{about}

    Parameters
    ----------
    points : array of shape (n_cells, n_dims)
        Embedding.
    labels : array of shape (n_cells,)
        Clusters.
    n_jobs
        Number of threads; None takes RAYON_NUM_THREADS, or all cores, as -1 does.

    Returns
    -------
    float

    Examples
    --------
    >>> import morula as mo
    >>> mo.metrics.{name}([[0.0], [0.5], [9.0], [9.5]], [0, 0, 1, 1]) > 0
    True
    """
    return score


silhouette = _internal("silhouette", "Mean silhouette of all cells (Rousseeuw 1987), in [-1, 1].")
calinski_harabasz = _internal("calinski_harabasz", "Calinski-Harabasz index (1974).")
davies_bouldin = _internal("davies_bouldin", "Davies-Bouldin index (1979); lower is better.")
