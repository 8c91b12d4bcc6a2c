"""Functions for AnnData: where results go, and what is refused."""

from __future__ import annotations

import logging
import re
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from conftest import FAST, FAST_SIAMESE, command, same

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
    assert copied.uns["umap"]["params"]["use_rep"] == "X_mine"
    found = mo.tl.jojoscl(adata, umap=True, inplace=False, **FAST)
    assert list(adata.obs.columns) == ["cell_type"]
    # One rule for every name.
    for place in ("obs", "obsm", "uns"):
        mine = [name.replace("jojoscl", "mine") for name in found[place]]
        before = ["cell_type"] if place == "obs" else []
        assert sorted(getattr(copied, place).keys()) == sorted([*before, *mine]), place
    ends = ("", "_coarse", "_confidence", "_fine")
    assert sorted(found["obs"]) == [f"jojoscl{end}" for end in ends]
    assert same(found["obsm"]["X_jojoscl"], copied.obsm["X_mine"])
    with pytest.raises(ValueError, match="key_added = 'umap'"):
        mo.tl.jojoscl(adata, key_added="umap", umap=True, **FAST)


@pytest.mark.parametrize(
    "call",
    [
        lambda data, **given: mo.tl.jojoscl(data, **given),
        lambda data, **given: mo.tl.scsiameseclu(data, **given),
        lambda data, **given: mo.tl._function("jojoscl")(data, **given),
        lambda data, **given: mo.tl.predict(data, mo.JojoSCL(), **given),
        lambda data, **given: mo.tl.cut(data, "fine", **given),
        lambda data, **given: mo.tl.subcluster(data, "0", **given),
        lambda data, **given: mo.tl.rank_genes_groups(data, "nothing", **given),
        lambda data, **given: mo.tl.annotate(data, "nothing", {"T": ["CD3E"]}, **given),
        lambda data, **given: mo.tl.transfer(data, data, "nothing", **given),
    ],
)
def test_every_function_checks_its_target_first(adata, call):
    with pytest.raises(ValueError, match="exclude"):
        call(adata, copy=True, inplace=False)
    with pytest.raises(TypeError, match="an AnnData is needed, not csr_matrix"):
        call(adata.X)


def test_options_of_models_are_checked(adata):
    for given, match in [
        ({"min_confidence": 2}, "min_confidence = 2"),
        ({"evidence": "all"}, "evidence = 'all'"),
        ({"denoise": True}, "jojoscl does not denoise"),
    ]:
        for cluster in (mo.tl.jojoscl, mo.tl._function("jojoscl")):
            with pytest.raises(ValueError, match=match):
                cluster(adata, **given)
    with pytest.raises(TypeError, match="unknown parameter 'seed'"):
        mo.tl.jojoscl(adata, seed=3)


def test_the_page_names_what_is_set(adata):
    mo.tl.jojoscl(adata, **FAST)
    returns = mo.tl.jojoscl.__doc__.split("Returns")[1].split("Examples")[0]
    for place in ("obs", "obsm", "uns"):
        named = set(re.findall(rf'``{place}\["(\w+)"\]``', returns))
        assert named == set(getattr(adata, place).keys()) - {"cell_type"}


def test_new_labels_stand_alone(adata, model):
    # Evidence of an earlier fit does not belong to new labels, which have levels of their own.
    for key in (None, "mine"):
        name = key or "jojoscl"
        mo.tl.jojoscl(adata, key_added=key, **FAST)
        fitted = {place: set(getattr(adata, place).keys()) for place in ("obs", "obsm", "uns")}
        copied = mo.tl.predict(adata, model, key_added=key, copy=True)
        for place, lost in [
            ("obs", set()),
            ("obsm", set()),
            ("uns", {f"{name}_evidence"}),
        ]:
            assert fitted[place] == set(getattr(adata, place).keys()) >= lost
            assert set(getattr(copied, place).keys()) == fitted[place] - lost, place
        fine = copied.obs.groupby(f"{name}_fine", observed=True)[name]
        assert (fine.nunique() == 1).all()
        mo.tl.jojoscl(copied, key_added=key, evidence="none", **FAST)
        assert set(copied.obs.columns) == fitted["obs"]
        assert set(copied.uns) == fitted["uns"] - {f"{name}_evidence"}


def test_evidence_of_the_whole_model(adata):
    views = mo.tl.jojoscl(adata, inplace=False, **FAST)
    full = mo.tl.jojoscl(adata, inplace=False, evidence="full", **FAST)
    views, full = (found["uns"]["jojoscl_evidence"] for found in (views, full))
    assert list(views["split"]) == list(full["split"])
    assert sorted(views) == sorted(full) and list(full["supported"]) == [True, True]


