"""Labels of cells as codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _morula


def codes(values: Any) -> tuple[np.ndarray, list[str]]:
    """Codes of labels, -1 where one is missing, and the label of every code.

    Categories keep their order; other labels are sorted, by value if all are whole numbers.
    """
    dtype = getattr(values, "dtype", None)
    if str(dtype) == "category":
        kept = getattr(values, "cat", values)
        return np.asarray(kept.codes, dtype=np.int32), [str(c) for c in kept.categories]
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu" and values.ndim == 1:
        distinct, of_cells = np.unique(values, return_inverse=True)
        return of_cells.astype(np.int32), [str(v) for v in distinct]
    import pandas as pd

    values = pd.Series(values).reset_index(drop=True)
    if str(values.dtype) == "category":
        return codes(values)
    missing = values.isna()
    # Whole numbers beside missing ones are floats in numpy only.
    labels = [None if gone else str(v) for v, gone in zip(values.tolist(), missing)]
    found, names = _morula.categories(labels)
    return np.asarray(found, dtype=np.int32), names


def column(frame: Any, name: str) -> Any:
    """A column of obs or var; a missing one is a KeyError with the columns there are."""
    if name not in frame.columns:
        there = ", ".join(map(str, frame.columns))
        raise KeyError(f"no column {name}; there are: {there}")
    return frame[name]


def used(of_cells: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """The same labels without those that no cell has."""
    there = np.zeros(len(names) + 1, dtype=bool)
    there[of_cells] = True
    new = np.cumsum(there[:-1]) - 1
    # -1 is the last place, and stays.
    new = np.append(np.where(there[:-1], new, -1), -1).astype(np.int32)
    return new[of_cells], [name for name, t in zip(names, there) if t]
