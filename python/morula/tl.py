"""Tools for AnnData, with the conventions of scanpy: results go into the object.

Each function takes ``copy=True`` to return a changed copy, and ``inplace=False`` to return the
results by place and name and leave the object alone.
"""

from __future__ import annotations

import csv
import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _input, _morula, _run, _subcluster, _write
from ._estimator import CLASSES, Clusterer, load
from ._labels import codes, column
from ._values import builtin, shown, threads, whole

if TYPE_CHECKING:
    from anndata import AnnData

logger = logging.getLogger("morula")

__all__ = [
    "annotate",
    "cut",
    "jojoscl",
    "predict",
    "rank_genes_groups",
    "scsiameseclu",
    "subcluster",
    "transfer",
]


def jojoscl(
    adata: AnnData,
    n_clusters: int | None = None,
    *,
    batch_key: str | None = None,
    layer: str | None = None,
    key_added: str | None = None,
    random_state: int = 0,
    device: str = "auto",
    epochs: int | None = None,
    umap: bool = False,
    evidence: str = "views",
    min_confidence: float = 0.0,
    round: bool = False,
    n_jobs: int | None = None,
    verbosity: int = 1,
    copy: bool = False,
    inplace: bool = True,
    **params: Any,
) -> Any:
    """Cluster and embed cells by JojoSCL, as ``morula cluster`` does.

    Shrinkage contrastive learning (https://arxiv.org/abs/2506.00410). The same counts, parameters and
    seed give the same bits as the command.

    Parameters
    ----------
    adata
        Raw counts, cells x genes.
    n_clusters
        Number of clusters; None finds it from the data.
    batch_key
        Column of obs with the batch of every cell, which the model corrects for.
    layer
        Layer with the counts, "raw" or "X"; None is X.
    key_added
        Name of the results, in place of "jojoscl" in every name below.
    random_state
        Seed.
    device : {"auto", "cpu", "gpu"}
        Where to compute; "auto" takes a hardware GPU if there is one.
    epochs
        Epochs of training; None is the model's own number.
    umap
        Also compute UMAP of the embedding, as ``obsm["X_umap"]``.
    evidence : {"views", "full", "none"}
        Evidence for every split of the clusters, from molecules that played no part in finding them.
        Clusters are found anew in the other molecules: "views" in the expression views, "full" by a
        second fit of the whole model. "none" saves the time.
    min_confidence
        Cells with a lower confidence get no cluster.
    round
        Accept fractional counts and round them.
    n_jobs
        Number of threads; None takes RAYON_NUM_THREADS, or all cores, as -1 does.
    verbosity
        0 for no progress.
    copy
        Return a changed copy.
    inplace
        False returns the results by place and name.
    **params
        Any other parameter of the model by name, and ``preset="published"`` for the authors' values.

    Returns
    -------
    None, or as `copy` and `inplace` say. Sets, for ``key_added=None``,

    ``obs["jojoscl"]`` : categorical of shape (n_cells,)
        Cluster, "0" the largest; missing for cells that preprocessing leaves out, such as those
        without counts, and for those below `min_confidence`.
    ``obs["jojoscl_coarse"]``, ``obs["jojoscl_fine"]`` : categorical of shape (n_cells,)
        The levels beside it: "0+4" holds two clusters, "3.1" is a part of cluster 3.
    ``obs["jojoscl_confidence"]`` : float64 of shape (n_cells,)
        Probability of the cluster, from 1 / K to 1; NaN for cells left out, as below.
    ``obsm["X_jojoscl"]`` : float32 of shape (n_cells, n_dims)
        Embedding.
    ``obsm["jojoscl_proba"]`` : float32 of shape (n_cells, K)
        Probability of every cluster.
    ``uns["jojoscl"]`` : dict
        Parameters, seed, device, version, losses, and the tree of clusters.
    ``uns["jojoscl_evidence"]`` : dict
        For every split of the tree: sizes, contact, how well it was found again, p-value, whether it
        is supported, error and number of markers.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(200, 3, n_genes=200)
    >>> mo.tl.jojoscl(adata, n_clusters=3, epochs=3, verbosity=0)
    >>> adata.obsm["jojoscl_proba"].shape
    (200, 3)
    """
    return _run.cluster("jojoscl", **locals())


