#!/usr/bin/env python3
"""Writes zarr stores for scripts/check_h5ad.sh.

    make_zarr_fixtures.py FOLDER [--small]

With --small, the zip files of crates/morula-data/tests/data: those of version 2 where zarr 2 is
installed, and of version 3 else.

`rich*.zarr` hold every part that AnnData has, in each version that the installed zarr writes, and
`x_*.zarr` one matrix in the storage forms that zarr offers: codecs, filters, orders of bytes and of
dimensions, chunks, shards, zip files.
"""

import shutil
import sys
import warnings
from pathlib import Path

import anndata
import numcodecs
import numpy as np
import pandas as pd
import scipy.sparse as sp
import zarr

sys.dont_write_bytecode = True
from make_h5ad_fixtures import COUNTS, rich  # noqa: E402

warnings.filterwarnings("ignore")
ZARR3 = int(zarr.__version__.split(".")[0]) >= 3
try:
    from anndata.io import write_elem
except ImportError:
    from anndata.experimental import write_elem

# Large enough for several blocks and streams of Blosc, with long matches and without.
LARGE = np.tile(COUNTS, (150, 15)) * (np.random.default_rng(1).integers(1, 5000, (1800, 90)))
LARGE[:600] = np.tile(COUNTS, (50, 15))


def x_store(path, x, version, **options):
    """The smallest AnnData around a matrix, which is stored with these options."""
    group = zarr.open_group(str(path), mode="w", **({"zarr_format": version} if ZARR3 else {}))
    data = anndata.AnnData(obs=pd.DataFrame(index=[f"c{i}" for i in range(x.shape[0])]),
                           var=pd.DataFrame(index=[f"g{j}" for j in range(x.shape[1])]))
    write_elem(group, "/", data)
    write_elem(group, "X", x, dataset_kwargs=options)


def blosc_forms():
    for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in (0, 1, 2):
            yield f"blosc_{name}_{shuffle}", numcodecs.Blosc(name, 5, shuffle)


def v2_forms(folder):
    codecs = dict(blosc_forms())
    codecs |= {"gzip": numcodecs.GZip(), "zlib": numcodecs.Zlib(), "zstd": numcodecs.Zstd(),
               "lz4": numcodecs.LZ4(), "plain": None}
    for name, codec in codecs.items():
        options = {"compressors": codec} if ZARR3 else {"compressor": codec}
        x_store(folder / f"x_v2_{name}.zarr", LARGE.astype("f4"), 2, chunks=(700, 90), **options)
    for kind in ("i1", "u1", "i2", ">i4", "u8", "f2", ">f8"):
        # Of one byte, and so with bits shuffled alone.
        x = (LARGE % 100).astype(kind)
        name = kind.replace(">", "big_")
        x_store(folder / f"x_v2_{name}.zarr", x, 2, chunks=(500, 40))
    x_store(folder / "x_v2_fortran.zarr", LARGE.astype("f4"), 2, chunks=(500, 40), order="F")
    x_store(folder / "x_v2_nested.zarr", LARGE.astype("f4"), 2, chunks=(500, 40),
            **({"chunk_key_encoding": {"name": "v2", "separator": "/"}} if ZARR3 else {"dimension_separator": "/"}))
    sparse = sp.csr_matrix(LARGE.astype("f4"))
    x_store(folder / "x_v2_csr.zarr", sparse, 2)
    x_store(folder / "x_v2_csc.zarr", sp.csc_matrix(LARGE.astype("f8")), 2)


