"""What tests share: small counts, and parameters of short fits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import morula as mo

FAST = {"n_clusters": 3, "epochs": 4, "device": "cpu", "verbosity": 0}
STAGES = {"autoencoder_epochs": 2, "graph_epochs": 2, "joint_epochs": 2}
FAST_SIAMESE = FAST | STAGES


@pytest.fixture(scope="session")
def _cells():
    return mo.simulate(240, 3, n_genes=300, random_state=3)


@pytest.fixture
def adata(_cells):
    """240 cells x 300 genes of 3 types."""
    return _cells.copy()


@pytest.fixture(scope="session")
def model(_cells):
    """A short fit to the cells."""
    return mo.JojoSCL(**FAST).fit(_cells)


def command(*arguments: object, **options: object) -> subprocess.CompletedProcess:
    """The command that the wheel installs."""
    script = Path(sys.executable).with_name("morula")
    words = [str(script), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, **options)


def same(a: object, b: object) -> bool:
    """Whether arrays have the same bits."""
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
