"""Estimators in the manners of scikit-learn, and how they are kept."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import FAST, FAST_SIAMESE, same

import morula as mo


def test_parameters():
    model = mo.JojoSCL(n_clusters=8, epochs=60, noise=0.2, recipe={"n_top_genes": np.int64(500)})
    assert model.get_params()["noise"] == 0.2 and model.get_params()["random_state"] == 0
    assert repr(mo.JojoSCL(n_clusters=8, epochs=60)) == "JojoSCL(n_clusters=8, epochs=60)"
    assert model.set_params(n_clusters=4, noise=0.1) is model
    assert (model.n_clusters, model.get_params()["noise"]) == (4, 0.1)
    with pytest.raises(TypeError, match="'learningrate' of JojoSCL; there are: .*learning_rate"):
        mo.JojoSCL(learningrate=1)
    with pytest.raises(TypeError, match="nothing"):
        model.set_params(nothing=1)
    # `random_state` is the only name of the seed.
    for refuse in (mo.JojoSCL, mo.ScSiameseClu, model.set_params):
        with pytest.raises(TypeError, match="unknown parameter 'seed' .*there are: .*random_state") as error:
            refuse(seed=5)
        names = str(error.value).split("there are: ")[1].split(", ")
        assert "seed" not in names and len(names) == len(set(names))
    with pytest.raises(TypeError, match="class of a model"):
        mo.Clusterer()


def test_text_of_parameters():
    many = np.arange(5000)
    for value in (many, many.reshape(50, 100), many.tolist(), {"top": many}, pd.Series(many), "x" * 5000):
        for name in ("noise", "n_clusters", "random_state", "epochs", "preset"):
            text = repr(mo.JojoSCL(**{name: value}))
            assert text.startswith(f"JojoSCL({name}=") and len(text) < 200 and "\n" not in text
    assert "ndarray of shape (50, 100)" in repr(mo.JojoSCL(noise=many.reshape(50, 100)))
    for value in (np.nan, pd.NA, None, np.float32(0.5)):
        assert "noise=" in repr(mo.JojoSCL(noise=value)) and "epochs" not in repr(mo.JojoSCL(noise=value))
    assert repr(mo.JojoSCL(preset="published")) == "JojoSCL(preset='published')"


@pytest.mark.parametrize(
    "given, error, match",
    [
        ({"epochs": 0}, ValueError, "parameter epochs = 0 is not allowed"),
        ({"n_clusters": 0}, ValueError, "n_clusters"),
        ({"n_clusters": 241}, ValueError, "241 clusters asked for, but there are 240 cells"),
        ({"n_clusters": "many"}, TypeError, "n_clusters is a whole number"),
        ({"n_clusters": 2.5}, TypeError, "n_clusters"),
        ({"random_state": -1}, ValueError, "random_state"),
        ({"random_state": None}, TypeError, "random_state is a whole number, not None"),
        ({"learning_rate": "fast"}, ValueError, 'learning_rate = "fast"'),
        ({"learning_rate": -1.0}, ValueError, "learning_rate"),
        ({"recipe": {"top": 1}}, ValueError, '"top" of jojoscl'),
        ({"preset": "best"}, ValueError, "preset"),
        ({"device": "abacus"}, ValueError, "abacus"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
    ],
)
def test_what_is_refused(adata, given, error, match):
    with pytest.raises(error, match=match):
        mo.JojoSCL(**(FAST | given)).fit(adata)


def test_published(adata):
    mo.tl.jojoscl(adata, preset="published", **FAST)
    assert adata.uns["jojoscl"]["params"]["temperature"] == 0.07


def test_fit_and_predict(adata, model):
    assert model.labels_.dtype == np.int64 and set(model.labels_) == {0, 1, 2}
    assert (model.proba_.argmax(1) == model.labels_).all() and model.n_clusters_ == 3
    assert len(model.history_) == 4 and set(model.genes_) <= set(adata.var_names)
    found = model.prediction(adata)
    assert same(found.labels, model.predict(adata))
    assert same(found.proba, model.predict_proba(adata))
    assert same(found.latent, model.transform(adata)) and same(found.latent, model.latent(adata))
    again = mo.JojoSCL(**FAST)
    assert same(again.fit_predict(adata), model.labels_)
    assert same(again.fit_transform(adata), model.embedding_)
    assert found.latent.flags.writeable


def test_not_fitted(adata):
    for ask in ("labels_", "proba_", "embedding_", "n_clusters_", "history_", "genes_"):
        with pytest.raises(mo.NotFittedError, match="not fitted"):
            getattr(mo.JojoSCL(), ask)
    with pytest.raises(mo.NotFittedError):
        mo.JojoSCL().predict(adata)
    with pytest.raises(mo.NotFittedError):
        mo.JojoSCL().save("nowhere")


def test_batches_are_remembered():
    both = mo.simulate(240, 3, n_genes=300, n_batches=2, random_state=3)
    model = mo.JojoSCL(**FAST).fit(both, batch_key="batch")
    assert same(model.predict(both), model.predict(both, batch_key="batch"))
    arrays = mo.JojoSCL(**FAST).fit(both.X, batches=both.obs["batch"].to_numpy())
    assert arrays.embedding_.shape == model.embedding_.shape
    with pytest.raises(ValueError, match="batch"):
        arrays.predict(both.X)
    with pytest.raises(ValueError, match="not both"):
        model.fit(both, batch_key="batch", batches=both.obs["batch"])
    for x in (both.X, both):
        with pytest.raises((TypeError, KeyError)):
            model.fit(x, batch_key="donor")
    with pytest.raises(TypeError, match="layers"):
        model.fit(both.X, layer="counts")


def test_save_and_load(adata, model, tmp_path):
    model.save(tmp_path / "model")
    again = mo.load(str(tmp_path / "model"), device="cpu")
    assert repr(again) == "JojoSCL(n_clusters=3, epochs=4, device='cpu')"
    assert same(again.predict_proba(adata), model.predict_proba(adata))
    assert again.history_ == model.history_
    with pytest.raises(mo.NotFittedError, match="does not keep the cells"):
        again.labels_
    with pytest.raises(FileNotFoundError):
        mo.load(tmp_path / "nothing")
    (tmp_path / "model" / "model.json").write_text("{")
    with pytest.raises(ValueError, match="model.json"):
        mo.load(tmp_path / "model")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    with pytest.raises((ValueError, OSError), match="thesis.tex|full"):
        model.save(tmp_path / "full")
    assert (tmp_path / "full" / "thesis.tex").exists()


@pytest.mark.parametrize("kind", [mo.JojoSCL, mo.ScSiameseClu])
def test_pickle_and_copy(adata, kind):
    model = kind(**(FAST if kind is mo.JojoSCL else FAST_SIAMESE)).fit(adata)
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert repr(again) == repr(model) and same(again.labels_, model.labels_)
        assert same(again.transform(adata), model.transform(adata))
    assert repr(pickle.loads(pickle.dumps(kind(n_clusters=5)))) == f"{kind.__name__}(n_clusters=5)"


def test_denoise(adata, model):
    siamese = mo.ScSiameseClu(**FAST_SIAMESE).fit(adata)
    counts, genes = siamese.denoise()
    assert counts.shape == (240, len(genes))
    # What is for new cells is refused without them.
    for given in ({"layer": "raw"}, {"batch_key": "cell_type"}, {"batches": np.zeros(240)}, {"round": True}):
        with pytest.raises(ValueError, match=f"{next(iter(given))} is for new cells"):
            siamese.denoise(**given)
    with pytest.raises(TypeError, match="nothing"):
        siamese.denoise(nothing=1)
    adata.layers["counts"], adata.X = adata.X, np.log1p(adata.X)
    assert siamese.denoise(adata, layer="counts")[0].shape == counts.shape
    with pytest.raises(ValueError, match="knows no batches"):
        siamese.denoise(adata, layer="counts", batch_key="cell_type")
    with pytest.raises(ValueError, match="jojoscl does not denoise"):
        model.denoise()


def test_clone(model):
    base = pytest.importorskip("sklearn.base")
    again = base.clone(model)
    assert again.get_params() == model.get_params()
    with pytest.raises(mo.NotFittedError):
        again.labels_


def test_a_model_is_cut(adata):
    model = mo.JojoSCL(random_state=4, **FAST).fit(adata)
    two = model.cut(n_clusters=2)
    assert (two.n_clusters_, two.predict_proba(adata).shape[1], model.n_clusters_) == (2, 2, 3)
    mo.tl.jojoscl(adata, random_state=4, **FAST)
    mo.tl.cut(adata, n_clusters=2)
    assert (two.predict(adata) == adata.obs["jojoscl_cut"].cat.codes).all()
    assert two.get_params() == model.get_params()
    with pytest.raises(mo.NotFittedError):
        two.labels_
    with pytest.raises(ValueError, match="only one"):
        model.cut("fine", n_clusters=2)
    with pytest.raises(mo.NotFittedError):
        mo.JojoSCL().cut("fine")
