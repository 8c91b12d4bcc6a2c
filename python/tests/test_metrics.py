"""Scores: those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

import morula as mo

rng = np.random.default_rng(1)
TRUTH = rng.integers(0, 4, 200)
PRED = np.where(rng.random(200) < 0.6, TRUTH, rng.integers(0, 5, 200))
POINTS = rng.normal(size=(200, 3)) + TRUTH[:, None]

NAMES = {
    "ari": "adjusted_rand_score",
    "nmi": "normalized_mutual_info_score",
    "ami": "adjusted_mutual_info_score",
    "homogeneity": "homogeneity_score",
    "completeness": "completeness_score",
    "v_measure": "v_measure_score",
    "fowlkes_mallows": "fowlkes_mallows_score",
    "silhouette": "silhouette_score",
    "calinski_harabasz": "calinski_harabasz_score",
    "davies_bouldin": "davies_bouldin_score",
}


@pytest.mark.parametrize("name", NAMES)
def test_scores_of_scikit_learn(name):
    sklearn = pytest.importorskip("sklearn.metrics")
    a, b = (POINTS.astype(np.float32), PRED) if name[0] in "scd" and name != "completeness" else (TRUTH, PRED)
    expected = getattr(sklearn, NAMES[name])(a, b)
    assert getattr(mo.metrics, name)(a, b) == pytest.approx(expected, rel=1e-5)


def test_evaluate():
    scores = mo.metrics.evaluate(TRUTH, PRED)
    assert scores["n_cells"] == 200 and scores["n_clusters_true"] == 4
    for name in ("acc", "f1_macro", "ari"):
        assert getattr(mo.metrics, name)(TRUTH, PRED) == scores[name]


def test_labels_of_any_kind(adata):
    adata.obs["pred"] = adata.obs["cell_type"].astype(str)
    assert mo.metrics.ari(adata, "cell_type", "pred") == 1.0
    assert mo.metrics.ari(adata.obs["cell_type"], adata.obs["pred"].tolist()) == 1.0
    adata.obs.loc[adata.obs_names[:4], "cell_type"] = np.nan
    with pytest.warns(UserWarning, match="left out 4 cells"):
        assert mo.metrics.acc(adata, "cell_type", "pred") == 1.0
    with pytest.raises(KeyError, match="no column types"):
        mo.metrics.ari(adata, "types", "pred")


def test_what_is_refused():
    with pytest.raises(ValueError, match="2 true labels and 3 clusters"):
        mo.metrics.ari([1, 2], [1, 2, 3])
    with pytest.raises(ValueError):
        mo.metrics.ari([], [])
    with pytest.raises(ValueError, match="nothing to compare"):
        mo.metrics.ari([None, None], ["a", "b"])
    with pytest.raises(ValueError):
        mo.metrics.silhouette(POINTS, np.zeros(200, dtype=int))
    with pytest.raises(ValueError, match="shape"):
        mo.metrics.silhouette(POINTS, TRUTH[:10])
    with pytest.raises(ValueError):
        mo.metrics.silhouette(np.full((4, 2), np.nan), [0, 0, 1, 1])
