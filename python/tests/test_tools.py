"""Functions for AnnData: where results go, and what is refused."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import FAST, FAST_SIAMESE, same

import morula as mo


def test_places(adata):
    before = adata.copy()
    assert mo.tl.jojoscl(adata, umap=True, **FAST) is None
    assert list(adata.obs["jojoscl"].cat.categories) == ["0", "1", "2"]
    assert adata.obs["jojoscl_confidence"].between(1 / 3 - 1e-6, 1).all()
    assert adata.obsm["X_jojoscl"].dtype == adata.obsm["jojoscl_proba"].dtype == np.float32
    assert adata.obsm["jojoscl_proba"].shape == (240, 3) and adata.obsm["X_umap"].shape == (240, 2)
    assert np.allclose(adata.obsm["jojoscl_proba"].sum(1), 1, atol=1e-5)
    about = adata.uns["jojoscl"]
    assert about["params"]["epochs"] == 4 and about["seed"] == 0
    assert about["version"] == mo.__version__ and len(about["losses"]["total"]) == 4
    assert adata.uns["umap"]["params"]["use_rep"] == "X_jojoscl"
    assert (adata.X != before.X).nnz == 0 and adata.var.equals(before.var)


def test_key_copy_and_inplace(adata):
    copied = mo.tl.jojoscl(adata, key_added="mine", umap=True, copy=True, **FAST)
    assert list(adata.obs.columns) == ["cell_type"] and not adata.obsm
    assert {"mine", "mine_confidence"} <= set(copied.obs.columns)
    assert set(copied.obsm) == {"X_mine", "mine_proba", "X_umap"} and "mine" in copied.uns
    assert copied.uns["umap"]["params"]["use_rep"] == "X_mine"
    found = mo.tl.jojoscl(adata, inplace=False, **FAST)
    assert list(adata.obs.columns) == ["cell_type"]
    assert same(found["obsm"]["X_jojoscl"], copied.obsm["X_mine"])
    with pytest.raises(ValueError, match="exclude"):
        mo.tl.jojoscl(adata, inplace=False, copy=True, **FAST)


def test_a_view_becomes_its_own(adata):
    view = adata[:120]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mo.tl.jojoscl(view, **FAST)
    assert not view.is_view and "jojoscl" in view.obs and "jojoscl" not in adata.obs


def test_cells_without_counts(adata, caplog):
    adata.X[7] = 0
    adata.X.eliminate_zeros()
    with caplog.at_level(logging.INFO, "morula"):
        mo.tl.jojoscl(adata, **FAST)
    assert "1 of 240 cells left out" in caplog.text
    assert pd.isna(adata.obs["jojoscl"].iloc[7]) and np.isnan(adata.obsm["X_jojoscl"][7]).all()
    model = mo.JojoSCL(**FAST).fit(adata)
    assert model.labels_[7] == -1 and (np.delete(model.labels_, 7) >= 0).all()


def test_min_confidence(adata):
    mo.tl.jojoscl(adata, min_confidence=1.0, **FAST)
    sure = adata.obs["jojoscl_confidence"] >= 1.0
    assert (adata.obs["jojoscl"].notna() == sure).all()
    with pytest.raises(ValueError, match="min_confidence"):
        mo.tl.jojoscl(adata, min_confidence=2, **FAST)


def test_batches(adata):
    both = mo.simulate(240, 3, n_genes=300, n_batches=2, random_state=3)
    mo.tl.jojoscl(both, batch_key="batch", **FAST)
    assert list(both.uns["jojoscl"]["batches"]) == ["0", "1"]
    with pytest.raises(KeyError, match="no column donor; there are: cell_type"):
        mo.tl.jojoscl(adata, batch_key="donor", **FAST)
    adata.obs["donor"] = "Ada"
    with pytest.warns(UserWarning, match="nothing can be corrected"):
        mo.tl.jojoscl(adata, batch_key="donor", **FAST)
    adata.obs["donor"] = ["Ada", None] * 120
    with pytest.raises(ValueError, match="has no batch"):
        mo.tl.jojoscl(adata, batch_key="donor", **FAST)


def test_denoised(adata):
    mo.tl.scsiameseclu(adata, denoise=True, **FAST_SIAMESE)
    layer, modelled = adata.layers["denoised"], adata.var["scsiameseclu_modelled"]
    assert layer.shape == adata.shape and modelled.dtype == bool
    assert layer[:, ~modelled.to_numpy()].nnz == 0
    model = mo.ScSiameseClu(**FAST_SIAMESE).fit(adata)
    counts, genes = model.denoise()
    columns = [adata.var_names.get_loc(g) for g in genes]
    assert same(counts, layer[:, columns].toarray())
    mo.tl.predict(adata, model, denoise=True)
    assert same(model.denoise(adata)[0], adata.layers["denoised"][:, columns].toarray())
    with pytest.raises(ValueError, match="does not denoise"):
        mo.JojoSCL(**FAST).fit(adata).denoise(adata)


def test_predict(adata, model, tmp_path):
    expected = adata.copy()
    mo.tl.jojoscl(expected, **FAST)
    mo.tl.predict(adata, model)
    assert np.allclose(adata.obsm["X_jojoscl"], expected.obsm["X_jojoscl"], atol=1e-5)
    model.save(tmp_path / "model")
    again = mo.simulate(240, 3, n_genes=300, random_state=3)
    mo.tl.predict(again, tmp_path / "model", key_added="new")
    assert same(again.obsm["X_new"], adata.obsm["X_jojoscl"])
    with pytest.raises(ValueError, match="no batches"):
        mo.tl.predict(adata, model, batch_key="cell_type")
    with pytest.raises(ValueError, match="genes"):
        adata.var_names = [f"other {i}" for i in range(300)]
        mo.tl.predict(adata, model)


def test_markers_are_those_of_scanpy(adata):
    sc = pytest.importorskip("scanpy")
    mo.tl.rank_genes_groups(adata, "cell_type", key_added="ours")
    adata.uns["ours"]["params"]["layer"] = "lognorm"
    sc.tl.rank_genes_groups(
        adata, "cell_type", layer="lognorm", method="wilcoxon", tie_correct=True, pts=True,
        key_added="theirs",
    )  # fmt: skip
    for group in adata.obs["cell_type"].cat.categories:
        ours = sc.get.rank_genes_groups_df(adata, group, key="ours").set_index("names")
        theirs = sc.get.rank_genes_groups_df(adata, group, key="theirs").set_index("names")
        theirs = theirs.loc[ours.index]
        for name in ("scores", "logfoldchanges", "pvals", "pvals_adj", "pct_nz_group"):
            assert np.allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-6), name
    with pytest.raises(ValueError, match="raw"):
        mo.tl.rank_genes_groups(adata, "cell_type", layer="raw")
    with pytest.raises(KeyError, match="no column nothing"):
        mo.tl.rank_genes_groups(adata, "nothing")
    adata.obs["one"] = "all"
    with pytest.raises(ValueError, match="two groups"):
        mo.tl.rank_genes_groups(adata, "one")


@pytest.mark.parametrize("form", ["dict", "table", "file"])
def test_annotate(adata, tmp_path, form):
    of = adata.var["marker_of"].dropna().astype(str)
    table = pd.DataFrame({"type": of.to_numpy(), "gene": of.index})
    table.to_csv(tmp_path / "types.csv", index=False)
    given = {
        "dict": {t: of.index[of == t] for t in sorted(set(of))},
        "table": table,
        "file": tmp_path / "types.csv",
    }
    adata.obs.loc[adata.obs_names[:3], "cell_type"] = np.nan
    mo.tl.annotate(adata, "cell_type", given[form])
    found = adata.obs["morula_cell_type"]
    assert found.iloc[:3].isna().all()
    assert (found.iloc[3:].astype(str) == adata.obs["cell_type"].iloc[3:].astype(str)).all()
    assert (adata.obs["morula_cell_type_margin"].iloc[3:] > 0.05).all()
    mo.tl.annotate(adata, "cell_type", given[form], margin=2.0, unknown="?")
    assert (adata.obs["morula_cell_type"].iloc[3:] == "?").all()
    with pytest.raises(ValueError, match="none of the 1 genes"):
        mo.tl.annotate(adata, "cell_type", {"T": ["CD3E"]})
    with pytest.raises(ValueError, match="margin"):
        mo.tl.annotate(adata, "cell_type", given[form], margin=3.0)
    with pytest.raises(FileNotFoundError):
        mo.tl.annotate(adata, "cell_type", "nowhere.csv")
    with pytest.raises(TypeError):
        mo.tl.annotate(adata, "cell_type", 3)


def test_transfer(adata):
    mo.tl.jojoscl(adata, **FAST)
    known, new = adata[:160].copy(), adata[160:].copy()
    mo.tl.transfer(new, known, "cell_type", max_novelty=1.0)
    found = new.obs["morula_transferred"].astype(str)
    assert set(found) <= {*adata.obs["cell_type"].cat.categories, "unknown"}
    assert new.obs["morula_transferred_confidence"].between(0, 1).all()
    new.obsm["X_jojoscl"][0] = np.nan
    mo.tl.transfer(new, known, "cell_type", key_added="label", max_novelty=0.0)
    assert pd.isna(new.obs["label"].iloc[0]) and (new.obs["label"].iloc[1:] == "unknown").mean() > 0.5
    with pytest.raises(KeyError, match="no X_pca in obsm, which holds X_jojoscl"):
        mo.tl.transfer(new, known, "cell_type", embedding="X_pca")
    with pytest.raises(ValueError, match="min_probability"):
        mo.tl.transfer(new, known, "cell_type", min_probability=2)


def test_report(adata, tmp_path):
    mo.tl.jojoscl(adata, key_added="mine", **FAST)
    mo.report(adata, tmp_path / "report", key="mine", truth="cell_type", title="cells <1>")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "cells &lt;1&gt;" in page and "cell_type" in page and "mo.tl.mine" in page
    with pytest.raises(KeyError, match="jojoscl"):
        mo.report(adata, tmp_path / "other")
    with pytest.raises(KeyError, match="no column types"):
        mo.report(adata, tmp_path / "other", key="mine", truth="types")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="thesis.tex"):
        mo.report(adata, tmp_path / "full", key="mine")
    adata.X = np.log1p(adata.X)
    with pytest.warns(UserWarning, match="no markers"):
        mo.report(adata, tmp_path / "report", key="mine")


def test_scanpy_goes_on(adata):
    sc = pytest.importorskip("scanpy")
    mo.tl.jojoscl(adata, **FAST)
    sc.pp.neighbors(adata, use_rep="X_jojoscl")
    sc.tl.umap(adata)
    assert adata.obsm["X_umap"].shape == (240, 2)


def test_results_survive_a_file(adata, tmp_path):
    import anndata

    mo.tl.scsiameseclu(adata, denoise=True, umap=True, **FAST_SIAMESE)
    mo.tl.rank_genes_groups(adata, "scsiameseclu", n_genes=10)
    adata.write_h5ad(tmp_path / "out.h5ad")
    back = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert same(back.obsm["X_scsiameseclu"], adata.obsm["X_scsiameseclu"])
    assert back.uns["scsiameseclu"]["params"]["epochs"] == 4


def test_every_model_of_the_registry_has_a_function_and_a_class():
    from morula import _morula
    from morula._estimator import CLASSES

    for about in _morula.models():
        assert callable(getattr(mo.tl, about["name"]))
        assert CLASSES[about["name"]]._model == about["name"]


def test_a_model_without_a_function_of_its_own(adata):
    found = mo.tl._function("jojoscl")(adata, inplace=False, **FAST)
    assert same(found["obsm"]["X_jojoscl"], mo.JojoSCL(**FAST).fit(adata).embedding_)


def test_devices_and_simulate():
    assert any("CPU" in name for name in mo.devices())
    a, b = (mo.simulate(60, 2, n_genes=50, n_batches=2, random_state=5) for _ in range(2))
    assert (a.X != b.X).nnz == 0 and list(a.obs.columns) == ["cell_type", "batch"]
    with pytest.raises(ValueError):
        mo.simulate(0, 2)
    with pytest.raises(OverflowError):
        mo.simulate(-1, 2)
