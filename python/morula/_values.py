"""Values that users give: checked, plain, and as text."""

from __future__ import annotations

import os
import reprlib
from typing import Any

import numpy as np


def whole(name: str, value: Any, least: int = 0) -> int:
    """A whole number of at least `least`; any other is an error with its name and value."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is a whole number, not {shown(value)}")
    if not least <= value < 2**64:
        raise ValueError(f"{name} = {value}: give a whole number from {least} to 2**64 - 1")
    return int(value)


def threads(n_jobs: int | None) -> int | None:
    """The number of threads that `n_jobs` means, in scikit-learn's way."""
    if n_jobs is None:
        return None
    cores = os.cpu_count() or 1
    negative = isinstance(n_jobs, (int, np.integer)) and n_jobs < 0
    found = cores + 1 + n_jobs if negative else whole("n_jobs", n_jobs)
    if found < 1:
        raise ValueError(f"n_jobs = {n_jobs}: give a number of threads, or -1 for all cores")
    return int(found)


def plain(value: Any) -> Any:
    """A value without numpy's types."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value


def builtin(value: Any) -> Any:
    """An entry of uns in the types that the compiled part takes; None for what has no counterpart."""
    if isinstance(value, dict):
        items = {str(name): builtin(inner) for name, inner in value.items()}
        return {name: inner for name, inner in items.items() if inner is not None}
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, np.generic):
        return builtin(value.item())
    if not isinstance(value, (list, tuple)) and not hasattr(value, "__array__"):
        return None
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return None
    if array.ndim != 1:
        return None
    if array.dtype.kind in "biuf":
        return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    texts = array.tolist()
    return texts if all(isinstance(text, str) for text in texts) else None


class _Short(reprlib.Repr):
    """Of an array its shape, of other long values their ends."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_instance(self, value: Any, level: int) -> str:
        shape = getattr(value, "shape", ())
        if shape != () and isinstance(shape, tuple):
            return f"<{type(value).__name__} of shape {shape}>"
        return super().repr_instance(value, level)


#: A value as text on one line.
shown = _Short().repr
