"""Threads, Ctrl-C, progress, panics, and the time to import."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from conftest import FAST, FAST_SIAMESE, same

import morula as mo


@pytest.mark.parametrize("kind", [mo.JojoSCL, mo.ScSiameseClu])
def test_any_number_of_threads_gives_the_same_bits(adata, kind):
    given = FAST if kind is mo.JojoSCL else FAST_SIAMESE
    fits = [kind(n_jobs=n, **given).fit(adata) for n in (None, 1, 2, 3, -1)]
    assert all(same(fit.embedding_, fits[0].embedding_) for fit in fits)
    assert all(same(fit.proba_, fits[0].proba_) for fit in fits)


def test_fits_at_once(adata):
    expected = mo.JojoSCL(**FAST).fit(adata).embedding_
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: mo.JojoSCL(**FAST).fit(adata).embedding_, range(3)))
    assert all(same(embedding, expected) for embedding in found)


def test_other_threads_go_on(adata):
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.005):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    mo.JojoSCL(**(FAST | {"epochs": 20})).fit(adata)
    end = time.monotonic()
    done.set()
    thread.join()
    during = [t for t in ticks if start < t < end]
    assert len(during) > 0.1 * (end - start) / 0.005


def test_other_threads_go_on_while_a_model_is_asked_twice(adata):
    import anndata

    model = mo.JojoSCL(**FAST).fit(adata)
    many = anndata.concat({str(i): adata for i in range(60)}, index_unique="-")
    ticks, asked, done = [], [], threading.Event()

    def tick():
        while not done.wait(0.005):
            ticks.append(time.monotonic())

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pool.submit(tick)
        predicted = pool.submit(model.predict, many)
        try:
            while not predicted.done():
                start = time.monotonic()
                assert model.n_clusters_ == 3
                asked.append((start, time.monotonic()))
            assert len(predicted.result()) == many.n_obs
        finally:
            done.set()
    start, end = max(asked, key=lambda times: times[1] - times[0])
    # One question did wait for the prediction.
    assert end - start > 0.1
    assert sum(start < t < end for t in ticks) > 0.1 * (end - start) / 0.005


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c(adata):
    model = mo.JojoSCL(**FAST).fit(adata)
    before = model.labels_
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.set_params(epochs=100_000).fit(adata)
    assert time.monotonic() - start < 5
    assert model.labels_ is before
    # The object and the interpreter are as before.
    assert same(model.set_params(epochs=4).fit(adata).labels_, before)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_in_a_program():
    code = """
        import morula as mo
        adata = mo.simulate(240, 3, n_genes=300)
        print("ready", flush=True)
        try:
            mo.tl.jojoscl(adata, epochs=100_000, verbosity=0)
        except KeyboardInterrupt:
            print("interrupted", list(adata.obsm), flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=60)[0] == "interrupted []\n"
    assert child.returncode == 0


def test_progress(adata, capsys):
    mo.JojoSCL(**FAST).fit(adata)
    assert capsys.readouterr() == ("", "")
    mo.JojoSCL(**(FAST | {"verbosity": 1})).fit(adata)
    out, err = capsys.readouterr()
    assert out == "" and "JojoSCL" in err and "4/4" in err and "loss" in err


def test_an_exception_in_progress_ends_the_fit(adata):
    from morula import _morula

    counts = mo._input.counts(adata)
    seen = []

    def progress(record, epochs):
        seen.append((record["epoch"], epochs))
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        _morula.fit("jojoscl", {"epochs": 1000}, counts, "cpu", None, progress)
    assert seen == [(1, 1000)]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_panic_is_an_exception(capfd, n_jobs):
    from morula import _morula

    with pytest.raises(RuntimeError, match="(?s)fault of Morula.*a test of panics"):
        _morula.panic_for_tests(n_jobs)
    assert capfd.readouterr() == ("", "")


def test_import_is_quick():
    code = (
        "import sys, time, numpy; t = time.perf_counter(); import morula; "
        "print(time.perf_counter() - t, *(m for m in ('anndata', 'pandas', 'scipy', 'tqdm', 'scanpy') "
        "if m in sys.modules))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    fields = [run.stdout.split() for run in runs]
    assert min(float(f[0]) for f in fields) < 0.3 and all(len(f) == 1 for f in fields)
