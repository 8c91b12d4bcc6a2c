"""Estimators in the manners of scikit-learn."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from . import _input, _morula
from ._progress import Progress
from ._values import plain, shown, threads, whole

logger = logging.getLogger("morula")


class NotFittedError(ValueError, AttributeError):
    """The estimator has not been fitted yet."""


class Prediction(NamedTuple):
    """The result of a model for a set of cells.

    A cell that preprocessing leaves out (one without counts) has the label -1 and NaN elsewhere.

    Attributes
    ----------
    labels : numpy.ndarray of shape (n_cells,), int64
        Cluster of every cell, numbered by decreasing size.
    proba : numpy.ndarray of shape (n_cells, n_clusters), float32
        Probability of every cluster.
    latent : numpy.ndarray of shape (n_cells, n_dims), float32
        Embedding.
    """

    labels: np.ndarray
    proba: np.ndarray
    latent: np.ndarray

    @classmethod
    def _of(cls, found: _morula.Predicted) -> Prediction:
        return cls(found.labels, found.proba, found.latent)


#: Parameters of every estimator, with their defaults.
COMMON: dict[str, Any] = {
    "n_clusters": None,
    "epochs": None,
    "random_state": 0,
    "device": "auto",
    "n_jobs": None,
    "verbosity": 1,
    "preset": "default",
}


class Clusterer:
    """A model of Morula as an estimator; the classes of the models derive from it.

    Parameters
    ----------
    n_clusters : int, optional
        Number of clusters; None finds it from the data.
    epochs : int, optional
        Epochs of training, of the main stage if there are several; None is the model's own number.
    random_state : int
        Seed: the same seed gives the same bits, for any number of threads on the CPU.
    device : {"auto", "cpu", "gpu"}
        Where to compute; "auto" takes a hardware GPU if there is one.
    n_jobs : int, optional
        Number of threads; None takes RAYON_NUM_THREADS, or all cores, as -1 does.
    verbosity : int
        0 for no progress.
    preset : {"default", "published"}
        The values of all other parameters: Morula's, or those of the paper's authors.
    **params
        Any other parameter of the model by its name, as in a configuration file of the command.
    """

    _model: ClassVar[str] = ""

    def __init__(
        self,
        n_clusters: int | None = None,
        *,
        epochs: int | None = None,
        random_state: int = 0,
        device: str = "auto",
        n_jobs: int | None = None,
        verbosity: int = 1,
        preset: str = "default",
        **params: Any,
    ) -> None:
        if not self._model:
            raise TypeError("take the class of a model, such as JojoSCL")
        self.n_clusters = n_clusters
        self.epochs = epochs
        self.random_state = random_state
        self.device = device
        self.n_jobs = n_jobs
        self.verbosity = verbosity
        self.preset = preset
        self._params = dict(params)
        # The compiled part's `seed` is `random_state` here.
        own = [name for name in _morula.params(self._model, {}) if name not in {*COMMON, "seed"}]
        unknown = sorted(set(params) - set(own))
        if unknown:
            known = ", ".join([*COMMON, *own])
            raise TypeError(
                f"unknown parameter {unknown[0]!r} of {type(self).__name__}; there are: {known}"
            )
        self._fitted: _morula.Model | None = None
        self._predicted: _morula.Predicted | None = None
        self._cells: Prediction | None = None
        self._batch_key: str | None = None

    # Parameters

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name.

        Parameters
        ----------
        deep
            Has no effect; scikit-learn gives it.

        Examples
        --------
        >>> import morula as mo
        >>> mo.JojoSCL(n_clusters=8, noise=0.2).get_params()["noise"]
        0.2
        """
        return {name: getattr(self, name) for name in COMMON} | self._params

    def set_params(self, **params: Any) -> Clusterer:
        """Set parameters by name, and return the estimator; what was fitted stays until the next fit.

        Examples
        --------
        >>> import morula as mo
        >>> mo.JojoSCL().set_params(n_clusters=4)
        JojoSCL(n_clusters=4)
        """
        checked = type(self)(**(self.get_params() | params))
        for name in COMMON:
            setattr(self, name, getattr(checked, name))
        self._params = checked._params
        return self

    def _settings(self) -> dict[str, Any]:
        """The parameters as the compiled part takes them."""
        settings = {name: plain(value) for name, value in self._params.items()}
        settings["preset"] = self.preset
        k = self.n_clusters
        settings["n_clusters"] = "auto" if k is None else whole("n_clusters", k)
        settings["seed"] = whole("random_state", self.random_state)
        if self.epochs is not None:
            settings["epochs"] = whole("epochs", self.epochs)
        return settings

    def _threads(self) -> int | None:
        return threads(self.n_jobs)

    def __repr__(self) -> str:
        given = {name: shown(value) for name, value in self.get_params().items()}
        defaults = {name: shown(value) for name, value in COMMON.items()}
        words = [f"{name}={v}" for name, v in given.items() if defaults.get(name) != v]
        return f"{type(self).__name__}({', '.join(words)})"

    # Fit

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        layer: str | None = None,
        batch_key: str | None = None,
        batches: Any = None,
        round: bool = False,
    ) -> Clusterer:
        """Fit the model to raw counts.

        Ctrl-C raises KeyboardInterrupt at once; the estimator stays as it was.

        Parameters
        ----------
        X : anndata.AnnData, or matrix of shape (n_cells, n_genes)
            Raw counts: AnnData, numpy, or scipy's sparse matrices.
        y
            Has no effect: no model takes labels.
        layer
            Layer of an AnnData with the counts, "raw" or "X"; None is X.
        batch_key
            Column of obs with the batch of every cell, which the model corrects for.
        batches : array of shape (n_cells,), optional
            The batches themselves.
        round
            Accept fractional counts and round them.

        Examples
        --------
        >>> import morula as mo
        >>> adata = mo.simulate(200, 3, n_genes=200)
        >>> model = mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit(adata)
        >>> model.labels_.shape, model.n_clusters_
        ((200,), 3)
        """
        self._fit(X, layer, _one("batch_key", batch_key, "batches", batches), round)
        self._batch_key = batch_key
        return self

    def _fit(self, X: Any, layer: str | None, batches: Any, round: bool) -> _morula.Counts:
        """Fits the model, and returns the counts that it was fitted to."""
        settings = self._settings()
        _morula.params(self._model, settings)
        counts = _input.counts(X, layer=layer, batches=batches, round=round, fits=True)
        k = self.n_clusters
        if k is not None and k > counts.n_obs:
            raise ValueError(
                f"{k} clusters asked for, but there are {counts.n_obs} cells; ask for at most "
                f"{counts.n_obs}"
            )
        args = (self._model, settings, counts, self.device, self._threads())
        if self.verbosity > 0:
            with Progress(type(self).__name__) as progress:
                model = _morula.fit(*args, progress)
        else:
            model = _morula.fit(*args, None)
        predicted = model.fitted()
        assert predicted is not None
        self._fitted, self._predicted = model, predicted
        self._cells = Prediction._of(predicted)
        left_out = int((self._cells.labels < 0).sum())
        if left_out:
            logger.info("%d of %d cells left out: too few counts", left_out, counts.n_obs)
        return counts

    def fit_predict(self, X: Any, y: None = None, **given: Any) -> np.ndarray:
        """`fit`, then the clusters of its cells, of shape (n_cells,).

        Examples
        --------
        >>> import morula as mo
        >>> adata = mo.simulate(200, 3, n_genes=200)
        >>> mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit_predict(adata).shape
        (200,)
        """
        return self.fit(X, y, **given).labels_

    def fit_transform(self, X: Any, y: None = None, **given: Any) -> np.ndarray:
        """`fit`, then the embedding of its cells, of shape (n_cells, n_dims)."""
        return self.fit(X, y, **given).embedding_

    # What was fitted

    def _checked(self) -> _morula.Model:
        if self._fitted is None:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet; call fit before")
        return self._fitted

    def _of_fit(self) -> Prediction:
        self._checked()
        if self._cells is None:
            raise NotFittedError("a loaded model does not keep the cells of its fit; use predict")
        return self._cells

    @property
    def labels_(self) -> np.ndarray:
        """Clusters of the cells of the fit, of shape (n_cells,); -1 of cells left out."""
        return self._of_fit().labels

    @property
    def proba_(self) -> np.ndarray:
        """Probabilities of the cells of the fit, of shape (n_cells, n_clusters)."""
        return self._of_fit().proba

    @property
    def embedding_(self) -> np.ndarray:
        """Embedding of the cells of the fit, of shape (n_cells, n_dims)."""
        return self._of_fit().latent

    @property
    def n_clusters_(self) -> int:
        """Number of clusters, given or found."""
        return self._checked().n_clusters

    @property
    def history_(self) -> list[dict[str, Any]]:
        """Losses of every epoch."""
        return self._checked().history

    @property
    def genes_(self) -> list[str]:
        """Names of the genes that the model uses."""
        return self._checked().genes

    # New cells

    def prediction(
        self,
        X: Any,
        *,
        layer: str | None = None,
        batch_key: str | None = None,
        batches: Any = None,
        round: bool = False,
    ) -> Prediction:
        """Clusters, probabilities and embedding of new cells. Genes are matched by name.

        Parameters
        ----------
        X, layer, batches, round
            As in `fit`.
        batch_key
            Column of obs with the batches, which a model that corrects for batches needs; None is
            that of the fit.

        Examples
        --------
        >>> import morula as mo
        >>> adata = mo.simulate(300, 3, n_genes=200)
        >>> model = mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit(adata[:200])
        >>> model.prediction(adata[200:]).proba.shape
        (100, 3)
        """
        given = _one("batch_key", batch_key, "batches", batches)
        return Prediction._of(self._predict(X, layer, given, round)[0])

    def _predict(
        self, X: Any, layer: str | None, batches: Any, round: bool
    ) -> tuple[_morula.Predicted, _morula.Counts]:
        model = self._checked()
        if batches is not None and not model.batches:
            raise ValueError(
                "this model knows no batches, because it was fitted without them, so they have no "
                "effect; leave them out"
            )
        if batches is None and model.batches and self._batch_key is not None:
            there = _input.is_anndata(X) and self._batch_key in X.obs.columns
            batches = self._batch_key if there else None
        counts = _input.counts(X, layer=layer, batches=batches, round=round)
        return model.predict(counts, self._threads()), counts

    def predict(self, X: Any, **given: Any) -> np.ndarray:
        """Clusters of new cells, of shape (n_cells,); -1 of cells left out.

        Takes what `prediction` takes.

        Examples
        --------
        >>> import morula as mo
        >>> adata = mo.simulate(300, 3, n_genes=200)
        >>> model = mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit(adata[:200])
        >>> model.predict(adata[200:]).shape
        (100,)
        """
        return self.prediction(X, **given).labels

    def predict_proba(self, X: Any, **given: Any) -> np.ndarray:
        """Probabilities of new cells, of shape (n_cells, n_clusters)."""
        return self.prediction(X, **given).proba

    def transform(self, X: Any, **given: Any) -> np.ndarray:
        """Embedding of new cells, of shape (n_cells, n_dims)."""
        return self.prediction(X, **given).latent

    latent = transform

    def denoise(
        self,
        X: Any = None,
        *,
        layer: str | None = None,
        batch_key: str | None = None,
        batches: Any = None,
        round: bool = False,
    ) -> tuple[np.ndarray, list[str]]:
        """Denoised counts of cells, and the genes of their columns.

        Counts without noise and dropout, at one library size for all cells. Only scSiameseClu has
        them; another model raises ValueError.

        Parameters
        ----------
        X
            New cells, as in `prediction`; None for the cells of the fit.
        layer, batch_key, batches, round
            As in `prediction`, for new cells only.

        Returns
        -------
        counts : numpy.ndarray of shape (n_cells, n_modelled_genes), float32
        genes : list of str
        """
        model = self._checked()
        check_denoises(self._model)
        if X is None:
            given = dict(layer=layer, batch_key=batch_key, batches=batches, round=round or None)
            for name in (name for name, value in given.items() if value is not None):
                raise ValueError(f"{name} is for new cells; give the cells, or leave {name} out")
            self._of_fit()
            if self._predicted is None:
                raise NotFittedError("a copied model does not keep the cells of its fit; give them")
            found = self._predicted
        else:
            given_batches = _one("batch_key", batch_key, "batches", batches)
            found, _ = self._predict(X, layer, given_batches, round)
        genes, counts = model.denoised(found)
        return counts, genes

    def cut(
        self,
        level: str | None = None,
        *,
        n_clusters: int | None = None,
        resolution: float | None = None,
    ) -> Clusterer:
        """The model with another cut of the tree of its clusters, without training.

        Parameters
        ----------
        level, n_clusters, resolution
            One of them, as in `tl.cut`.

        Returns
        -------
        Clusterer
            A model that predicts and is saved like this one. It does not know the cells of the fit;
            `tl.cut` cuts the data.

        Examples
        --------
        >>> import morula as mo
        >>> adata = mo.simulate(200, 3, n_genes=200)
        >>> model = mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit(adata)
        >>> model.cut(n_clusters=2).n_clusters_
        2
        """
        k = None if n_clusters is None else whole("n_clusters", n_clusters)
        fitted = self._checked().cut(level, k, resolution)
        other = type(self)(**self.get_params())
        other._fitted, other._batch_key = fitted, self._batch_key
        return other

    # Keeping

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a folder, which the command, Rust and `load` read.

        Parameters
        ----------
        path
            The folder; a model already there is replaced when the new one is complete.

        Examples
        --------
        >>> import tempfile, morula as mo
        >>> adata = mo.simulate(200, 3, n_genes=200)
        >>> model = mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit(adata)
        >>> with tempfile.TemporaryDirectory() as home:
        ...     model.save(home + "/model")
        ...     again = mo.load(home + "/model")
        >>> bool((again.predict(adata) == model.predict(adata)).all())
        True
        """
        self._checked().save(os.fspath(path))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {"params": self.get_params(), "cells": None, "files": None}
        state["batch_key"] = self._batch_key
        if self._fitted is not None:
            state["cells"] = self._cells and tuple(self._cells)
            with tempfile.TemporaryDirectory() as home:
                folder = Path(home) / "model"
                self._fitted.save(str(folder))
                files = (f for f in folder.rglob("*") if f.is_file())
                state["files"] = {str(f.relative_to(folder)): f.read_bytes() for f in files}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["params"])  # type: ignore[misc]
        self._batch_key = state["batch_key"]
        if state["files"] is None:
            return
        with tempfile.TemporaryDirectory() as home:
            folder = Path(home) / "model"
            for name, content in state["files"].items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            self._fitted = _morula.load(str(folder), self.device)
        self._cells = state["cells"] and Prediction(*state["cells"])


class JojoSCL(Clusterer):
    """JojoSCL: shrinkage contrastive learning (https://arxiv.org/abs/2506.00410).

    Takes the parameters of `Clusterer`, and every other parameter of the model by name.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(200, 3, n_genes=200)
    >>> model = mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit(adata)
    >>> model.embedding_.shape[0]
    200
    """

    _model = "jojoscl"


class ScSiameseClu(Clusterer):
    """scSiameseClu: a Siamese graph model that also denoises (https://arxiv.org/abs/2505.12626).

    Takes the parameters of `Clusterer`, and every other parameter of the model by name.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(200, 3, n_genes=200)
    >>> small = dict(epochs=2, autoencoder_epochs=2, graph_epochs=2, joint_epochs=2, verbosity=0)
    >>> model = mo.ScSiameseClu(n_clusters=3, **small).fit(adata)
    >>> counts, genes = model.denoise()
    >>> counts.shape == (200, len(genes))
    True
    """

    _model = "scsiameseclu"


#: The class of every model of the compiled part; one that has no class above gets one.
CLASSES: dict[str, type[Clusterer]] = {c._model: c for c in (JojoSCL, ScSiameseClu)}
for _about in _morula.models():
    if _about["name"] not in CLASSES:
        _title = _about["title"][:1].upper() + _about["title"][1:]
        CLASSES[_about["name"]] = type(
            _title, (Clusterer,), {"_model": _about["name"], "__doc__": _about["about"]}
        )


def check_denoises(model: str) -> None:
    """Refuse a model that has no denoised counts."""
    if not next(about for about in _morula.models() if about["name"] == model)["denoises"]:
        raise ValueError(f"{model} does not denoise")


def load(path: str | os.PathLike[str], device: str = "auto") -> Clusterer:
    """Load a model that `Clusterer.save`, the command or a Rust program has saved.

    Parameters
    ----------
    path
        The folder.
    device : {"auto", "cpu", "gpu"}
        Where the model computes.

    Returns
    -------
    Clusterer
        An estimator of the model's class. It knows its parameters, but not the cells of its fit.

    Examples
    --------
    >>> import tempfile, morula as mo
    >>> model = mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit(mo.simulate(200, 3, n_genes=200))
    >>> with tempfile.TemporaryDirectory() as home:
    ...     model.save(home + "/model")
    ...     mo.load(home + "/model")
    JojoSCL(n_clusters=3, epochs=3)
    """
    model = _morula.load(os.fspath(path), device)
    params = dict(model.params)
    defaults = _morula.params(model.name, {})
    common = {"device": device, "random_state": params.pop("seed")}
    # A model without a network has no epochs.
    k, epochs = params.pop("n_clusters"), params.pop("epochs", None)
    common["n_clusters"] = None if k == "auto" else k
    common["epochs"] = None if epochs == defaults.get("epochs") else epochs
    others = {name: value for name, value in params.items() if value != defaults.get(name)}
    estimator = CLASSES[model.name](**common, **others)
    estimator._fitted = model
    return estimator


def _one(name: str, value: Any, other: str, instead: Any) -> Any:
    if value is not None and instead is not None:
        raise ValueError(f"give {name} or {other}, not both")
    return instead if value is None else value
