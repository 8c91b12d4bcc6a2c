"""The compiled part of Morula; the package `morula` is its interface."""

import os
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__version__: str
FEATURE_TYPES: list[str]

_Labels = tuple[NDArray[Any], list[str]]

@final
class Counts:
    def __new__(
        cls,
        layout: str,
        shape: tuple[int, int],
        parts: Sequence[NDArray[Any]],
        obs_names: list[str],
        var_names: list[str],
        layer: str,
        round: bool,
        feature_types: list[str | None] | None,
        batches: _Labels | None,
    ) -> Counts: ...
    @property
    def n_obs(self) -> int: ...
    @property
    def n_vars(self) -> int: ...
    @property
    def nnz(self) -> int: ...
    @property
    def var_names(self) -> list[str]: ...
    @property
    def feature_names(self) -> list[str]: ...
    @property
    def n_rounded(self) -> int: ...
    @property
    def remarks(self) -> list[str]: ...

@final
class Predicted:
    @property
    def n_obs(self) -> int: ...
    @property
    def kept_cells(self) -> NDArray[np.int64]: ...
    @property
    def labels(self) -> NDArray[np.int64]: ...
    @property
    def proba(self) -> NDArray[np.float32]: ...
    @property
    def latent(self) -> NDArray[np.float32]: ...

@final
class Model:
    @property
    def name(self) -> str: ...
    @property
    def n_clusters(self) -> int: ...
    @property
    def device(self) -> str: ...
    @property
    def batches(self) -> list[str]: ...
    @property
    def genes(self) -> list[str]: ...
    @property
    def params(self) -> dict[str, Any]: ...
    @property
    def history(self) -> list[dict[str, Any]]: ...
    def fitted(self) -> Predicted | None: ...
    def predict(self, counts: Counts, n_jobs: int | None) -> Predicted: ...
    def cut(
        self, level: str | None, n_clusters: int | None, resolution: float | None
    ) -> Model: ...
    def save(self, folder: str | os.PathLike[str]) -> None: ...
    def additions(
        self,
        predicted: Predicted,
        min_confidence: float,
        genes: list[str],
        denoised: bool,
        layout: bool,
        n_jobs: int | None,
    ) -> dict[str, dict[str, Any]]: ...
    def evidence(
        self, counts: Counts, n_clusters: int | None, full: bool, n_jobs: int | None
    ) -> tuple[dict[str, dict[str, Any]], int] | None: ...
    def denoised(self, predicted: Predicted) -> tuple[list[str], NDArray[np.float32]]: ...

@final
class Subclusters:
    def __new__(
        cls,
        obs: Sequence[tuple[str, _Labels]],
        confidence: Sequence[tuple[str, list[float]]],
        uns: dict[str, Any],
        names: tuple[str, str | None, str | None],
        model: str | None,
        params: dict[str, Any],
        n_clusters: int | None,
        seed: int | None,
        evidence: str,
        device_name: str,
    ) -> Subclusters: ...
    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    def check(self, of: str) -> None: ...
    def divide(
        self,
        of: str,
        counts: Counts,
        n_jobs: int | None,
        progress: Callable[[dict[str, Any], int], None] | None,
    ) -> dict[str, Any]: ...
    def additions(self) -> dict[str, dict[str, Any]]: ...

def annotate(
    counts: Counts,
    labels: _Labels,
    lists: str | bytes,
    margin: float,
    n_jobs: int | None,
) -> dict[str, Any]: ...
def categories(labels: list[str | None]) -> tuple[list[int], list[str]]: ...
def cut(
    about: dict[str, Any],
    fine: _Labels,
    level: str | None,
    n_clusters: int | None,
    resolution: float | None,
) -> tuple[Any, ...]: ...
def devices() -> list[str]:
    """Names of the devices of this build, hardware GPUs first."""

def evaluate(truth: NDArray[Any], pred: NDArray[Any]) -> dict[str, Any]: ...
def fit(
    kind: str,
    params: dict[str, Any],
    counts: Counts,
    device_name: str,
    n_jobs: int | None,
    progress: Callable[[dict[str, Any], int], None] | None,
) -> Model: ...
def internal(name: str, points: NDArray[Any], labels: NDArray[Any], n_jobs: int | None) -> float: ...
def is_counts(values: NDArray[Any]) -> bool: ...
def load(folder: str | os.PathLike[str], device_name: str) -> Model: ...
def models() -> list[dict[str, Any]]: ...
def panic_for_tests(n_jobs: int | None) -> None: ...
def params(kind: str, values: dict[str, Any]) -> dict[str, Any]: ...
def rank_genes_groups(
    counts: Counts,
    labels: _Labels,
    groupby: str,
    n_genes: int | None,
    min_cells: int,
    tie_correct: bool,
    n_jobs: int | None,
) -> dict[str, dict[str, Any]]: ...
def report(
    folder: str | os.PathLike[str],
    name: str,
    key: str,
    obs: list[tuple[Any, ...]],
    obsm: list[tuple[str, NDArray[Any]]],
    uns: dict[str, Any],
    counts: Counts | None,
    truth: str | None,
    batch: str | None,
    command: str,
    n_jobs: int | None,
) -> str | None: ...
def run_command(arguments: list[str], program: list[str]) -> int: ...
def simulate(
    cells: int, types: int, genes: int, dropout: float, batches: int, seed: int
) -> tuple[Any, ...]: ...
def transfer(
    reference: NDArray[Any],
    labels: _Labels,
    query: NDArray[Any],
    min_probability: float,
    max_novelty: float,
    n_jobs: int | None,
) -> tuple[Any, ...]: ...
