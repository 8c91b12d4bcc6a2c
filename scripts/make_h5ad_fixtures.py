#!/usr/bin/env python3
"""Writes the small files of crates/morula-data/tests/data, many encodings of one data set.

    make_h5ad_fixtures.py FOLDER [--storage]        (needs anndata, h5py, scipy)

With --storage, it also writes the largest of them in the storage forms of newer HDF5.

12 cells x 6 genes; the count of cell i and gene j is (i * 7 + j * 5) % 11 if that is below 5,
else 0, so that a test can compute the expected values. Gene g2 occurs twice in some files.
"""

import gzip
import sys
import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse as sp

warnings.filterwarnings("ignore")
N, G = 12, 6
COUNTS = np.array([[(i * 7 + j * 5) % 11 for j in range(G)] for i in range(N)])
COUNTS = np.where(COUNTS < 5, COUNTS, 0)
CELLS = [f"c{i}" for i in range(N)]
GENES = [f"g{j}" for j in range(G)]
TYPES = [["B", "T", "NK"][i % 3] for i in range(N)]


def rich(x):
    """Data that uses every part and many encodings."""
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(TYPES),
            "gap": pd.Categorical([t if i % 4 else None for i, t in enumerate(TYPES)]),
            "grade": pd.Categorical(["lo", "hi"] * 6, categories=["lo", "hi"], ordered=True),
            "cluster": pd.Categorical(np.arange(N) % 4),
            "depth": np.arange(N, dtype="f4") / 4,
            "score": [np.nan if i == 3 else i / 8 for i in range(N)],
            "n": np.arange(N, dtype="i4"),
            "hash": np.full(N, 2**64 - 1, dtype="u8"),
            "ok": np.arange(N) % 2 == 0,
            "maybe_n": pd.array([None if i == 2 else i for i in range(N)], dtype="Int32"),
            "maybe_ok": pd.array([None if i == 2 else i % 2 == 0 for i in range(N)], dtype="boolean"),
            "note": np.array([f"näme {i}" for i in range(N)], dtype=object),
        },
        index=CELLS,
    )
    var = pd.DataFrame({"symbol": [g.upper() for g in GENES], "hvg": [True, False] * 3}, index=GENES)
    data = anndata.AnnData(x, obs=obs, var=var)
    data.layers["counts"] = sp.csr_matrix(COUNTS)
    data.layers["dense"] = COUNTS.astype("f4") / 2
    data.layers["csc"] = sp.csc_matrix(COUNTS.astype("f8"))
    data.raw = anndata.AnnData(
        sp.csr_matrix(np.hstack([COUNTS, COUNTS]).astype("f4")),
        var=pd.DataFrame(index=GENES + [f"r{j}" for j in range(G)]),
        obs=obs[[]],
    )
    data.obsm["X_pca"] = np.arange(N * 3, dtype="f4").reshape(N, 3)
    data.obsm["wide"] = np.arange(N * 2, dtype="f8").reshape(N, 2) / 3
    data.obsm["frame"] = pd.DataFrame({"a": np.arange(N)}, index=CELLS)
    data.obsm["sparse"] = sp.csr_matrix(np.eye(N, 4))
    data.varm["PCs"] = np.arange(G * 2, dtype="f8").reshape(G, 2)
    data.obsp["connectivities"] = sp.csr_matrix(np.eye(N, dtype="f4"))
    data.varp["corr"] = np.eye(G)
    data.uns = {
        "title": "héllo", "empty": "", "k": 3, "rate": 0.25, "flag": True,
        "nested": {"deep": {"ints": np.arange(3), "none": {}}, "colours": np.array(["#fff", "#000"])},
        "matrix": np.arange(4.0).reshape(2, 2), "bools": np.array([True, False]),
        "complex": np.array([1 + 2j]), "cube": np.zeros((2, 2, 2)), "no_rows": np.zeros((0, 3)),
        "frame": pd.DataFrame({"a": [1, 2], "b": pd.Categorical(["x", "y"])}),
        "rank_genes_groups": np.rec.fromarrays(
            [np.array(["g0", "g1"], dtype="U8"), np.array([0.5, 1.5])], names=["B", "T"]
        ).astype([("B", "S8"), ("T", "f8")]),
        "graph": sp.csc_matrix(np.eye(3)),
        "bytes": np.array([1, 2, 3], dtype="u1"),
        "big_endian": np.arange(3, dtype=">f4"),
    }
    return data


