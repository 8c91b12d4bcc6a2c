"""Simulated counts, to try things on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _morula, _write
from ._values import whole

if TYPE_CHECKING:
    from anndata import AnnData


def simulate(
    n_cells: int = 1000,
    n_types: int = 5,
    *,
    n_genes: int = 2000,
    dropout: float = 0.1,
    n_batches: int = 1,
    random_state: int = 0,
) -> AnnData:
    """Simulate counts of cells of known types, as ``morula simulate`` does.

    Parameters
    ----------
    n_cells, n_types, n_genes
        Numbers of cells, of their types and of genes.
    dropout
        Share of the counts that are lost, from 0 to below 1.
    n_batches
        Number of batches; with more than one, obs has a column ``batch``.
    random_state
        Seed: the same seed gives the same counts.

    Returns
    -------
    anndata.AnnData
        Counts of shape (n_cells, n_genes) in X, ``obs["cell_type"]`` and ``var["marker_of"]``.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(100, 4, n_genes=200)
    >>> adata.shape, adata.obs["cell_type"].nunique()
    ((100, 200), 4)
    """
    import pandas as pd
    from anndata import AnnData

    x, cells, genes, types, names, batches, markers = _morula.simulate(
        whole("n_cells", n_cells), whole("n_types", n_types), whole("n_genes", n_genes), dropout,
        whole("n_batches", n_batches), whole("random_state", random_state),
    )  # fmt: skip
    obs = pd.DataFrame(index=cells)
    obs["cell_type"] = pd.Categorical.from_codes(types, names)
    if batches is not None:
        obs["batch"] = pd.Categorical([str(b) for b in batches])
    var = pd.DataFrame(index=genes)
    marker_of = [None] * len(genes)
    for name, of_type in zip(names, markers):
        for gene in of_type:
            marker_of[gene] = name
    var["marker_of"] = pd.Categorical(marker_of, categories=names)
    return AnnData(X=_write.csr(x), obs=obs, var=var)