def test_cut(adata, tmp_path):
    mo.tl.jojoscl(adata, **(FAST | {"n_clusters": None}))
    for level, expected in [
        ("coarse", "jojoscl_coarse"), ("default", "jojoscl"), ("fine", "jojoscl_fine"),
    ]:  # fmt: skip
        mo.tl.cut(adata, level)
        assert adata.obs["jojoscl_cut"].equals(adata.obs[expected]), level
    mo.tl.cut(adata, n_clusters=2, key_added="two")
    assert adata.obs["two"].nunique() == 2
    assert (adata.obs.groupby("jojoscl", observed=True)["two"].nunique() == 1).all()
    mo.tl.cut(adata, resolution=1e9, key_added="leaves")
    assert adata.obs["leaves"].nunique() == adata.obs["jojoscl_fine"].nunique()
    mo.tl.cut(adata, n_clusters=1, key_added="whole")
    assert adata.obs["whole"].nunique() == 1
    # Two clusters without an edge between them stay apart, and so does what the tree joins later.
    mo.tl.cut(adata, resolution=0.0, key_added="connected")
    assert adata.obs["connected"].nunique() <= adata.obs["jojoscl_coarse"].nunique()
    # A result that a file has held.
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    mo.tl.cut(back, n_clusters=2, key="jojoscl", key_added="again")
    assert list(back.obs["again"]) == list(adata.obs["two"])
    for given, match in [
        ({}, "only one of them"),
        ({"level": "fine", "n_clusters": 2}, "only one of them"),
        ({"level": "finest"}, 'level = "finest"'),
        ({"n_clusters": 9999}, "9999.*at most"),
        ({"n_clusters": -1}, "n_clusters = -1"),
    ]:
        with pytest.raises(ValueError, match=match):
            mo.tl.cut(adata, **given)
    with pytest.raises(KeyError, match="uns has no other"):
        mo.tl.cut(adata, "fine", key="other")
    with pytest.raises(KeyError, match="result with a tree"):
        mo.tl.cut(mo.simulate(30, 2, n_genes=40), "fine")
    back.uns["other"] = back.uns["jojoscl"]
    with pytest.raises(ValueError, match="several results, jojoscl, other; give key"):
        mo.tl.cut(back, "fine")
    back.uns["morula_match"] = {"column": "jojoscl"}
    with pytest.raises(ValueError, match="has renamed the clusters of jojoscl"):
        mo.tl.cut(back, "fine", key="jojoscl")
    del adata.uns["jojoscl"]["tree"]
    with pytest.raises(ValueError, match="no tree"):
        mo.tl.cut(adata, "fine", key="jojoscl")


def test_cut_of_a_single_cluster(adata):
    mo.tl.jojoscl(adata, **(FAST | {"n_clusters": 1}))
    # Without merges, the lists of the tree are empty.
    adata.uns["jojoscl"]["tree"] = {
        "resolution": 1.0,
        "leaves": {"name": ["0"], "cluster": np.array([0]), "n_cells": np.array([240])},
        "merges": {"first": np.zeros(0, int), "second": np.zeros(0, int), "contact": np.zeros(0)},
    }
    adata.obs["jojoscl_fine"] = pd.Categorical(["0"] * 240)
    mo.tl.cut(adata, "coarse")
    assert (adata.obs["jojoscl_cut"] == "0").all()


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
    for call in (mo.tl.jojoscl, mo.JojoSCL(**FAST).fit, mo.JojoSCL(**FAST).fit_predict):
        given = FAST if call is mo.tl.jojoscl else {}
        with pytest.warns(UserWarning, match="nothing can be corrected") as seen:
            call(adata, batch_key="donor", **given)
        # The line of the user.
        assert [warning.filename for warning in seen] == [__file__]
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


def table(**columns):
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    "markers, error, match",
    [
        ({"T": "CD3E"}, TypeError, "the genes of 'T' are a list of names, not 'CD3E'"),
        ({"T": b"CD3E"}, TypeError, "the genes of 'T'"),
        ({"T": np.nan}, TypeError, "the genes of 'T'"),
        (pd.Series({"T": "CD3E"}), TypeError, "the genes of 'T'"),
        ({"T": []}, ValueError, "'T' has no genes"),
        ({}, ValueError, "the marker list is empty"),
        ({"T": ["CD3E", None]}, ValueError, "'T' has a gene without a name"),
        ({"T": ["CD3E", np.nan]}, ValueError, "'T' has a gene without a name"),
        ({"T": ["CD3E", pd.NA]}, ValueError, "'T' has a gene without a name"),
        ({"T": [" "]}, ValueError, "'T' has a gene without a name"),
        ({" ": ["CD3E"]}, ValueError, "the type is empty"),
        (table(type=["T", "B"], gene=["CD3E", np.nan]), ValueError, "line 3: the gene is empty"),
        (table(type=["T", None], gene=["CD3E", "CD19"]), ValueError, "line 3: the type is empty"),
        (table(type=["T"], gene=["CD3E"], sign=["?"]), ValueError, 'the sign "." is neither'),
        (table(kind=["T"], gene=["CD3E"]), ValueError, 'no column "type"'),
    ],
)
def test_marker_lists_that_are_refused(adata, markers, error, match):
    with pytest.raises(error, match=match):
        mo.tl.annotate(adata, "cell_type", markers)


