"""Raw counts from whatever holds them."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from . import _morula
from ._labels import codes, column, used
from ._warn import warn

logger = logging.getLogger("morula")


def is_anndata(data: Any) -> bool:
    """Whether data is an AnnData, found out without importing anndata."""
    if hasattr(data, "mod") and hasattr(data, "obsmap"):
        raise TypeError('a MuData holds several matrices; give one of them, such as mdata["rna"]')
    return hasattr(data, "obs_names") and hasattr(data, "var_names")


def check_anndata(data: Any) -> None:
    """Refuse anything but an AnnData."""
    if not is_anndata(data):
        raise TypeError(f"an AnnData is needed, not {type(data).__name__}")


def counts(
    data: Any,
    *,
    layer: str | None = None,
    batches: Any = None,
    round: bool = False,
    fits: bool = False,
) -> _morula.Counts:
    """Checked counts in Morula's memory: one copy of the values, 8 bytes for each that is not 0.

    Parameters
    ----------
    data
        AnnData, or cells x genes of numpy or scipy.
    layer
        `None` or "X", "raw", or the name of a layer.
    batches
        Name of a column of obs, or a batch per cell.
    round
        Whether fractional counts are rounded.
    fits
        Whether a model is fitted to them: batches that leave nothing to compare are left out then.
    """
    name = "X" if layer is None else layer
    feature_types = None
    if is_anndata(data):
        matrix, var = _matrix(data, name)
        obs_names = [str(v) for v in data.obs_names]
        var_names = [str(v) for v in var.index]
        types = next((var[c] for c in _morula.FEATURE_TYPES if c in var.columns), None)
        if types is not None:
            feature_types = [str(v) if isinstance(v, str) else None for v in types]
        if isinstance(batches, str):
            batches = column(data.obs, batches)
    else:
        if layer is not None:
            raise TypeError("only an AnnData has layers")
        if isinstance(batches, str):
            raise TypeError("only an AnnData has columns; give a batch per cell")
        matrix = data
        if len(getattr(matrix, "shape", ())) != 2:
            matrix = np.asarray(matrix)
        if matrix.ndim != 2:
            raise ValueError(f"counts are cells x genes; this has {matrix.ndim} dimensions")
        index, columns = getattr(matrix, "index", None), getattr(matrix, "columns", None)
        n_obs, n_vars = matrix.shape
        obs_names = [str(v) for v in (range(n_obs) if index is None else index)]
        var_names = [str(v) for v in (range(n_vars) if columns is None else columns)]
    given = None if batches is None else _batches(batches, len(obs_names), fits)
    layout, shape, parts = _parts(matrix)
    try:
        found = _morula.Counts(
            layout, shape, parts, obs_names, var_names, name, round, feature_types, given
        )
    except ValueError as error:
        raise _advised(error, data, name) from None
    for remark in found.remarks:
        warn(remark)
    logger.info("read %d cells x %d genes", found.n_obs, found.n_vars)
    return found


def _matrix(adata: Any, name: str) -> tuple[Any, Any]:
    """The matrix of that name, and the table of its genes."""
    there = (["X"] if adata.X is not None else []) + _layers(adata)
    there += ["raw"] if adata.raw is not None else []
    if name not in there:
        raise KeyError(f"no layer {name}; this data holds: {', '.join(there)}")
    if name == "X":
        return adata.X, adata.var
    if name == "raw":
        return adata.raw.X, adata.raw.var
    return adata.layers[name], adata.var


def _layers(adata: Any) -> list[str]:
    """Names of layers; from anndata 0.13 on, X is among them without a name."""
    return sorted(name for name in adata.layers if isinstance(name, str))


def _parts(matrix: Any) -> tuple[str, tuple[int, int], list[np.ndarray]]:
    """Layout, shape and arrays of a matrix; nothing is copied where its type is one of Rust's."""
    for name in ("to_memory", "compute"):  # backed, and dask's
        if hasattr(matrix, name):
            matrix = getattr(matrix, name)()
    if hasattr(matrix, "id") and hasattr(matrix, "chunks"):  # h5py's
        matrix = matrix[()]
    layout = getattr(matrix, "format", None)
    if layout is not None and hasattr(matrix, "tocsr"):
        if layout not in ("csr", "csc"):
            matrix = matrix.tocsr()
            layout = "csr"
        parts = [matrix.indptr, matrix.indices, _native(matrix.data)]
        return layout, tuple(matrix.shape), parts
    matrix = np.asarray(matrix)
    return "dense", tuple(matrix.shape), [_native(matrix)]


def _native(values: np.ndarray) -> np.ndarray:
    """The same array, or a copy where Rust has no such numbers."""
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        return values.astype(np.float32 if values.dtype.itemsize < 4 else np.float64)
    return values


def _batches(values: Any, n_obs: int, fits: bool) -> tuple[np.ndarray, list[str]] | None:
    of_cells, names = used(*codes(values))
    logger.info("%d batches", len(names))
    if fits and (len(names) < 2 or 2 * len(names) > n_obs) and (of_cells >= 0).all():
        warn(
            f"nothing can be corrected: {n_obs} cells in {len(names)} batches leave nothing to "
            "compare; the model is fitted without batches"
        )
        return None
    return of_cells, names


def _advised(error: ValueError, data: Any, asked: str) -> ValueError:
    """An error about values that are no counts, with the layers that do hold counts."""
    text = str(error)
    looks = text.find("; this looks like ")
    if looks < 0 or not is_anndata(data):
        return error
    others = ["X", *_layers(data), "raw"]
    found = [name for name in others if name != asked and _holds_counts(data, name)]
    if not found:
        return error
    end = text.find(". ", looks)
    there = " and ".join(f'"{name}"' for name in found)
    return ValueError(
        f"{text[:end]}. Counts are in {there} of this data: use layer={found[0]!r} instead of {asked}"
    )


def _holds_counts(adata: Any, name: str) -> bool:
    try:
        layout, _, parts = _parts(_matrix(adata, name)[0])
        return _morula.is_counts(parts[-1].ravel())
    except (KeyError, TypeError):
        return False