def scsiameseclu(
    adata: AnnData,
    n_clusters: int | None = None,
    *,
    batch_key: str | None = None,
    layer: str | None = None,
    key_added: str | None = None,
    random_state: int = 0,
    device: str = "auto",
    epochs: int | None = None,
    denoise: bool = False,
    umap: bool = False,
    evidence: str = "views",
    min_confidence: float = 0.0,
    round: bool = False,
    n_jobs: int | None = None,
    verbosity: int = 1,
    copy: bool = False,
    inplace: bool = True,
    **params: Any,
) -> Any:
    """Cluster and embed cells by scSiameseClu, as ``morula cluster --model scsiameseclu`` does.

    A Siamese graph model that also denoises counts (https://arxiv.org/abs/2505.12626).

    Parameters
    ----------
    adata, n_clusters, batch_key, layer, key_added, random_state, device, epochs
        As in `jojoscl`.
    denoise
        Also write denoised counts, as ``layers["denoised"]`` and ``var["scsiameseclu_modelled"]``.
    umap, evidence, min_confidence, round, n_jobs, verbosity, copy, inplace, **params
        As in `jojoscl`.

    Returns
    -------
    None, or as `copy` and `inplace` say. Sets what `jojoscl` sets, under its own name, and if asked

    ``layers["denoised"]`` : scipy.sparse.csr_matrix of shape (n_cells, n_genes), float32
        Counts without noise and dropout, with entries for the modelled genes only.
    ``var["scsiameseclu_modelled"]`` : bool of shape (n_genes,)
        Whether the gene is modelled.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(200, 3, n_genes=200)
    >>> small = dict(epochs=2, autoencoder_epochs=2, graph_epochs=2, joint_epochs=2, verbosity=0)
    >>> mo.tl.scsiameseclu(adata, n_clusters=3, denoise=True, **small)
    >>> adata.layers["denoised"].shape
    (200, 200)
    """
    return _run.cluster("scsiameseclu", **locals())


def cut(
    adata: AnnData,
    level: str | None = None,
    *,
    n_clusters: int | None = None,
    resolution: float | None = None,
    key: str | None = None,
    key_added: str | None = None,
    copy: bool = False,
    inplace: bool = True,
) -> Any:
    """Cut the clusters of a fitted result again, without training, as ``morula cut`` does.

    Every cut is nested in the tree of the clusters: "0+4" holds two of them, "3.1" is a part of
    cluster 3. Give one of `level`, `n_clusters` and `resolution`.

    Parameters
    ----------
    adata
        Data with the result of a fit, as `jojoscl` leaves it.
    level : {"coarse", "default", "fine"}, optional
        A level; "default" is that of the clusters of the fit.
    n_clusters
        The number of clusters.
    resolution
        Clusters with more contact than this share of chance are one.
    key
        Name of the result; None takes the one that has a tree.
    key_added
        Column of obs to write; None is ``<key>_cut``.
    copy, inplace
        As in `jojoscl`.

    Returns
    -------
    None, or as `copy` and `inplace` say. Sets ``obs["jojoscl_cut"]`` (categorical of shape
    (n_cells,)), missing for cells that the fit left out.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(200, 3, n_genes=200)
    >>> mo.tl.jojoscl(adata, n_clusters=3, epochs=3, verbosity=0)
    >>> mo.tl.cut(adata, n_clusters=2)
    >>> adata.obs["jojoscl_cut"].nunique()
    2
    """
    target = _write.Target(adata, copy, inplace)
    if key is None:
        entries = adata.uns.items()
        trees = [name for name, about in entries if isinstance(about, dict) and "tree" in about]
        if len(trees) > 1:
            raise ValueError(f"there are several results, {', '.join(trees)}; give key")
        key = trees[0] if trees else "result with a tree"
    if key not in adata.uns:
        raise KeyError(f"uns has no {key}; mo.tl.jojoscl makes one")
    if adata.uns.get("morula_match", {}).get("column") == key:
        raise ValueError(
            f"`morula match` has renamed the clusters of {key}, and the tree has their numbers of "
            "before; cut the data that it has read"
        )
    k = None if n_clusters is None else whole("n_clusters", n_clusters)
    fine = codes(column(adata.obs, f"{key}_fine"))
    found = _morula.cut(builtin(adata.uns[key]) or {}, fine, level, k, resolution)
    return target.put(_write.parts({"obs": {key_added or f"{key}_cut": found}}))


