#!/usr/bin/env bash
# Checks our h5ad output with Python's anndata, on h5py built against HDF5 1.14 and against 2.x.
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

# environment NAME H5PY: a virtual environment with that h5py
environment() {
    local python="$work/$1/bin/python"
    if ! "$python" -c 'import anndata' 2>/dev/null; then
        python3 -m venv "$work/$1"
        "$python" -m pip install --quiet --disable-pip-version-check "$2" 'anndata>=0.11' scipy
    fi
}
environment hdf5-1.14 'h5py==3.12.1' &
environment hdf5-2 'h5py>=3.16' &
cargo build --quiet --release -p morula-data --example annotate &
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
exit $status
