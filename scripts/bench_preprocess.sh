#!/usr/bin/env bash
# CPU seconds of preprocessing, here and in scanpy:
#   scripts/bench_preprocess.sh [FILE.h5ad | simulated:CELLS]...        (simulated:14000 unless given)
#
# Runs both sides in turn, RUNS times (3) for each number of THREADS ("1 2"), and prints a table
# of the medians per data set: seconds per step and the ratio of scanpy's to ours. COMPS (50)
# components, NEIGHBORS (15) neighbours. scanpy's neighbours are approximate above 8192 cells;
# ours are exact, so the table also has scikit-learn's exact search (BRUTE= leaves it out).
# $PYTHON needs scanpy 1.11 and a pynndescent below 0.6.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
comps=${COMPS:-50} neighbors=${NEIGHBORS:-15}
cargo build --quiet --release -p morula-preprocess --example steps
steps=${CARGO_TARGET_DIR:-target}/release/examples/steps
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
[[ $# -gt 0 ]] || set -- simulated:14000

for data in "$@"; do
    file=$data
    if [[ $data == simulated:* ]]; then
        file=$home/simulated.h5ad
        "$steps" simulate "${data#*:}" "$file"
    fi
    for threads in ${THREADS:-1 2}; do
        export RAYON_NUM_THREADS=$threads OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads \
            MKL_NUM_THREADS=$threads NUMBA_NUM_THREADS=$threads
        rm -f "$home"/{ours,theirs}
        for ((run = 0; run < ${RUNS:-3}; run++)); do
            "$steps" "$file" "$comps" "$neighbors" >>"$home/ours"
            "$python" scripts/bench_scanpy.py "$file" --comps "$comps" --neighbors "$neighbors" \
                ${BRUTE---brute} >>"$home/theirs"
        done
        echo
        echo "$(basename "$data" .h5ad), $threads thread(s), $comps components:"
        echo
        "$python" scripts/bench_table.py "$home/ours" "$home/theirs"
    done
done