def test_marker_lists_are_those_of_files(adata, tmp_path):
    of = adata.var["marker_of"].dropna().astype(str)
    names = sorted(set(of))
    lists = {name: of.index[of == name] for name in names}
    # Names of types may hold what a file needs quotes for, and may begin as a comment does.
    odd = dict(zip(["#1 T", 'B;\t"type", 2', "NK"], lists.values()))
    mo.tl.annotate(adata, "cell_type", odd, key_added="odd")
    assert set(adata.obs["odd"].astype(str)) == set(odd)
    # Genes that a type lacks: of a list, and of a table.
    first, second = (list(lists[name]) for name in names[:2])
    wrong = {"first": first + [f"-{gene}" for gene in first], "second": second}
    mo.tl.annotate(adata, "cell_type", wrong, key_added="listed")
    pairs = [(name, gene) for name, genes in wrong.items() for gene in genes]
    rows = pd.DataFrame(pairs, columns=["type", "gene"])
    rows["sign"] = np.where(rows["gene"].str.startswith("-"), "-", "+")
    rows["gene"] = rows["gene"].str.removeprefix("-")
    mo.tl.annotate(adata, "cell_type", rows, key_added="signed")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    mo.tl.annotate(adata, "cell_type", tmp_path / "rows.csv", key_added="read")
    for key in ("signed", "read"):
        assert adata.obs[key].equals(adata.obs["listed"]), key
    assert not (adata.obs["listed"] == "first").any() and (adata.obs["listed"] == "second").any()


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


def test_a_report_of_columns_that_are_not_named_by_text(adata, tmp_path):
    mo.tl.jojoscl(adata, **FAST)
    adata.obs[7] = adata.obs["cell_type"]
    adata.obs[(1, "two")] = np.arange(240) % 5
    mo.report(adata, tmp_path / "report")
    assert (tmp_path / "report" / "report.html").exists()


def test_a_report_of_what_others_keep_in_uns(adata, tmp_path):
    mo.tl.jojoscl(adata, **(FAST | {"random_state": 2**63}))
    adata.uns["jojoscl"] |= {
        "matrix": np.eye(2), "uneven": [[1], [2, 3]], "mixed": ["a", 1], "nothing": None,
        "flags": [True, False], "empty": [], "table": adata.obs, 5: {"names": ["a"]},
    }  # fmt: skip
    mo.report(adata, tmp_path / "report")
    assert "random_state" in (tmp_path / "report" / "report.html").read_text()


def test_scanpy_goes_on(adata):
    sc = pytest.importorskip("scanpy")
    mo.tl.jojoscl(adata, **FAST)
    sc.pp.neighbors(adata, use_rep="X_jojoscl")
    sc.tl.umap(adata)
    assert adata.obsm["X_umap"].shape == (240, 2)


def test_results_survive_a_file(adata, tmp_path):
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


@pytest.mark.parametrize(
    "name, call",
    [
        ("n_cells", lambda n, data: mo.simulate(n, 2)),
        ("n_types", lambda n, data: mo.simulate(20, n)),
        ("n_genes", lambda n, data: mo.simulate(20, 2, n_genes=n)),
        ("n_batches", lambda n, data: mo.simulate(20, 2, n_batches=n)),
        ("random_state", lambda n, data: mo.simulate(20, 2, random_state=n)),
        ("n_clusters", lambda n, data: mo.tl.jojoscl(data, n)),
        ("epochs", lambda n, data: mo.tl.jojoscl(data, epochs=n)),
        ("random_state", lambda n, data: mo.JojoSCL(random_state=n).fit(data)),
        ("n_genes", lambda n, data: mo.tl.rank_genes_groups(data, "cell_type", n_genes=n)),
        ("min_cells", lambda n, data: mo.tl.rank_genes_groups(data, "cell_type", min_cells=n)),
        ("n_clusters", lambda n, data: mo.tl.cut(data, n_clusters=n, key="fit")),
        ("n_jobs", lambda n, data: mo.metrics.silhouette(data.X.toarray(), data.obs["cell_type"], n_jobs=n)),
    ],
)
def test_whole_numbers(adata, name, call):
    adata.uns["fit"], adata.obs["fit_fine"] = {"tree": {}}, "0"
    for value, error in [
        (-1000, ValueError), (np.int64(-1000), ValueError), (2**64, ValueError), (2.5, TypeError),
        (True, TypeError), ("2", TypeError), (np.arange(5000), TypeError),
    ]:  # fmt: skip
        with pytest.raises(error, match=name) as raised:
            call(value, adata)
        text = str(raised.value)
        assert str(value) in text or "<ndarray of shape (5000,)>" in text, text