def subcluster(
    adata: AnnData,
    of: str | Sequence[str],
    *,
    n_clusters: int | None = None,
    key: str | None = None,
    groupby: str | None = None,
    key_added: str | None = None,
    model: str | None = None,
    batch_key: str | None = None,
    layer: str | None = None,
    random_state: int | None = None,
    device: str = "auto",
    evidence: str = "views",
    round: bool = False,
    n_jobs: int | None = None,
    verbosity: int = 1,
    copy: bool = False,
    inplace: bool = True,
    **params: Any,
) -> Any:
    """Find clusters within clusters, as ``morula subcluster`` does.

    The model that made the clusters is fitted to the cells of one cluster, with variable genes of their
    own. Parts of cluster "3" are "3.1", "3.2" and so on, by falling size; all other cells keep their
    labels. Several clusters are divided one by one.

    Parameters
    ----------
    adata
        Raw counts, cells x genes, with the result of a fit, as `jojoscl` leaves it.
    of
        The cluster to divide, or several.
    n_clusters
        Number of parts of each cluster; None finds it from the data.
    key
        Name of the result whose clusters are divided; None takes the one there is.
    groupby
        Column of obs with the clusters; None takes the parts that an earlier call has left, or else
        the clusters of the result.
    key_added
        Column of obs to write; None is ``<key>_subcluster``.
    model
        Name of the model to fit; None is the one that made the clusters, with the parameters of that
        fit unless there are `params`.
    batch_key, layer
        As in `jojoscl`.
    random_state
        Seed; None is that of the fit that made the clusters.
    device, evidence, round, n_jobs, verbosity, copy, inplace
        As in `jojoscl`.
    **params
        Parameters of the model by name, in place of those of the fit.

    Returns
    -------
    None, or as `copy` and `inplace` say. Sets, for ``key_added=None``,

    ``obs["jojoscl_subcluster"]`` : categorical of shape (n_cells,)
        The clusters, with the parts in place of those that were divided.
    ``obs["jojoscl_subcluster_confidence"]`` : float64 of shape (n_cells,)
        Confidence in that cluster: that in "3" times that in "3.1" among the parts of "3".
    ``uns["jojoscl_subcluster"]`` : dict
        For each divided cluster the names of its parts, the parameters and the tree of the fit.
    ``uns["jojoscl_subcluster_evidence"]`` : dict
        The evidence for every split, as that of `jojoscl`, with the divided cluster as ``of``.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(240, 4, n_genes=200)
    >>> mo.tl.jojoscl(adata, n_clusters=2, epochs=3, verbosity=0)
    >>> mo.tl.subcluster(adata, "0", n_clusters=2, verbosity=0)
    >>> list(adata.obs["jojoscl_subcluster"].cat.categories)
    ['0.1', '0.2', '1']
    """
    target = _write.Target(adata, copy, inplace)
    found, name = _subcluster.subcluster(
        adata, of, (key, groupby, key_added), model, params, n_clusters=n_clusters,
        batch_key=batch_key, layer=layer, random_state=random_state, device=device,
        evidence=evidence, round=round, n_jobs=n_jobs, verbosity=verbosity,
    )  # fmt: skip
    return target.put(found, name, _write.OF_SUBCLUSTERS)