def x_variants(folder):
    for name, x in {
        "csr_f4": sp.csr_matrix(COUNTS.astype("f4")),
        "csc_i8": sp.csc_matrix(COUNTS.astype("i8")),
        "csr_u2": sp.csr_matrix(COUNTS.astype("u2")),
        "dense_f8": COUNTS.astype("f8"),
        "dense_i4": COUNTS.astype("i4"),
        "dense_big_endian": COUNTS.astype(">f4"),
    }.items():
        genes = ["g0", "g1", "g2", "g2", "g4", "g5"] if name == "csc_i8" else GENES
        data = anndata.AnnData(x, obs=pd.DataFrame(index=CELLS), var=pd.DataFrame(index=genes))
        data.obs["cell_type"] = pd.Categorical(TYPES)
        compression = {"csc_i8": "gzip", "dense_f8": "lzf"}.get(name)
        data.write_h5ad(folder / f"x_{name}.h5ad", compression=compression)


def storage(folder):
    """The rich file in the storage forms of newer HDF5."""
    options = {
        "latest": {"libver": "latest"},
        "v110": {"libver": ("v110", "v110")},
        "tracked": {"track_order": True},
    }
    with h5py.File(folder / "rich.h5ad") as source:
        for name, options in options.items():
            with h5py.File(folder / f"rich_{name}.h5ad", "w", **options) as target:
                target.attrs.update(source.attrs)
                for key in source:
                    source.copy(key, target)


def zstd(folder):
    """A counts file whose values pass a filter that is not part of HDF5."""
    with h5py.File(folder / "x_csr_f4.h5ad") as source, h5py.File(folder / "x_zstd.h5", "w") as f:
        f.attrs.update(source.attrs)
        for key in ("obs", "var", "X"):
            source.copy(key, f)
        values = source["X/data"][()]
        del f["X/data"]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(values.shape)
        plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple(values.shape)
        h5py.h5d.create(f["X"].id, b"data", h5py.h5t.IEEE_F32LE, space, plist)
        f["X/data"].id.write_direct_chunk((0,), bytes.fromhex("28b52ffd") + values.tobytes())


def tracked(folder):
    """A table with more columns than an ordered group holds without a tree."""
    with h5py.File(folder / "rich.h5ad") as source:
        with h5py.File(folder / "tracked_wide.h5ad", "w", track_order=True) as target:
            target.attrs.update(source.attrs)
            for key in ("X", "var"):
                source.copy(key, target)
            obs = target.create_group("obs", track_order=True)
            obs.attrs.update(source["obs"].attrs)
            for key in source["obs"]:
                source["obs"].copy(key, obs)


def categories_by_reference(folder):
    """anndata 0.7: categories in their own group, found by reference."""
    with h5py.File(folder / "old_07.h5ad", "w") as f:
        x = sp.csr_matrix(COUNTS.astype("f4"))
        group = f.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": x.shape})
        for part in ("data", "indices", "indptr"):
            group.create_dataset(part, data=getattr(x, part))
        for name, index, key in (("obs", CELLS, "index"), ("var", GENES, "_index")):
            group = f.create_group(name)
            group.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.1.0", "_index": key})
            group.attrs["column-order"] = np.array(["cell_type", "n"], dtype=object) if name == "obs" else np.array([])
            group.create_dataset(key, data=np.array(index, dtype=object), dtype=h5py.string_dtype())
        obs = f["obs"]
        codes = obs.create_dataset("cell_type", data=np.arange(N, dtype="i1") % 3)
        kept = obs.create_group("__categories").create_dataset(
            "cell_type", data=np.array(["B", "T", "NK"], dtype=object), dtype=h5py.string_dtype()
        )
        kept.attrs["ordered"] = False
        codes.attrs["categories"] = kept.ref
        obs.create_dataset("n", data=np.arange(N))
        for name in ("layers", "obsm", "uns"):
            f.create_group(name)