def test_devices_and_simulate():
    assert any("CPU" in name for name in mo.devices())
    a, b = (mo.simulate(60, 2, n_genes=50, n_batches=2, random_state=5) for _ in range(2))
    assert (a.X != b.X).nnz == 0 and list(a.obs.columns) == ["cell_type", "batch"]
    with pytest.raises(ValueError):
        mo.simulate(0, 2)


def test_subclusters(adata, tmp_path):
    mo.tl.jojoscl(adata, **(FAST | {"n_clusters": 2}))
    before = adata.copy()
    key = "jojoscl_subcluster"
    assert mo.tl.subcluster(adata, "0", n_clusters=2, device="cpu", verbosity=0) is None
    assert list(adata.obs[key].cat.categories) == ["0.1", "0.2", "1"]
    rest = adata.obs["jojoscl"] != "0"
    assert (adata.obs.loc[rest, key] == "1").all() and adata.obs[key].value_counts()["0.1"] >= 20
    sure = adata.obs[f"{key}_confidence"]
    assert sure[rest].equals(before.obs.loc[rest, "jojoscl_confidence"])
    assert (sure <= before.obs["jojoscl_confidence"]).all()
    evidence = adata.uns[f"{key}_evidence"]
    assert set(evidence["of"]) == {"0"} and len(evidence["split"]) == len(evidence["p"])
    fit = adata.uns[key]["fits"]["0"]
    assert fit["params"]["epochs"] == 4 and list(fit["names"]) == ["0.1", "0.2"]
    for name in before.obs:
        assert adata.obs[name].equals(before.obs[name]), name
    assert list(adata.obsm) == list(before.obsm)

    # What a file has held, as the command does it.
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    again = dict(n_clusters=2, device="cpu", verbosity=0)
    mo.tl.subcluster(back, ["0.1", 1], **again)
    assert list(back.obs[key].cat.categories) == ["0.1.1", "0.1.2", "0.2", "1.1", "1.2"]
    assert set(back.uns[f"{key}_evidence"]["of"]) == {"0", "0.1", "1"}
    words = "--of", "0.1,1", "-k", 2, "--device", "cpu", "--out", tmp_path / "out.h5ad"
    done = command("subcluster", tmp_path / "cells.h5ad", *words)
    assert done.returncode == 0, done.stderr
    out = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert out.obs[key].equals(back.obs[key])
    assert same(out.obs[f"{key}_confidence"], back.obs[f"{key}_confidence"])

    # Without evidence none of an earlier call is left; another model and other names.
    mo.tl.subcluster(back, "0", groupby="jojoscl", evidence="none", **again)
    assert f"{key}_evidence" not in back.uns
    mo.tl.subcluster(back, "0", groupby="jojoscl", key_added="mine", model="views", **again)
    assert back.uns["mine"]["fits"]["0"]["model"] == "views" and "mine_evidence" in back.uns
    found = mo.tl.subcluster(back, "1", groupby="jojoscl", inplace=False, epochs=2, **again)
    assert found["uns"][key]["fits"]["0"]["params"]["epochs"] == 2
    for given, match in [
        ({"of": "7"}, 'no cluster "7" in jojoscl; there are: 0, 1'),
        ({"of": []}, "name a cluster"),
        ({"of": "0", "n_clusters": 999}, "999"),
        ({"of": "0", "evidence": "all"}, "evidence = 'all'"),
        ({"of": "0", "key_added": "cell_type"}, "another name"),
        ({"of": "0", "model": "kmeans"}, "unknown model"),
        ({"of": "0", "epoch": 3}, "epochs"),
    ]:
        with pytest.raises(ValueError, match=match):
            mo.tl.subcluster(before, **given)
    with pytest.raises(KeyError, match="mo.tl.jojoscl makes one"):
        mo.tl.subcluster(mo.simulate(30, 2, n_genes=40), "0")
    with pytest.raises(KeyError, match="no column donor"):
        mo.tl.subcluster(before, "0", groupby="donor")

    # Parts of other clusters than the present ones are forgotten.
    mo.tl.jojoscl(adata, **FAST)
    assert key not in adata.obs and key not in adata.uns and f"{key}_evidence" not in adata.uns
