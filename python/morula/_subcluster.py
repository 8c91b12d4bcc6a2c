"""Clusters within clusters of an AnnData."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from . import _input, _morula, _run, _write
from ._labels import codes, column
from ._progress import Progress
from ._values import builtin, plain, shown, threads, whole

logger = logging.getLogger("morula")

#: What every result of a fit has in its entry of uns.
OF_RESULT = {"params", "seed", "version"}


def subcluster(
    adata: Any,
    of: str | Sequence[str],
    names: tuple[str | None, str | None, str | None],
    model: str | None,
    params: dict[str, Any],
    *,
    n_clusters: int | None,
    batch_key: str | None,
    layer: str | None,
    random_state: int | None,
    device: str,
    evidence: str,
    round: bool,
    n_jobs: int | None,
    verbosity: int,
) -> tuple[_write.Parts, str]:
    """The parts of the results, and their name.

    Parameters
    ----------
    adata, of, model, params, **
        As in `tl.subcluster`.
    names
        Its key, groupby and key_added.
    """
    _run.Options(evidence=evidence).check("")
    of_clusters = [of] if isinstance(of, (str, int, np.integer)) else list(of)
    if not of_clusters:
        raise ValueError(f"of = {shown(of)}: name a cluster to divide")
    clusters = list(dict.fromkeys(str(name) for name in of_clusters))
    key = _result(adata, names[0])
    added = names[2] or f"{key}_subcluster"
    columns = dict.fromkeys((key, added, *([names[1]] if names[1] else [])))
    for name in columns:
        if name != added:
            column(adata.obs, name)
    obs = [(name, codes(adata.obs[name])) for name in columns if name in adata.obs.columns]
    ends = [name for name in (f"{name}_confidence" for name in columns) if name in adata.obs.columns]
    floats = [(name, adata.obs[name]) for name in ends if adata.obs[name].dtype.kind == "f"]
    entries = (name for known in columns for name in (known, f"{known}_evidence"))
    uns = {name: builtin(adata.uns[name]) for name in entries if name in adata.uns}
    found = _morula.Subclusters(
        obs,
        [(name, [float(value) for value in values]) for name, values in floats],
        {name: "" if value is None else value for name, value in uns.items()},
        (key, names[1], names[2]),
        model,
        {name: plain(value) for name, value in params.items()},
        None if n_clusters is None else whole("n_clusters", n_clusters, least=1),
        None if random_state is None else whole("random_state", random_state),
        evidence,
        device,
    )
    for name in clusters:
        found.check(name)
    if batch_key is None and "batches" in adata.uns[key]:
        logger.info(
            "batches were corrected when these clusters were found; with batch_key they are corrected "
            "within them too"
        )
    counts = _input.counts(adata, layer=layer, batches=batch_key, round=round, fits=True)
    for name in clusters:
        bar = Progress(f"{found.title} in {name}") if verbosity > 0 else nullcontext()
        with bar as progress:
            _log(found.divide(name, counts, threads(n_jobs), progress))
    parts = _write.parts(found.additions())
    if round:
        parts["uns"]["morula_counts"] = {"rounded_values": counts.n_rounded}
    return parts, found.key


def _result(adata: Any, key: str | None) -> str:
    """The name of the result whose clusters are divided."""
    found = [
        name
        for name, about in adata.uns.items()
        if isinstance(about, dict) and about.keys() >= OF_RESULT
    ]
    if key is not None:
        if key not in found:
            raise KeyError(f"uns has no result {key}; mo.tl.jojoscl makes one")
        return key
    if not found:
        raise KeyError("there is no result, so no clusters to divide; mo.tl.jojoscl makes one")
    if len(found) > 1:
        raise ValueError(f"there are several results, {', '.join(found)}; give key")
    return found[0]


def _log(found: dict[str, Any]) -> None:
    """Say what the user should know of a division."""
    name, n = found["of"], len(found["names"])
    if n == 1:
        logger.info("cluster %s: one cluster is found, which keeps its name", name)
    if found["without_batches"]:
        logger.info("cluster %s: too few cells of too few batches to correct for them", name)
    if found["n_left_out"]:
        logger.info(
            "cluster %s: %d cells are left out by the filter, and keep its name",
            name, found["n_left_out"],
        )  # fmt: skip
    if found["no_evidence"] is not None:
        logger.info("cluster %s: no evidence for the splits: %s", name, found["no_evidence"])
    if found["n_supported"] is not None and found["n_supported"] < n:
        logger.info(
            "cluster %s: %d parts are shown, but only %d are supported by molecules that played no part "
            "in finding them", name, n, found["n_supported"],
        )  # fmt: skip