def records(folder):
    """anndata 0.6: tables as arrays of records, categories in uns, raw in its own parts."""
    with h5py.File(folder / "old_06.h5ad", "w") as f:
        x = sp.csr_matrix(COUNTS.astype("f4"))
        for at in ("X", "raw.X"):
            group = f.create_group(at)
            group.attrs["h5sparse_format"] = "csr"
            group.attrs["h5sparse_shape"] = x.shape
            for part in ("data", "indices", "indptr"):
                group.create_dataset(part, data=getattr(x, part))
        f["X/data"][...] = f["X/data"][...] / 2
        obs = np.zeros(N, dtype=[("index", "S3"), ("cell_type", "i1"), ("depth", "f4"), ("n", "u2"), ("text", "S4"), ("ok", "?")])
        obs["index"], obs["cell_type"], obs["depth"] = CELLS, np.arange(N) % 3, np.arange(N) / 4
        obs["n"], obs["text"], obs["ok"] = np.arange(N), [f"t{i}" for i in range(N)], np.arange(N) % 2
        f.create_dataset("obs", data=obs)
        var = np.zeros(G, dtype=[("index", "S3"), ("kind", "i1")])
        var["index"], var["kind"] = GENES, np.arange(G) % 2
        f.create_dataset("var", data=var)
        f.create_dataset("raw.var", data=var)
        obsm = np.zeros(N, dtype=[("X_pca", "f4", (2,)), ("X_diff", "f8", (3,))])
        obsm["X_pca"] = np.arange(N * 2).reshape(N, 2)
        f.create_dataset("obsm", data=obsm)
        uns = f.create_group("uns")
        uns.create_dataset("cell_type_categories", data=np.array(["B", "T", "NK"], dtype=object), dtype=h5py.string_dtype())
        uns.create_dataset("kind_categories", data=np.array(["coding", "other"], dtype=object), dtype=h5py.string_dtype())
        uns.create_dataset("note", data="kept")


def tenx(folder):
    by_gene = sp.csc_matrix(COUNTS.T.astype("i4"))
    names = ["g0", "g1", "g2", "g2", "g4", "g5"]
    with h5py.File(folder / "tenx_v3.h5", "w") as f:
        group = f.create_group("matrix")
        # Two features that are not genes come last.
        both = sp.csc_matrix(np.vstack([COUNTS.T, np.ones((2, N))]).astype("i4"))
        features = group.create_group("features")
        text = lambda values: np.array(values, dtype="S24")
        features["id"] = text([f"ENSG{j}" for j in range(G)] + ["CD3", "CD4"])
        features["name"] = text(names + ["CD3", "CD4"])
        features["feature_type"] = text(["Gene Expression"] * G + ["Antibody Capture"] * 2)
        features["genome"] = text(["GRCh38"] * G + [""] * 2)
        features["_all_tag_keys"] = text(["genome"])
        for part, value in (("data", both.data), ("indices", both.indices.astype("i8")), ("indptr", both.indptr.astype("i8"))):
            group.create_dataset(part, data=value, compression="gzip")
        group["shape"], group["barcodes"] = np.array(both.shape, "i4"), text(CELLS)
    with h5py.File(folder / "tenx_v2.h5", "w") as f:
        group = f.create_group("GRCh38")
        for part in ("data", "indices", "indptr"):
            group.create_dataset(part, data=getattr(by_gene, part))
        group["shape"], group["barcodes"] = np.array(by_gene.shape), np.array(CELLS, "S24")
        group["genes"], group["gene_names"] = np.array([f"ENSG{j}" for j in range(G)], "S24"), np.array(names, "S24")
    for name, opener, suffix, table in (("mtx_v3", gzip.open, ".gz", "features.tsv"), ("mtx_v2", open, "", "genes.tsv")):
        out = folder / name
        out.mkdir(exist_ok=True)
        with opener(out / f"matrix.mtx{suffix}", "wb") as f:
            scipy.io.mmwrite(f, by_gene, field="integer")
        with opener(out / f"barcodes.tsv{suffix}", "wt") as f:
            f.writelines(f"{c}\n" for c in CELLS)
        with opener(out / f"{table}{suffix}", "wt") as f:
            kind = "\tGene Expression" if suffix else ""
            f.writelines(f"ENSG{j}\t{g}{kind}\n" for j, g in enumerate(names))


def others(folder):
    for name, labels in (("ints", np.arange(N) % 3), ("texts", np.array(TYPES, dtype="S2"))):
        with h5py.File(folder / f"xy_{name}.h5", "w") as f:
            f["X"], f["Y"] = COUNTS.astype("f4"), labels
    frame = pd.DataFrame(COUNTS, index=CELLS, columns=GENES)
    frame.to_csv(folder / "table.csv")
    frame.to_csv(folder / "table.tsv.gz", sep="\t", compression={"method": "gzip", "mtime": 0})


def main(folder, *options):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rich(sp.csr_matrix(np.log1p(COUNTS).astype("f4"))).write_h5ad(folder / "rich.h5ad")
    for make in (x_variants, zstd, tracked, categories_by_reference, records, tenx, others):
        make(folder)
    if "--storage" in options:
        storage(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