def predict(
    adata: AnnData,
    model: Clusterer | str | os.PathLike[str],
    *,
    layer: str | None = None,
    batch_key: str | None = None,
    key_added: str | None = None,
    denoise: bool = False,
    min_confidence: float = 0.0,
    round: bool = False,
    copy: bool = False,
    inplace: bool = True,
) -> Any:
    """Assign new cells to the clusters of a model, as ``morula predict`` does.

    Parameters
    ----------
    adata
        Raw counts of new cells. Genes are matched by name.
    model
        A fitted estimator, or the folder of a saved model.
    layer, batch_key, key_added, denoise, min_confidence, round, copy, inplace
        As in `scsiameseclu`.

    Returns
    -------
    None, or as `copy` and `inplace` say. Sets what `jojoscl` sets, under the name of the model or
    `key_added`, but no evidence: that of an earlier fit under that name is removed.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(300, 3, n_genes=200)
    >>> known, new = adata[:200].copy(), adata[200:].copy()
    >>> model = mo.JojoSCL(n_clusters=3, epochs=3, verbosity=0).fit(known)
    >>> mo.tl.predict(new, model)
    >>> new.obs["jojoscl"].shape
    (100,)
    """
    options = _run.Options(
        layer=layer, batch_key=batch_key, key_added=key_added, denoise=denoise,
        evidence="none", min_confidence=min_confidence, round=round, copy=copy, inplace=inplace,
    )  # fmt: skip
    return _run.predict(adata, model if isinstance(model, Clusterer) else load(model), options)


def rank_genes_groups(
    adata: AnnData,
    groupby: str,
    *,
    layer: str | None = None,
    n_genes: int | None = None,
    min_cells: int = 0,
    tie_correct: bool = True,
    key_added: str = "rank_genes_groups",
    round: bool = False,
    n_jobs: int | None = None,
    copy: bool = False,
    inplace: bool = True,
) -> Any:
    """Find the marker genes of groups of cells, as ``morula markers`` does.

    Wilcoxon's rank-sum test (1945) of every group against all other cells, on log-normalised counts,
    with the definitions of scanpy's ``sc.tl.rank_genes_groups(method="wilcoxon", tie_correct=True,
    pts=True)``; p-values are adjusted after Benjamini and Hochberg (1995). Takes raw counts.

    Parameters
    ----------
    adata
        Raw counts, cells x genes.
    groupby
        Column of obs with the groups; a cell without a group is among the other cells of every test.
    layer
        Layer with the counts, or "X"; None is X.
    n_genes
        Genes per group, best first; None for all.
    min_cells
        Test only genes that are expressed in at least this many cells.
    tie_correct
        Correct the variance for ties; scanpy's default is off.
    key_added
        Entry of uns.
    round, n_jobs, copy, inplace
        As in `jojoscl`.

    Returns
    -------
    None, or as `copy` and `inplace` say. Sets

    ``uns[key_added]`` : dict
        scanpy's layout, for ``sc.pl.rank_genes_groups`` and ``sc.get.rank_genes_groups_df``.
    ``layers["lognorm"]`` : scipy.sparse.csr_matrix of shape (n_cells, n_genes), float32
        The log-normalised counts, for scanpy's plots.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(200, 3, n_genes=200)
    >>> mo.tl.rank_genes_groups(adata, "cell_type", n_genes=5)
    >>> len(adata.uns["rank_genes_groups"]["names"])
    5
    """
    target = _write.Target(adata, copy, inplace)
    if layer == "raw":
        raise ValueError(
            'markers come with a layer, and layers cannot hold the genes of "raw"; give another layer'
        )
    n_genes = None if n_genes is None else whole("n_genes", n_genes, least=1)
    min_cells = whole("min_cells", min_cells)
    labels = codes(column(adata.obs, groupby))
    counts = _input.counts(adata, layer=layer, round=round)
    found = _write.parts(
        _morula.rank_genes_groups(
            counts, labels, groupby, n_genes, min_cells, tie_correct, threads(n_jobs)
        )
    )
    found["uns"] = {key_added: found["uns"]["rank_genes_groups"]}
    found["layers"]["lognorm"] = _all_features(found["layers"]["lognorm"], counts)
    return target.put(found)


def _all_features(x: Any, counts: _morula.Counts) -> Any:
    """The columns of genes among those of all features."""
    genes, features = counts.var_names, counts.feature_names
    if len(genes) == len(features):
        return x
    import scipy.sparse

    place = {name: j for j, name in enumerate(features)}
    to = np.array([place[name] for name in genes], dtype=x.indices.dtype)
    shape = (x.shape[0], len(features))
    return scipy.sparse.csr_matrix((x.data, to[x.indices], x.indptr), shape=shape)


