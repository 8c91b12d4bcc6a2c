"""The command in the wheel: the same bits, files and messages."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import anndata
import numpy as np
import pytest
from conftest import FAST, FAST_SIAMESE, STAGES, command, same

import morula as mo


def check(*arguments, **options):
    done = command(*arguments, **options)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def file(adata, tmp_path):
    adata.write_h5ad(tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def alike(a, b, path="uns"):
    """Whether entries of uns are the same."""
    if isinstance(a, dict):
        assert set(a) == set(b), path
        for name in a:
            alike(a[name], b[name], f"{path}/{name}")
    else:
        assert np.array_equal(np.asarray(a), np.asarray(b), equal_nan=_numbers(a)), path


def _numbers(value):
    return np.asarray(value).dtype.kind == "f"


@pytest.mark.parametrize("kind", ["jojoscl", "scsiameseclu"])
def test_same_bits(adata, file, tmp_path, kind):
    config = tmp_path / "config.toml"
    stages = "".join(f"{name} = {n}\n" for name, n in STAGES.items())
    config.write_text(stages if kind == "scsiameseclu" else "")
    more = ["--denoised"] if kind == "scsiameseclu" else []
    check(
        "cluster", file, "--model", kind, "-k", 3, "--epochs", 4, "--seed", 7, "--device", "cpu",
        "--config", config, "--umap", "--out", tmp_path / "out.h5ad",
        "--save-model", tmp_path / "model", *more,
    )  # fmt: skip
    there = anndata.read_h5ad(tmp_path / "out.h5ad")
    given = (FAST if kind == "jojoscl" else FAST_SIAMESE | {"denoise": True}) | {"random_state": 7}
    getattr(mo.tl, kind)(adata, umap=True, **given)
    assert set(adata.obs) == set(there.obs) and set(adata.obsm) == set(there.obsm)
    assert set(adata.layers) == set(there.layers) and set(adata.var) == set(there.var)
    assert adata.obs[kind].equals(there.obs[kind])
    assert same(adata.obs[f"{kind}_confidence"], there.obs[f"{kind}_confidence"])
    for name in adata.obsm:
        assert same(adata.obsm[name], there.obsm[name]), name
    for name in set(adata.layers) - {None}:
        assert (adata.layers[name] != there.layers[name]).nnz == 0
    assert set(adata.uns) == set(there.uns)
    for name in (kind, f"{kind}_evidence", "umap"):
        alike(adata.uns[name], there.uns[name])
    for level in ("coarse", "fine"):
        assert adata.obs[f"{kind}_{level}"].equals(there.obs[f"{kind}_{level}"])
    check("cut", tmp_path / "out.h5ad", "-k", 2, "--out", tmp_path / "cut.h5ad")
    mo.tl.cut(adata, n_clusters=2)
    assert adata.obs[f"{kind}_cut"].equals(anndata.read_h5ad(tmp_path / "cut.h5ad").obs[f"{kind}_cut"])
    # The folders of saved models are the same, too.
    model = mo.load(tmp_path / "model", device="cpu")
    check("predict", tmp_path / "model", file, "--device", "cpu", "--out", tmp_path / "new.h5ad")
    new = anndata.read_h5ad(tmp_path / "new.h5ad")
    assert same(model.transform(adata), new.obsm[f"X_{kind}"])
    model.save(tmp_path / "again")
    check("predict", tmp_path / "again", file, "--device", "cpu", "--out", tmp_path / "newer.h5ad")
    assert same(anndata.read_h5ad(tmp_path / "newer.h5ad").obsm[f"X_{kind}"], new.obsm[f"X_{kind}"])


def test_same_clusters_where_their_number_is_found_with_batches(tmp_path):
    both = mo.simulate(300, 4, n_genes=300, n_batches=2, random_state=2)
    both.write_h5ad(tmp_path / "in.h5ad")
    check(
        "cluster", tmp_path / "in.h5ad", "--batch", "batch", "--epochs", 4, "--device", "cpu",
        "--out", tmp_path / "out.h5ad",
    )  # fmt: skip
    there = anndata.read_h5ad(tmp_path / "out.h5ad")
    mo.tl.jojoscl(both, batch_key="batch", epochs=4, device="cpu", verbosity=0)
    assert both.obs["jojoscl"].equals(there.obs["jojoscl"])
    assert same(both.obsm["X_jojoscl"], there.obsm["X_jojoscl"])
    alike(both.uns["jojoscl"], there.uns["jojoscl"])


def test_same_markers_types_and_labels(adata, file, tmp_path):
    check("markers", file, "--groupby", "cell_type", "--out", tmp_path / "m.csv", "--n-genes", 20,
          "--h5ad", tmp_path / "m.h5ad")  # fmt: skip
    there = anndata.read_h5ad(tmp_path / "m.h5ad")
    mo.tl.rank_genes_groups(adata, "cell_type", n_genes=20)
    assert (adata.layers["lognorm"] != there.layers["lognorm"]).nnz == 0
    ours, theirs = adata.uns["rank_genes_groups"], there.uns["rank_genes_groups"]
    assert set(ours) == set(theirs) and ours["params"] == dict(theirs["params"])
    for name in ("names", "scores", "pvals", "pvals_adj", "logfoldchanges"):
        assert ours[name].tolist() == theirs[name].tolist(), name
    assert ours["pts"].equals(theirs["pts"])
    rows = [f"{t},{g}" for g, t in adata.var["marker_of"].dropna().items()]
    (tmp_path / "types.csv").write_text("\n".join(["type,gene", *rows]))
    check("annotate", file, "--groupby", "cell_type", "--markers", tmp_path / "types.csv",
          "--out", tmp_path / "a.h5ad")  # fmt: skip
    there = anndata.read_h5ad(tmp_path / "a.h5ad")
    mo.tl.annotate(adata, "cell_type", tmp_path / "types.csv")
    for name in ("morula_cell_type", "morula_cell_type_margin"):
        assert adata.obs[name].equals(there.obs[name]), name
    mo.tl.jojoscl(adata, **FAST)
    known, new = adata[:160].copy(), adata[160:].copy()
    known.write_h5ad(tmp_path / "known.h5ad"), new.write_h5ad(tmp_path / "new.h5ad")
    check("transfer", tmp_path / "known.h5ad", tmp_path / "new.h5ad", "--label", "cell_type",
          "--embedding", "X_jojoscl", "--out", tmp_path / "t.h5ad")  # fmt: skip
    there = anndata.read_h5ad(tmp_path / "t.h5ad")
    mo.tl.transfer(new, known, "cell_type")
    for name in ("", "_confidence", "_novelty"):
        assert new.obs[f"morula_transferred{name}"].equals(there.obs[f"morula_transferred{name}"])


def test_simulation_and_scores(tmp_path):
    check("simulate", "--cells", 80, "--types", 3, "--genes", 90, "--batches", 2, "--seed", 4,
          "--out", tmp_path / "s.h5ad")  # fmt: skip
    there = anndata.read_h5ad(tmp_path / "s.h5ad")
    here = mo.simulate(80, 3, n_genes=90, n_batches=2, random_state=4)
    assert (here.X != there.X).nnz == 0
    for name in ("obs", "var"):
        assert list(getattr(here, name)) == list(getattr(there, name))
        for column in getattr(here, name):
            a, b = (getattr(d, name)[column].astype(str) for d in (here, there))
            assert a.equals(b), column
    scores = json.loads(
        check("evaluate", tmp_path / "s.h5ad", "--truth", "cell_type", "--pred", "batch", "--json").stdout
    )
    for name, value in mo.metrics.evaluate(here, "cell_type", "batch").items():
        assert scores[name] == value, name


def test_messages_are_those_of_the_command(adata, file, tmp_path):
    out = tmp_path / "out.h5ad"
    for arguments, call in [
        (["--layer", "counts"], lambda: mo.tl.jojoscl(adata, layer="counts")),
        (["--epochs", 0], lambda: mo.tl.jojoscl(adata, epochs=0)),
        (["--batch", "donor"], lambda: mo.tl.jojoscl(adata, batch_key="donor")),
        (["-k", 1000], lambda: mo.tl.jojoscl(adata, n_clusters=1000)),
    ]:
        done = command("cluster", file, "--out", out, *arguments)
        with pytest.raises((ValueError, KeyError)) as error:
            call()
        assert done.returncode in (1, 2) and error.value.args[0] in done.stderr
    adata.X = np.log1p(adata.X)
    adata.write_h5ad(file)
    done = command("cluster", file, "--out", out)
    with pytest.raises(ValueError) as error:
        mo.tl.jojoscl(adata)
    assert error.value.args[0] in done.stderr


def test_exit_codes_and_help(file, tmp_path):
    assert "cluster" in check("--help").stdout and check("--version").stdout.startswith("morula ")
    assert command("cluster", file).returncode == 2
    assert command("cluster", tmp_path / "nothing.h5ad", "--out", tmp_path / "o.h5ad").returncode == 1
    module = [sys.executable, "-m", "morula", "devices"]
    assert "CPU" in subprocess.run(module, capture_output=True, text=True, check=True).stdout


def test_the_report_names_its_command(file, tmp_path):
    check("cluster", file, "-k", 3, "--epochs", 2, "--out", tmp_path / "o.h5ad", "--report",
          tmp_path / "report")  # fmt: skip
    assert f"morula cluster {file}" in (tmp_path / "report" / "report.html").read_text()


def test_jobs_in_processes_of_their_own(tmp_path):
    (tmp_path / "sets").mkdir()
    mo.simulate(90, 3, n_genes=120).write_h5ad(tmp_path / "sets" / "first.h5ad")
    check("benchmark", tmp_path / "sets", "--out", tmp_path / "results", "--models", "jojoscl",
          "--epochs", 2, "--device", "cpu", "--seeds", 1)  # fmt: skip
    rows = (tmp_path / "results" / "runs.csv").read_text().splitlines()
    assert len(rows) > 1 and all("jojoscl" in row for row in rows[1:])


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c(file, tmp_path):
    words = [sys.executable, "-m", "morula", "cluster", file, "--epochs", "100000", "--device", "cpu",
             "--out", tmp_path / "o.h5ad"]  # fmt: skip
    child = subprocess.Popen(list(map(str, words)), stderr=subprocess.PIPE, text=True)
    while "epoch" not in child.stderr.readline():
        pass
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130 and "interrupted after epoch" in errors
    assert not (tmp_path / "o.h5ad").exists()
