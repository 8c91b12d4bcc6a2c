#!/usr/bin/env python3
"""Checks that Python's anndata opens our files, h5ad or zarr, and finds everything unchanged.

    check_h5ad.py IN OUT [IN OUT ...]   OUT must equal IN plus the results of examples/annotate.rs
    check_h5ad.py --counts OUT ...      X of OUT must be the counts of make_h5ad_fixtures.py
    check_h5ad.py --x IN OUT ...        X of OUT must be that of IN

Exit code 1 and a line per difference, else 0.
"""

import shutil
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

sys.dont_write_bytecode = True
from make_h5ad_fixtures import COUNTS  # noqa: E402

warnings.filterwarnings("ignore")
SPARSE = (sp.spmatrix, sp.sparray) if hasattr(sp, "sparray") else (sp.spmatrix,)


def same(path, a, b, errors):
    """Compares two values in full; appends a line to `errors` for each difference."""
    if hasattr(a, "items") and not isinstance(a, (pd.DataFrame, pd.Series, *SPARSE)):
        for key in sorted(set(a) | set(b), key=str):
            if key not in a or key not in b:
                errors.append(f"{path}/{key}: only in {'input' if key in a else 'output'}")
            else:
                same(f"{path}/{key}", a[key], b[key], errors)
    elif isinstance(a, pd.DataFrame):
        try:
            pd.testing.assert_frame_equal(a, b, check_exact=True)
        except AssertionError as error:
            errors.append(f"{path}: {error}")
    elif sp.issparse(a):
        if not sp.issparse(b) or a.format != b.format or a.shape != b.shape or a.dtype != b.dtype:
            errors.append(f"{path}: another layout, shape or type")
        else:
            for part in ("data", "indices", "indptr"):
                if not np.array_equal(getattr(a, part), getattr(b, part), equal_nan=part == "data"):
                    errors.append(f"{path}: {part} differ")
    else:
        plain = (lambda v: v.item() if isinstance(v, np.generic) else v)
        a, b = plain(a), plain(b)
        if type(a) is not type(b):
            errors.append(f"{path}: {type(a).__name__} became {type(b).__name__}")
            return
        # anndata reads texts of zarr as numpy's own kind of texts.
        x, y = (v.astype(object) if v.dtype.kind == "T" else v for v in map(np.asarray, (a, b)))
        if x.dtype != y.dtype or x.shape != y.shape:
            errors.append(f"{path}: {x.dtype}{x.shape} became {y.dtype}{y.shape}")
        elif x.tobytes() != y.tobytes() and not (
            all(np.array_equal(x[f], y[f]) for f in x.dtype.names)
            if x.dtype.names
            else np.array_equal(x, y)
        ):
            errors.append(f"{path}: values differ")


def take_results(data, errors):
    """Checks the results of examples/annotate.rs and removes them."""
    n = data.n_obs
    keep = np.arange(n) % 5 != 4
    labels = [str(i % 3) if k else np.nan for i, k in enumerate(keep)]
    expected = {
        "morula": pd.Categorical(labels),
        "morula_confidence": np.where(keep, np.arange(n) / max(n, 1), np.nan),
        "morula_rank": pd.array([i if k else None for i, k in enumerate(keep)], dtype="Int64"),
        "morula_core": np.arange(n) % 2 == 0,
        "morula_note": [f"n{i}" for i in range(n)],
    }
    frame = pd.DataFrame(expected, index=data.obs_names)
    if keep.all():
        frame["morula_rank"] = frame["morula_rank"].astype("int64")
    try:
        found = data.obs[list(expected)]
        for text in ("morula_note",):
            found[text], frame[text] = found[text].astype(str), frame[text].astype(str)
        pd.testing.assert_frame_equal(frame, found, check_exact=True, check_names=False)
        if list(data.obs)[-5:] != list(expected):
            errors.append("obs: the new columns do not come last")
    except (AssertionError, KeyError) as error:
        errors.append(f"obs, new columns: {error}")
    data.obs.drop(columns=list(expected), inplace=True, errors="ignore")
    genes = data.n_vars
    used = np.arange(genes) % 3 == 0
    try:
        if list(data.var)[-1:] != ["morula_used"]:
            errors.append("var: the new column does not come last")
        same("var/morula_used", used, data.var.pop("morula_used").to_numpy(), errors)
    except KeyError:
        errors.append("var: no new column")
    columns = np.flatnonzero(used).astype("i4")
    filled = max(n - 1, 0)
    offsets = np.maximum(np.arange(n + 1) - 1, 0) * len(columns)
    values = (np.arange(filled * len(columns)) % 4 / 2).astype("f4")
    layer = sp.csr_matrix((values, np.tile(columns, filled), offsets.astype("i4")), (n, genes))
    same("layers/morula", layer, data.layers.pop("morula", None), errors)
    embedding = (np.arange(n * 4) / 2).astype("f4").reshape(n, 4)
    same("obsm/X_morula", embedding, data.obsm.pop("X_morula", None), errors)
    settings = {
        "seed": 7, "device": "cpu", "learning_rate": 0.5, "converged": True, "loss": np.array([3.0, 2.5, 2.25]),
        "sizes": np.array([1, 2, 3]), "names": np.array(["a", "β", ""], dtype=object),
        "params": {"empty": {}, "k": 3},
    }
    same("uns/morula", settings, data.uns.pop("morula", {}), errors)


