"""From counts in an AnnData to the results of a model in it."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from . import _input, _morula, _write
from ._estimator import CLASSES, Clusterer, check_denoises

logger = logging.getLogger("morula")


class Options(NamedTuple):
    """What every function of a model takes: the counts, the results, and their place."""

    layer: str | None = None
    batch_key: str | None = None
    key_added: str | None = None
    denoise: bool = False
    umap: bool = False
    evidence: str = "views"
    min_confidence: float = 0.0
    round: bool = False
    copy: bool = False
    inplace: bool = True

    def check(self, model: str) -> None:
        """Refuse what is not possible with the model, before any work."""
        if not 0.0 <= self.min_confidence <= 1.0:
            raise ValueError(f"min_confidence = {self.min_confidence}: give a number from 0 to 1")
        if self.evidence not in ("views", "full", "none"):
            raise ValueError(f'evidence = {self.evidence!r}: give "views", "full" or "none"')
        if self.denoise:
            check_denoises(model)
        if self.denoise and self.layer == "raw":
            raise ValueError(
                'denoise writes a layer, and layers cannot hold the genes of "raw"; give another '
                "layer or leave denoise out"
            )

    def results(
        self, estimator: Clusterer, predicted: _morula.Predicted, counts: _morula.Counts
    ) -> _write.Parts:
        """The parts of a prediction, under the name of the model."""
        genes = counts.feature_names if self.denoise else []
        found = estimator._checked().additions(
            predicted, self.min_confidence, genes, self.denoise, self.umap, estimator._threads()
        )
        parts = _write.parts(found)
        if self.round:
            parts["uns"]["morula_counts"] = {"rounded_values": counts.n_rounded}
        return parts


def cluster(model: str, adata: Any, params: dict[str, Any], **given: Any) -> Any:
    """Fit a model, and put its results into an AnnData.

    Parameters
    ----------
    model
        Name of the model.
    adata
        The AnnData.
    params, **given
        `Options`, and parameters of the model.
    """
    given |= params
    options = Options(**{name: given.pop(name) for name in Options._fields if name in given})
    target = _write.Target(adata, options.copy, options.inplace)
    estimator = CLASSES[model](**given)
    options.check(model)
    counts = estimator._fit(adata, options.layer, options.batch_key, options.round)
    assert estimator._predicted is not None
    found = options.results(estimator, estimator._predicted, counts)
    if options.evidence != "none":
        found["uns"] |= evidence(estimator, counts, options.evidence == "full")
    return put(target, found, model, options.key_added)


def evidence(estimator: Clusterer, counts: _morula.Counts, full: bool) -> dict[str, Any]:
    """The evidence for the splits of the clusters of a fit, as entries of uns."""
    model = estimator._checked()
    try:
        found = model.evidence(counts, estimator.n_clusters, full, estimator._threads())
    except (ValueError, RuntimeError, OSError) as error:
        # The clusters are there, whatever a second fit does.
        logger.info("no evidence for the splits of clusters: %s", error)
        return {}
    if found is None:
        return {}
    parts, n_supported = found
    if n_supported < model.n_clusters:
        logger.info(
            "%d clusters are shown, but only %d are supported by molecules that played no part in "
            "finding them", model.n_clusters, n_supported,
        )  # fmt: skip
    return _write.parts(parts)["uns"]


def predict(adata: Any, estimator: Clusterer, options: Options) -> Any:
    """Predict cells, and put the results into their AnnData."""
    target = _write.Target(adata, options.copy, options.inplace)
    name = estimator._checked().name
    options.check(name)
    predicted, counts = estimator._predict(adata, options.layer, options.batch_key, options.round)
    found = options.results(estimator, predicted, counts)
    return put(target, found, name, options.key_added)


def put(target: _write.Target, found: _write.Parts, model: str, key: str | None) -> Any:
    """Put results under `key`, or under the name of the model."""
    key = key or model
    return target.put(_write.renamed(found, model, key), key)
