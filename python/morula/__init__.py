"""Deep clustering of single-cell RNA-seq.

From raw counts Morula gives clusters, an embedding and a confidence for every cell. It works on the
CPU or on a GPU, and never sees labels.

>>> import morula as mo
>>> adata = mo.simulate(300, 3, n_genes=300)
>>> mo.tl.jojoscl(adata, n_clusters=3, epochs=5, verbosity=0)
>>> adata.obsm["X_jojoscl"].shape[0]
300

Functions for AnnData are in `morula.tl`, estimators in the manners of scikit-learn are `JojoSCL` and
`ScSiameseClu`, scores of clusterings are in `morula.metrics`.
"""

from __future__ import annotations

from . import metrics, tl
from ._estimator import Clusterer, JojoSCL, NotFittedError, Prediction, ScSiameseClu, load
from ._morula import __version__, devices
from ._report import report
from ._simulate import simulate

__all__ = [
    "Clusterer",
    "JojoSCL",
    "NotFittedError",
    "Prediction",
    "ScSiameseClu",
    "__version__",
    "devices",
    "load",
    "metrics",
    "report",
    "simulate",
    "tl",
]