def annotate(
    adata: AnnData,
    groupby: str,
    markers: Any,
    *,
    layer: str | None = None,
    margin: float = 0.05,
    unknown: str = "unknown",
    key_added: str = "morula_cell_type",
    round: bool = False,
    n_jobs: int | None = None,
    copy: bool = False,
    inplace: bool = True,
) -> Any:
    """Assign clusters the cell types of marker lists, as ``morula annotate`` does.

    The score of a type in a cluster is the mean of 2 AUC - 1 over the type's genes, where AUC compares
    the cluster's cells with all others, less the mean of max(2 AUC - 1, 0) over genes that the type
    lacks.

    Parameters
    ----------
    adata
        Raw counts, cells x genes.
    groupby
        Column of obs with the clusters.
    markers
        A dict of genes by type, a table with the columns ``type`` and ``gene``, or a file: such a
        table as CSV, or GMT. Tables of CellMarker and PanglaoDB are known by their columns. A hyphen
        before a gene, or ``-`` in a column ``sign``, means that the type lacks it. A row or an entry
        without a type or a gene is refused.
    layer
        Layer with the counts, "raw" or "X"; None is X.
    margin
        Smallest margin of a known type, 0 to 2: its score minus the second, or minus 0 if that is
        negative. Below it the type is unknown.
    unknown
        Label of clusters of unknown type.
    key_added
        Column of obs with the types; ``<key_added>_margin`` has the margins.
    round, n_jobs, copy, inplace
        As in `jojoscl`.

    Returns
    -------
    None, or as `copy` and `inplace` say. Sets ``obs["morula_cell_type"]`` (categorical) and
    ``obs["morula_cell_type_margin"]`` (float64), both of shape (n_cells,) and missing for cells
    without a cluster.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(200, 3, n_genes=200)
    >>> lists = adata.var["marker_of"].dropna()
    >>> lists = {t: lists.index[lists == t].tolist() for t in lists.cat.categories}
    >>> mo.tl.annotate(adata, "cell_type", lists)
    >>> bool((adata.obs["morula_cell_type"].astype(str) == adata.obs["cell_type"]).all())
    True
    """
    target, lists = _write.Target(adata, copy, inplace), _lists(markers)
    of_cells, names = codes(column(adata.obs, groupby))
    counts = _input.counts(adata, layer=layer, round=round)
    found = _morula.annotate(counts, (of_cells, names), lists, margin, threads(n_jobs))
    types, margins = {}, {}
    for cluster, _, at, distance, _ in found["clusters"]:
        types[cluster] = unknown if at is None else found["types"][at]
        margins[cluster] = distance
    for name, genes in zip(found["types"], found["missing"]):
        if genes:
            logger.info("%s: %d genes not found: %s", name, len(genes), ", ".join(genes[:5]))
    labels = [types.get(names[c]) if c >= 0 else None for c in of_cells]
    codes_of_types, there = codes(np.array(labels, dtype=object))
    obs = {
        key_added: ("categorical", codes_of_types, there, False),
        f"{key_added}_margin": (
            "float",
            np.array([margins.get(names[c], np.nan) if c >= 0 else np.nan for c in of_cells]),
        ),
    }
    return target.put(_write.parts({"obs": obs}))


def _lists(markers: Any) -> str | bytes:
    """The path of a file, or the content of one: every form is read by the rules of files."""
    if isinstance(markers, (str, os.PathLike)):
        return os.fspath(markers)
    import pandas as pd

    if not hasattr(markers, "columns"):
        if not hasattr(markers, "items"):
            raise TypeError("markers are a dict of genes by type, a table, or a file")
        pairs = [(name, gene) for name, genes in markers.items() for gene in _genes(name, genes)]
        markers = pd.DataFrame(pairs, columns=["type", "gene"])
    return markers.to_csv(index=False, quoting=csv.QUOTE_ALL).encode()


