#!/usr/bin/env python3
"""Golden numbers of the scores of embeddings, taken from scib-metrics and scikit-learn.

    python scripts/scib_golden.py > crates/morula-metrics/tests/golden/embedding.json

The input is inside: coordinates are multiples of 1/16, so that every language finds the same
neighbours at the same distances. Needs scib-metrics and scikit-learn.
"""

import json
from collections import Counter
from importlib.metadata import version
from types import SimpleNamespace

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import scib_metrics as scib  # noqa: E402
from scib_metrics.nearest_neighbors import NeighborsResults  # noqa: E402
from sklearn.metrics import accuracy_score, f1_score  # noqa: E402
from sklearn.model_selection import LeaveOneOut, cross_val_predict  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402

ABOUT = (
    f"float64. LISI, silhouette_batch, graph_connectivity: scib-metrics {version('scib-metrics')} "
    f"(jax {version('jax')}, x64) on neighbours by exact search, the lower index first among equal "
    "distances; k counts the other cells, and scib-metrics counts the cell itself with them. "
    "graph_connectivity: on the symmetric graph. knn: accuracy and macro F1 by scikit-learn "
    f"{version('scikit-learn')}, votes by collections.Counter: the nearest of tied labels wins. "
    "knn_across: votes of cells of other batches. knn_batch: scikit-learn's votes on two batches, "
    "which cannot tie."
)
DIMS, STEP = 4, 16


def distances(x):
    """Euclidean distances, cells x cells, rounded to float32 as the input of the scores is."""
    squares = ((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=2)
    return np.sqrt(squares).astype(np.float32).astype(float)


def nearest(d, k, allowed=None):
    """The k nearest other cells of every cell; `allowed` is a mask, cells x cells."""
    masked = np.where(~np.eye(len(d), dtype=bool) if allowed is None else allowed, d, np.inf)
    return np.argsort(masked, axis=1, kind="stable")[:, :k]


def with_itself(d, k):
    """Neighbours as scib-metrics has them: the cell itself is the first of k + 1."""
    indices = np.hstack([np.arange(len(d))[:, None], nearest(d, k)])
    return NeighborsResults(indices=indices, distances=np.take_along_axis(d, indices, axis=1))


def symmetric(found):
    graph = found.knn_graph_distances.copy()
    graph.data[:] = 1.0
    return SimpleNamespace(knn_graph_distances=graph + graph.T)


def agreement(truth, pred):
    return {
        "accuracy": float(accuracy_score(truth, pred)),
        "f1_macro": float(f1_score(truth, pred, average="macro", zero_division=0)),
    }


def voted(labels, neighbors):
    return [Counter(labels[row].tolist()).most_common(1)[0][0] for row in neighbors]


def scores(x, labels, batches):
    d = distances(x)
    lisi = []
    for k in (29, 89):
        found = with_itself(d, k)
        lisi.append({
            "k": k,
            "ilisi": float(scib.ilisi_knn(found, batches)),
            "clisi": float(scib.clisi_knn(found, labels)),
            "samples": scib.lisi_knn(found, batches).tolist(),
        })
    across = nearest(d, 15, batches[:, None] != batches[None, :])
    out = {
        "lisi": lisi,
        "silhouette_batch": float(scib.silhouette_batch(x, labels, batches)),
        "graph_connectivity": [
            {"k": k, "value": float(scib.graph_connectivity(symmetric(with_itself(d, k)), labels))}
            for k in (2, 4, 15)
        ],
        "knn": agreement(labels, voted(labels, nearest(d, 15))),
        "knn_across": agreement(labels, voted(labels, across)),
    }
    if len(np.unique(batches)) == 2:
        # Fifteen votes on two batches have no tie; equal distances may be ordered differently.
        pred = cross_val_predict(KNeighborsClassifier(15), x, batches, cv=LeaveOneOut())
        assert pred.tolist() == voted(batches, nearest(d, 15))
        out["knn_batch"] = agreement(batches, pred)
    return out


def case(name, rng, cells, n_batches, shift):
    """Four types in batches that are shifted, and a type with one cell."""
    labels = rng.choice(4, size=cells, p=[0.4, 0.3, 0.2, 0.1])
    batches = rng.integers(n_batches, size=cells)
    labels[0] = 4
    batches[labels == 3] = 0
    if n_batches > 2:
        batches[1] = n_batches  # a batch with one cell
    centres = rng.normal(scale=2.0, size=(5, DIMS))
    shifts = rng.normal(size=(batches.max() + 1, DIMS))
    shifts *= shift / np.linalg.norm(shifts, axis=1, keepdims=True)
    x = centres[labels] + shifts[batches] + rng.normal(size=(cells, DIMS))
    x[7] = x[8] = x[9]
    steps = np.round(x * STEP).astype(int)
    return {
        "name": name,
        "x_steps": steps.ravel().tolist(),
        "labels": labels.tolist(),
        "batches": batches.tolist(),
        **scores(steps / STEP, labels, batches),
    }


def main():
    rng = np.random.default_rng(20)
    cases = [
        case("mixed", rng, 160, 2, 0.0),
        case("shifted", rng, 180, 3, 1.5),
        case("separate", rng, 200, 2, 12.0),
    ]
    golden = {"about": ABOUT, "n_dims": DIMS, "step": 1 / STEP, "cases": cases}
    print(json.dumps(golden, separators=(",", ":")))


main()
