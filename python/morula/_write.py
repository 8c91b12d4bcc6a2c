"""Results in an AnnData: columns of obs and var, matrices of obsm and layers, entries of uns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._input import check_anndata

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

    def name_of(name: str) -> str:
        for start in (model, f"X_{model}"):
            if name == start or name.startswith(f"{start}_"):
                return start.removesuffix(model) + key + name[len(start) :]
        return name

    layout = found["uns"].get("umap", {}).get("params", {})
    if "use_rep" in layout:
        layout["use_rep"] = name_of(layout["use_rep"])
    names = {place: [name_of(name) for name in values] for place, values in found.items()}
    for place, new in names.items():
        if len(set(new)) < len(new):
            raise ValueError(f"key_added = {key!r}: results in {place} have that name already")
    return {place: dict(zip(names[place], values.values())) for place, values in found.items()}


#: What a fit writes beside its clusters and other results may lack, by the end of the name, and what
#: was found within its clusters.
OF_FIT = {
    "obs": ("coarse", "fine", "subcluster", "subcluster_confidence"),
    "uns": ("evidence", "subcluster", "subcluster_evidence"),
}

#: The same of clusters within clusters.
OF_SUBCLUSTERS = {"obs": ("confidence",), "uns": ("evidence",)}


class Target:
    """An AnnData that takes results, a copy of it, or nothing: the results are returned then.

    Parameters
    ----------
    adata
        The AnnData; anything else is refused.
    copy
        Whether a copy takes the results and is returned.
    inplace
        Whether anything takes them.
    """

    def __init__(self, adata: Any, copy: bool, inplace: bool) -> None:
        check_anndata(adata)
        if copy and not inplace:
            raise ValueError("copy=True and inplace=False exclude each other")
        self._adata, self._copy, self._inplace = adata, copy, inplace

    def put(
        self, found: Parts, key: str | None = None, ends: Mapping[str, tuple[str, ...]] = OF_FIT
    ) -> Any:
        """Put the parts of a result.

        Parameters
        ----------
        found
            The parts by place and name.
        key
            Name of a model's results; what an earlier fit has left under that name goes.
        ends
            What that is, by place and the end of the name.

        Returns
        -------
        None, the copy, or the parts.
        """
        if not self._inplace:
            return found
        adata = self._adata
        if self._copy:
            adata = adata.to_memory() if getattr(adata, "isbacked", False) else adata.copy()
        elif getattr(adata, "is_view", False) and hasattr(adata, "_init_as_actual"):
            # As scanpy does: results of a view are its own.
            adata._init_as_actual(adata.copy())
        for place, names in ends.items() if key is not None else ():
            there = getattr(adata, place)
            for name in (f"{key}_{end}" for end in names):
                if name in there:
                    del there[name]
        renamed = dict(adata.uns.get("morula_match", {})).get("column")
        if key is not None and ends is OF_FIT and renamed == key:
            # The new clusters have their own numbers.
            del adata.uns["morula_match"]
        for place in ("obs", "var", "obsm", "layers", "uns"):
            there = getattr(adata, place)
            for name, value in found.get(place, {}).items():
                there[name] = value
        return adata if self._copy else None


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