def _genes(name: Any, genes: Any) -> list[Any]:
    """The genes of a type."""
    if isinstance(genes, (str, bytes)) or not hasattr(genes, "__iter__"):
        raise TypeError(f"the genes of {name!r} are a list of names, not {shown(genes)}")
    import pandas as pd

    listed = list(genes)
    if not listed:
        raise ValueError(f"{name!r} has no genes; give some, or leave the type out")
    for gene in listed:
        if pd.isna(gene) is True or not str(gene).strip():
            raise ValueError(f"{name!r} has a gene without a name, {gene!r}; leave it out")
    return listed


def transfer(
    adata: AnnData,
    reference: AnnData,
    label: str,
    *,
    embedding: str = "X_jojoscl",
    min_probability: float = 0.5,
    max_novelty: float = 0.95,
    unknown: str = "unknown",
    key_added: str = "morula_transferred",
    n_jobs: int | None = None,
    copy: bool = False,
    inplace: bool = True,
) -> Any:
    """Transfer labels from a reference to new cells, as ``morula transfer`` does.

    Multinomial logistic regression on an embedding by one model that both have in obsm: that of the
    model's fit, and that of `predict`.

    Parameters
    ----------
    adata
        New cells.
    reference
        Labelled cells.
    label
        Column of the reference's obs with the labels.
    embedding
        Matrix of obsm, of shape (n_cells, n_dims).
    min_probability
        A cell whose label has a lower probability is unknown.
    max_novelty
        A cell of a higher novelty is unknown; 1 for no limit.
    unknown
        Label of cells of unknown type.
    key_added
        Column of obs with the labels; those of the other columns begin with it.
    n_jobs, copy, inplace
        As in `jojoscl`.

    Returns
    -------
    None, or as `copy` and `inplace` say. Sets ``obs["morula_transferred"]`` (categorical),
    ``obs["morula_transferred_confidence"]`` (probability of the most probable label) and
    ``obs["morula_transferred_novelty"]`` (share of the reference's cells that are closer to their
    nearest cells of the reference), each of shape (n_cells,) and missing for cells without an
    embedding.

    Examples
    --------
    >>> import morula as mo
    >>> adata = mo.simulate(300, 3, n_genes=200)
    >>> mo.tl.jojoscl(adata, n_clusters=3, epochs=3, verbosity=0)
    >>> known, new = adata[:200].copy(), adata[200:].copy()
    >>> mo.tl.transfer(new, known, "cell_type")
    >>> new.obs["morula_transferred"].shape
    (100,)
    """
    target = _write.Target(adata, copy, inplace)
    _input.check_anndata(reference)
    labels = codes(column(reference.obs, label))
    points = [np.asarray(_embedding(data, embedding)) for data in (reference, adata)]
    of_cells, confidence, novelty, _, types = _morula.transfer(
        points[0], labels, points[1], min_probability, max_novelty, threads(n_jobs)
    )
    # The types keep their order; "unknown" comes last, unless a type has that name.
    names = types if unknown in types else [*types, unknown]
    found = np.where(of_cells == -1, names.index(unknown), np.maximum(of_cells, -1))
    obs = {
        key_added: ("categorical", found, names, False),
        f"{key_added}_confidence": ("float", confidence),
        f"{key_added}_novelty": ("float", novelty),
    }
    return target.put(_write.parts({"obs": obs}))


def _embedding(adata: AnnData, name: str) -> Any:
    if name not in adata.obsm:
        there = ", ".join(map(str, adata.obsm.keys())) or "nothing"
        raise KeyError(
            f"no {name} in obsm, which holds {there}; make the embedding with a model's fit and predict"
        )
    return adata.obsm[name]


def _function(model: str) -> Any:
    """The function of a model that has none above."""

    def cluster(adata: AnnData, n_clusters: int | None = None, **params: Any) -> Any:
        return _run.cluster(model, adata, params, n_clusters=n_clusters)

    cluster.__name__ = cluster.__qualname__ = model
    cluster.__doc__ = f"{CLASSES[model].__doc__}. Takes what `scsiameseclu` takes."
    return cluster


for _name in CLASSES:
    if _name not in globals():
        globals()[_name] = _function(_name)
        __all__.append(_name)
del _name
