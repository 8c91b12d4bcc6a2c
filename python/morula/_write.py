"""Results in an AnnData: columns of obs and var, matrices of obsm and layers, entries of uns."""

from __future__ import annotations

from typing import Any

import numpy as np

Parts = dict[str, dict[str, Any]]


def parts(found: Parts) -> Parts:
    """What the compiled part gives, as Python's types: pandas, scipy and numpy."""
    of = {"obs": column, "var": column, "obsm": lambda m: m, "layers": csr, "uns": entry}
    return {
        place: {name: of[place](value) for name, value in values.items()}
        for place, values in found.items()
    }


def renamed(found: Parts, model: str, key: str) -> Parts:
    """The same parts under `key` in place of the name of the model."""
    if key == model:
        return found
    names = {model: key, f"X_{model}": f"X_{key}"}
    names |= {f"{model}_{part}": f"{key}_{part}" for part in ("confidence", "proba", "modelled")}
    found = {
        place: {names.get(name, name): value for name, value in values.items()}
        for place, values in found.items()
    }
    layout = found["uns"].get("umap", {}).get("params", {})
    if layout.get("use_rep") == f"X_{model}":
        layout["use_rep"] = f"X_{key}"
    return found


def apply(adata: Any, found: Parts, *, copy: bool, inplace: bool) -> Any:
    """Put parts into an AnnData, a copy of it, or nowhere.

    Returns
    -------
    None, the copy where `copy`, or the parts where not `inplace`.
    """
    if not inplace:
        if copy:
            raise ValueError("copy=True and inplace=False exclude each other")
        return found
    if copy:
        adata = adata.to_memory() if getattr(adata, "isbacked", False) else adata.copy()
    elif getattr(adata, "is_view", False) and hasattr(adata, "_init_as_actual"):
        # As scanpy does: results of a view are its own.
        adata._init_as_actual(adata.copy())
    for place in ("obs", "var"):
        frame = getattr(adata, place)
        for name, values in found.get(place, {}).items():
            frame[name] = values
    for place in ("obsm", "layers"):
        for name, values in found.get(place, {}).items():
            getattr(adata, place)[name] = values
    for name, value in found.get("uns", {}).items():
        adata.uns[name] = value
    return adata if copy else None


def column(value: tuple) -> Any:
    """A column of a table."""
    import pandas as pd

    kind, *rest = value
    if kind == "categorical":
        codes, names, ordered = rest
        return pd.Categorical.from_codes(codes, names, ordered=ordered)
    (values,) = rest
    if kind == "float":
        return values
    if kind == "text":
        return np.array(values, dtype=object)
    whole = all(v is not None for v in values)
    if kind == "int":
        return np.array(values, dtype=np.int64) if whole else pd.array(values, dtype="Int64")
    return np.array(values, dtype=bool) if whole else pd.array(values, dtype="boolean")


def csr(value: tuple) -> Any:
    """A sparse matrix."""
    import scipy.sparse

    shape, indptr, indices, data = value
    return scipy.sparse.csr_matrix((data, indices, indptr), shape=shape)


def entry(value: tuple) -> Any:
    """An entry of uns."""
    kind, content, *rest = value
    if kind == "map":
        return {name: entry(inner) for name, inner in content.items()}
    if kind == "texts":
        return np.array(content, dtype=object)
    if kind == "frame":
        import pandas as pd

        return pd.DataFrame({n: column(v) for n, v in rest[0].items()}, index=content)
    if kind == "records":
        names = [name for name, _ in content]
        fields = [
            v if isinstance(v, np.ndarray) else np.array(v, dtype=object) for _, v in content
        ]
        dtype = [(name, field.dtype) for name, field in zip(names, fields)]
        return np.rec.fromarrays(fields, dtype=np.dtype(dtype))
    return content
