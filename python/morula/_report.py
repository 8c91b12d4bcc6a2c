"""The report of a run, from the AnnData that holds its results."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _input, _morula
from ._estimator import CLASSES
from ._labels import codes, column
from ._values import builtin, threads
from ._warn import warn

if TYPE_CHECKING:
    from anndata import AnnData

#: A column with more labels than this does not hold groups.
MOST_LABELS = 60


def report(
    adata: AnnData,
    folder: str | os.PathLike[str],
    *,
    key: str | None = None,
    layer: str | None = None,
    truth: str | None = None,
    batch_key: str | None = None,
    title: str = "AnnData",
    n_jobs: int | None = None,
) -> None:
    """Write a report of a clustering run: pictures, and one page that shows them.

    Parameters
    ----------
    adata
        Data with the results of a run, as `morula.tl.jojoscl` leaves them.
    folder
        Folder to write: ``report.html``, which opens in any browser without network, and each of its
        pictures as PNG and SVG. An older report there is replaced.
    key
        Name of the results; None takes the first model that has results.
    layer
        Layer with the raw counts, for markers; None is X, and no markers if X holds no counts.
    truth
        Column of obs with known types, to show beside the clusters; None tries ``cell_type`` and the
        like. No model sees it.
    batch_key
        Column of obs with batches to show; None tries ``batch``, ``donor`` and the like.
    title
        Name of the data, for the title.
    n_jobs
        Number of threads; None takes RAYON_NUM_THREADS, or all cores, as -1 does.

    Examples
    --------
    >>> import os, tempfile, morula as mo
    >>> adata = mo.simulate(200, 3, n_genes=200)
    >>> mo.tl.jojoscl(adata, n_clusters=3, epochs=3, verbosity=0)
    >>> with tempfile.TemporaryDirectory() as home:
    ...     mo.report(adata, home + "/report")
    ...     os.path.exists(home + "/report/report.html")
    True
    """
    _input.check_anndata(adata)
    if key is None:
        key = next((name for name in CLASSES if name in adata.obs.columns), next(iter(CLASSES)))
    for name in (truth, batch_key):
        if name is not None:
            column(adata.obs, name)
    counts, why = None, None
    try:
        counts = _input.counts(adata, layer=layer)
    except (ValueError, KeyError) as error:
        if layer is not None:
            raise
        why = error
    parts = f"{key}_subcluster"
    entries = (key, f"{key}_evidence", parts, f"{parts}_evidence", "umap")
    uns = {name: builtin(adata.uns[name]) for name in entries if name in adata.uns}
    uns = {name: value for name, value in uns.items() if isinstance(value, dict)}
    obsm = [
        (name, np.asarray(adata.obsm[name], dtype=np.float32))
        for name in (f"X_{key}", "X_umap")
        if name in adata.obsm
    ]
    obs = _columns(adata.obs, {key, parts, truth, batch_key}, f"{key}_confidence")
    _morula.report(
        os.fspath(folder), title, key, obs, obsm, uns, counts, truth, batch_key,
        _command(key, uns.get(key, {})), threads(n_jobs),
    )  # fmt: skip
    if why is not None:
        warn(f"no markers: {why.args[0]}")


def _columns(obs: Any, named: set[str | None], confidence: str) -> list[tuple]:
    """Columns of groups as codes, and the confidence."""
    found: list[tuple] = []
    # Names of columns may be numbers, and may repeat.
    for at, name in enumerate(map(str, obs.columns)):
        values = obs.iloc[:, at]
        if name == confidence:
            found.append((name, np.asarray(values, dtype=np.float64), None))
        elif name in named or (values.dtype.kind != "f" and values.nunique() <= MOST_LABELS):
            found.append((name, *codes(values)))
    return found


def _command(key: str, about: dict[str, Any]) -> str:
    """The call that makes such a run."""
    params = about.get("params", {})
    given = {name: params.get(name) for name in ("n_clusters", "epochs")}
    given["random_state"] = about.get("seed")
    if given["n_clusters"] == "auto":
        given["n_clusters"] = None
    words = [f"{name}={value}" for name, value in given.items() if value is not None]
    call = f"mo.tl.{key}({', '.join(['adata', *words])})"
    return f"# Made from the parameters in the data; others are under Parameters.\n{call}"