def read(path):
    """The content of an h5ad file or of a zarr store, which may be in a zip file."""
    path = Path(path)
    if path.suffix == ".zip":
        with TemporaryDirectory() as folder:
            shutil.unpack_archive(path, folder)
            (root,) = {found.parent for found in Path(folder).rglob("obs")} or {folder}
            return anndata.read_zarr(root)
    return anndata.read_zarr(path) if path.suffix == ".zarr" else anndata.read_h5ad(path)


def compare(before, after):
    errors = []
    a, b = read(before), read(after)
    take_results(b, errors)
    for part in ("X", "obs", "var", "layers", "obsm", "varm", "obsp", "varp", "uns"):
        x, y = getattr(a, part), getattr(b, part)
        if x is None or y is None:
            if x is not y:
                errors.append(f"{part}: there in one file only")
        else:
            same(part, x, y, errors)
    if (a.raw is None) != (b.raw is None):
        errors.append("raw: there in one file only")
    elif a.raw is not None:
        for part in ("X", "var", "varm"):
            same(f"raw/{part}", getattr(a.raw, part), getattr(b.raw, part), errors)
    # Objects that anndata does not model: every one in the input must remain.
    if Path(after).is_dir():
        if Path(before).is_dir():
            old, new = Path(before), Path(after)
            every = [path.relative_to(old) for path in old.rglob("*")]
            lost = [path for path in every if path.name != ".zmetadata" and not (new / path).exists()]
            errors += [f"{path}: lost" for path in lost]
        return [f"{after}: {error}" for error in errors]
    with h5py.File(before) as f, h5py.File(after) as g:
        legacy = isinstance(f["obs"], h5py.Dataset)
        names = []
        f.visit(names.append)
        lost = [name for name in names if name not in g and not legacy]
        errors += [f"{name}: lost" for name in lost]
    return [f"{after}: {error}" for error in errors]


def main(arguments):
    failures = []
    if arguments[:1] == ["--counts"]:
        for path in arguments[1:]:
            data = read(path)
            errors = []
            take_results(data, errors)
            same("X", COUNTS.astype("f4"), data.X.toarray(), errors)
            failures += [f"{path}: {error}" for error in errors]
    elif arguments[:1] == ["--x"]:
        for before, after in zip(arguments[1::2], arguments[2::2]):
            x, y = (read(path).X for path in (before, after))
            x, y = (m.toarray() if sp.issparse(m) else m for m in (x, y))
            if not np.array_equal(np.asarray(x, "f4"), np.asarray(y, "f4")):
                failures.append(f"{after}: X differs")
    else:
        for before, after in zip(arguments[::2], arguments[1::2]):
            failures += compare(before, after)
    print("\n".join(failures) or f"anndata {version('anndata')}, h5py {h5py.__version__}, HDF5 {h5py.version.hdf5_version}: ok")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
