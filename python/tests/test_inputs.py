"""Every kind of input gives the same counts, and so the same bits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from conftest import FAST, same

import morula as mo


def fit(x, **given):
    return mo.JojoSCL(**FAST).fit(x, **given).embedding_


@pytest.fixture(scope="module")
def expected(_cells):
    return fit(_cells)


FLOATS = ["float16", "float32", "float64", "longdouble"]
INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


@pytest.mark.parametrize("dtype", FLOATS + INTS)
@pytest.mark.parametrize("layout", ["csr", "csc", "dense"])
def test_types_and_layouts(adata, layout, dtype):
    if adata.X.max() > (np.iinfo(dtype).max if dtype in INTS else 2048):
        adata.X.data = np.minimum(adata.X.data, 100)
    expected = mo._input.counts(adata.copy())
    if dtype in ("float16", "longdouble") and layout != "dense":
        adata.X = adata.X.tocsr()
        adata.X.data = adata.X.data.astype(dtype)
    else:
        x = adata.X.toarray().astype(dtype)
        adata.X = x if layout == "dense" else getattr(sp, f"{layout}_matrix")(x)
    counts = mo._input.counts(adata)
    assert (counts.n_obs, counts.n_vars, counts.nnz) == (240, 300, expected.nnz)


def test_a_matrix_of_truth_values(adata):
    counts = mo._input.counts(sp.csr_matrix(adata.X.astype(bool)))
    assert counts.nnz == adata.X.nnz


@pytest.mark.parametrize("form", ["csc", "coo", "lil", "dense", "fortran", "array", "int64 index"])
def test_layouts_give_the_same_bits(adata, expected, form):
    x = adata.X
    if form == "dense":
        adata.X = x.toarray()
    elif form == "fortran":
        adata.X = np.asfortranarray(x.toarray())
    elif form == "array":
        adata = mo.simulate(240, 3, n_genes=300, random_state=3)
        adata.X = sp.csr_array(x) if hasattr(sp, "csr_array") else x
    elif form == "int64 index":
        x.indices, x.indptr = x.indices.astype(np.int64), x.indptr.astype(np.int64)
        adata.X = x
    elif form == "csc":
        adata.X = x.tocsc()
    else:
        return _same_from_matrix(x, form)
    assert same(fit(adata), expected)


def _same_from_matrix(x, form):
    assert same(fit(x.asformat(form)), fit(x))


def test_matrices_without_names(adata):
    dense = fit(adata.X.toarray())
    assert same(fit(adata.X), dense)
    assert same(fit(adata.X.tocsc()), dense)
    frame = pd.DataFrame(adata.X.toarray(), index=adata.obs_names, columns=adata.var_names)
    assert same(fit(frame), fit(adata))
    assert same(fit(adata.X.toarray().tolist()), dense)


def test_layers_and_raw(adata, expected):
    adata.layers["counts"] = adata.X.copy()
    adata.raw = adata.copy()
    adata.X = np.log1p(adata.X.toarray())
    assert same(fit(adata, layer="counts"), expected)
    assert same(fit(adata, layer="raw"), expected)
    with pytest.raises(ValueError, match='Counts are in "counts" and "raw"') as error:
        fit(adata)
    assert "layer X: cell" in str(error.value) and "layer='counts'" in str(error.value)


def test_views_and_strides(adata):
    some = adata[::2, 10:]
    assert some.is_view
    assert same(fit(some), fit(some.copy()))
    dense = adata.X.toarray()
    assert same(fit(dense[::2, 10:]), fit(dense[::2, 10:].copy()))


@pytest.mark.parametrize("layout", ["csr", "dense"])
def test_backed(adata, expected, tmp_path, layout):
    import anndata

    if layout == "dense":
        adata.X = adata.X.toarray()
    adata.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    assert same(fit(backed), expected)
    mo.tl.jojoscl(backed, **FAST)
    assert same(backed.obsm["X_jojoscl"], expected)
    assert backed.isbacked
    copied = mo.tl.jojoscl(backed, copy=True, **FAST)
    assert not copied.isbacked and same(copied.obsm["X_jojoscl"], expected)


def test_mudata(adata, expected):
    mudata = pytest.importorskip("mudata")
    mdata = mudata.MuData({"rna": adata})
    with pytest.raises(TypeError, match='mdata\\["rna"\\]'):
        mo.tl.jojoscl(mdata)
    mo.tl.jojoscl(mdata["rna"], **FAST)
    assert same(mdata["rna"].obsm["X_jojoscl"], expected)


def test_only_genes_of_10x_features(adata):
    kinds = np.where(np.arange(300) < 290, "Gene Expression", "Antibody Capture")
    genes = adata[:, :290].copy()
    adata.var["feature_types"] = pd.Categorical(kinds)
    with pytest.warns(UserWarning, match="left out"):
        found = fit(adata)
    assert same(found, fit(genes))
    with pytest.warns(UserWarning, match="left out"):
        mo.tl.rank_genes_groups(adata, "cell_type")
    assert adata.layers["lognorm"].shape == adata.shape
    assert adata.layers["lognorm"][:, 290:].nnz == 0


@pytest.mark.parametrize("name", mo._morula.FEATURE_TYPES)
def test_columns_of_feature_types(adata, name):
    kinds = np.where(np.arange(300) < 290, "rna", "prot")
    adata.var[name] = kinds
    adata.raw = adata.copy()
    for layer in ("X", "raw"):
        with pytest.warns(UserWarning, match="left out"):
            assert mo._input.counts(adata, layer=layer).n_vars == 290
    # The first of the columns counts, as in files.
    for other in mo._morula.FEATURE_TYPES:
        if other not in adata.var:
            adata.var[other] = "Gene Expression" if other == "feature_types" else "ADT"
    if name == "feature_types":
        with pytest.warns(UserWarning, match="left out"):
            assert mo._input.counts(adata).n_vars == 290
    else:
        assert mo._input.counts(adata).n_vars == 300


def test_names_of_feature_types_are_those_of_files():
    assert {"feature_types", "feature_type", "modality"} <= set(mo._morula.FEATURE_TYPES)


def test_fractions(adata):
    adata.X.data = adata.X.data + 0.25
    with pytest.raises(ValueError, match="round=True"):
        fit(adata)
    with pytest.warns(UserWarning, match="fractional values were rounded"):
        mo.tl.jojoscl(adata, round=True, **FAST)
    assert adata.uns["morula_counts"]["rounded_values"] == adata.X.nnz


def test_values_beyond_single_precision(adata):
    for layout in ("csr", "csc"):
        x = adata.X.astype(np.int64).asformat(layout)
        x.data[5] = 2**24 + 1
        with pytest.raises(ValueError, match="16777217"):
            mo._input.counts(x)
    x = adata.X.toarray().astype(float)
    x[3, 7] = 2**24 + 1
    with pytest.raises(ValueError, match="cell 3, gene 7 holds 16777217"):
        mo._input.counts(x)


def test_what_is_no_count(adata):
    for bad in (-1.0, np.nan, np.inf, 0.5):
        x = adata.X.toarray()
        x[2, 5] = bad
        with pytest.raises(ValueError, match="cell 2, gene 5"):
            mo._input.counts(x)
    for x in (np.zeros((0, 3)), np.zeros((3, 0))):
        with pytest.raises(ValueError, match="empty"):
            mo._input.counts(x)
    with pytest.raises(ValueError, match="dimensions"):
        mo._input.counts(np.zeros(3))
    for x in ([["a", "b"]], np.zeros((2, 2), dtype=complex), np.zeros((2, 2), dtype=object)):
        with pytest.raises(TypeError, match="array of numbers"):
            mo._input.counts(x)


def test_what_is_no_code_and_what_is_no_position(adata):
    with pytest.raises(ValueError, match="0.5 is no code of a label"):
        mo._morula.evaluate(np.array([0.5, 1.0]), np.array([0, 1]))
    x = adata.X.copy()
    x.indices = x.indices.astype(float) + 0.5
    with pytest.raises(ValueError, match="0.5 is no position in a matrix"):
        mo._morula.Counts(
            "csr", x.shape, [x.indptr, x.indices, x.data], list(adata.obs_names),
            list(adata.var_names), "X", False, None, None,
        )  # fmt: skip


def test_damaged_sparse_matrices(adata):
    for layout in ("csr", "csc"):
        x = adata.X.asformat(layout).copy()
        x.indices[3] = 100_000
        with pytest.raises(ValueError, match="sparse matrix"):
            mo._input.counts(x)
        x = adata.X.asformat(layout).copy()
        x.indptr[3] = -5
        with pytest.raises(ValueError):
            mo._input.counts(x)


def test_repeated_and_unsorted_entries(adata):
    x = sp.csr_matrix(
        (np.array([1, 2, 3, 4]), np.array([2, 0, 2, 1]), np.array([0, 3, 4])), shape=(2, 3)
    )
    counts = mo._input.counts(x)
    assert counts.nnz == 3
