#!/usr/bin/env bash
# Checks our h5ad output with Python's anndata: the newest, on h5py built against HDF5 1.14 and
# against 2.x, and the last of every minor version from 0.8.0 on. Checks zarr stores with zarr 2
# under anndata 0.10, and with zarr 3 under the newest anndata.
#
#   scripts/check_h5ad.sh [FILE ...]     FILEs are checked beside the generated ones
#
# Virtual environments and files go to $MORULA_CHECK_DIR, or target/check_h5ad. Environments that
# exist are used again.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${MORULA_CHECK_DIR:-${CARGO_TARGET_DIR:-target}/check_h5ad}
mkdir -p "$work/in" "$work/out"
work=$(cd "$work" && pwd)

# environment NAME PACKAGE...: a virtual environment with those packages and scipy
environment() {
    local name=$1 python="$work/$1/bin/python"
    shift
    if ! "$python" -c 'import anndata' 2>/dev/null; then
        python3 -m venv "$work/$name"
        "$python" -m pip install --quiet --disable-pip-version-check "$@" scipy
    fi
}
# Old versions need the numpy, pandas and h5py of their time (and Python 3.11 or older).
versions=(0.8 0.9 0.10 0.11 0.12)
environment hdf5-1.14 'h5py==3.12.1' 'anndata>=0.11' &
environment hdf5-2 'h5py>=3.16' 'anndata>=0.11' &
environment anndata-0.8 'anndata==0.8.0' 'numpy<1.25' 'pandas<2' 'scipy<1.11' 'h5py<3.9' &
environment anndata-0.9 'anndata==0.9.*' 'numpy<1.27' 'pandas<2.1' 'scipy<1.12' 'h5py<3.11' &
environment anndata-0.10 'anndata==0.10.*' 'numpy<2' 'pandas<2.2' 'scipy<1.13' &
environment anndata-0.11 'anndata==0.11.*' 'pandas<3' &
environment anndata-0.12 'anndata==0.12.*' &
environment zarr-2 'anndata==0.10.*' 'numpy<2' 'pandas<2.2' 'scipy<1.13' 'zarr<3' 'numcodecs<0.16' &
cargo build --quiet --release -p morula-data --features zarr --example annotate &
for job in $(jobs -p); do wait "$job"; done
annotate=${CARGO_TARGET_DIR:-target}/release/examples/annotate

status=0
for writer in hdf5-1.14 hdf5-2; do
    files="$work/in/$writer"
    "$work/$writer/bin/python" scripts/make_h5ad_fixtures.py "$files" --storage
    pairs=() converted=()
    for file in "$files"/*.h5ad "$@"; do
        out="$work/out/$writer-$(basename "$file")"
        "$annotate" "$file" "$out"
        pairs+=("$file" "$out")
    done
    for file in "$files"/{tenx,xy}_*.h5 "$files"/mtx_* "$files"/table.*; do
        out="$work/out/$writer-$(basename "$file").h5ad"
        "$annotate" "$file" "$out"
        converted+=("$out")
    done
    for reader in hdf5-1.14 hdf5-2; do
        echo "== files of $writer, read by $reader"
        "$work/$reader/bin/python" scripts/check_h5ad.py "${pairs[@]}" || status=1
        "$work/$reader/bin/python" scripts/check_h5ad.py --counts "${converted[@]}" || status=1
    done
done

# Each version reads what was added to its own files, and what was converted.
for version in "${versions[@]}"; do
    python="$work/anndata-$version/bin/python"
    files="$work/in/anndata-$version"
    "$python" scripts/make_h5ad_fixtures.py "$files" --own
    pairs=()
    for file in "$files"/*.h5ad; do
        out="$work/out/anndata-$version-$(basename "$file")"
        "$annotate" "$file" "$out"
        pairs+=("$file" "$out")
    done
    echo "== files of anndata $version, and converted files, read by it"
    "$python" scripts/check_h5ad.py "${pairs[@]}" || status=1
    "$python" scripts/check_h5ad.py --counts "${converted[@]}" || status=1
done

# Zarr stores of each zarr. A copy keeps everything, and a conversion says that its input was read.
for writer in zarr-2 hdf5-2; do
    files="$work/in/zarr-of-$writer" results="$work/out/zarr-of-$writer"
    "$work/$writer/bin/python" scripts/make_zarr_fixtures.py "$files"
    rm -rf "$results" && mkdir "$results"
    pairs=() converted=() matrices=()
    for store in "$files"/rich*; do
        out="$results/$(basename "$store")"
        "$annotate" "$store" "$out.zarr" "$store" "$out.h5ad" 2>/dev/null
        pairs+=("$store" "$out.zarr")
        converted+=("$out.h5ad")
    done
    for store in "$files"/x_*; do
        out="$results/$(basename "$store").h5ad"
        "$annotate" "$store" "$out"
        matrices+=("$store" "$out")
    done
    # What is new is of version 3.
    for file in "$work/in/hdf5-2"/{x_csr_f4,x_dense_i4}.h5ad; do
        "$annotate" "$file" "$results/$(basename "$file").zarr"
    done
    echo "== zarr stores of $writer"
    "$work/$writer/bin/python" scripts/check_h5ad.py "${pairs[@]}" || status=1
    "$work/$writer/bin/python" scripts/check_h5ad.py --x "${matrices[@]}" || status=1
    "$work/$writer/bin/python" scripts/check_h5ad.py --counts "${converted[@]}" || status=1
    "$work/hdf5-2/bin/python" scripts/check_h5ad.py --counts "$results"/x_*.h5ad.zarr || status=1
done
exit $status