def v3_forms(folder):
    from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

    dense = LARGE.astype("f4")
    for name, options in {
        "default": {},
        "shards": {"chunks": (100, 30), "shards": (600, 90)},
        "shards_sparse": {"chunks": (100, 30), "shards": (600, 90), "compressors": None},
        "gzip": {"compressors": GzipCodec(), "chunks": (500, 40)},
        "zstd": {"compressors": ZstdCodec(level=19, checksum=True), "chunks": (500, 40)},
        "blosc": {"compressors": BloscCodec(shuffle="bitshuffle"), "chunks": (500, 40)},
        "checked": {"compressors": [ZstdCodec(), Crc32cCodec()], "chunks": (500, 40)},
        "plain": {"compressors": None, "chunks": (500, 40)},
        "big": {"serializer": BytesCodec(endian="big"), "chunks": (500, 40)},
        "transposed": {"filters": TransposeCodec(order=(1, 0)), "chunks": (500, 40)},
        "dotted": {"chunk_key_encoding": {"name": "default", "separator": "."}, "chunks": (500, 40)},
        "holes": {"fill_value": 0, "chunks": (100, 30)},
    }.items():
        x = dense.copy()
        if name in ("holes", "shards_sparse"):
            x[200:500] = 0
        x_store(folder / f"x_v3_{name}.zarr", x, 3, **options)
    x_store(folder / "x_v3_csr.zarr", sp.csr_matrix(dense), 3, chunks=(1000,), shards=(5000,))
    x_store(folder / "x_v3_i8.zarr", LARGE.astype("i8"), 3)


def small(folder):
    """The rich data, and a matrix in a few forms that the Rust writer does not write."""
    version = 3 if ZARR3 else 2
    forms, x = folder / "forms", (np.arange(60 * 40) * 7919 % 211 % 37).astype("u2").reshape(60, 40)
    if ZARR3:
        from zarr.codecs import BytesCodec, TransposeCodec

        zarr.config.set({"array.write_empty_chunks": False})
        x_store(forms / "shards", x, 3, chunks=(10, 20), shards=(40, 40))
        x_store(forms / "transposed", x, 3, chunks=(25, 16), filters=TransposeCodec(order=(1, 0)))
        x_store(forms / "big", x, 3, chunks=(25, 16), serializer=BytesCodec(endian="big"))
        with anndata.settings.override(zarr_write_format=3):
            rich(sp.csr_matrix(COUNTS.astype("f4"))).write_zarr(folder / "rich")
    else:
        for name, codec in blosc_forms():
            if name in ("blosc_blosclz_1", "blosc_blosclz_2", "blosc_lz4_0", "blosc_lz4_1", "blosc_zlib_1", "blosc_zstd_2"):
                x_store(forms / name, x, 2, compressor=codec)
        x_store(forms / "fortran", x.astype(">u2"), 2, chunks=(25, 16), order="F", dimension_separator="/")
        x_store(forms / "lz4", x, 2, compressor=numcodecs.LZ4())
        x_store(forms / "zlib", x, 2, compressor=numcodecs.Zlib())
        rich(sp.csr_matrix(COUNTS.astype("f4"))).write_zarr(folder / "rich")
    for empty in ("layers", "obsm", "obsp", "varm", "varp", "uns"):
        for group in forms.glob(f"*/{empty}"):
            shutil.rmtree(group)
    for name in ("rich", "forms"):
        shutil.make_archive(str(folder / f"{name}_v{version}.zarr"), "zip", folder / name)
        shutil.rmtree(folder / name)


def main(folder, form=None):
    folder = Path(folder)
    if form == "--small":
        return small(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    data = rich(sp.csr_matrix(COUNTS.astype("f4")))
    v2_forms(folder)
    if ZARR3:
        v3_forms(folder)
        for version in (2, 3):
            with anndata.settings.override(zarr_write_format=version):
                data.write_zarr(folder / f"rich_v{version}.zarr")
    else:
        data.write_zarr(folder / "rich_v2.zarr", chunks=(5, 4))
    for path in list(folder.glob("rich_v*.zarr")) + [folder / "x_v2_csr.zarr"]:
        # As zarr does it, and as zip does it to a folder.
        shutil.make_archive(str(path), "zip", path)
        shutil.make_archive(str(path.with_suffix(".packed")), "zip", folder, path.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
