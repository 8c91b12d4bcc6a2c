#!/usr/bin/env bash
# Time and memory by number of cells, as the rows of docs/scale.md:
#   scripts/scale.sh [CELLS]...        (10000 100000 unless given)
# Simulates cells x 10,000 genes of 12 types, 7% of the values not zero, and runs every model from the
# file to the written result, without and with evidence, then predict and cut. Two threads, unless
# RAYON_NUM_THREADS says otherwise. MODELS (default: all three), FULL= leaves out runs with evidence.
# The last column is the agreement (ARI) of the clusters with the simulated types.
#
# Rows of scanpy 1.11 (with pynndescent below 0.6), crest-sc and brisc, from counts to Leiden at resolution
# 0.5, follow where $PYTHON has them.
# Needs GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --release --workspace
morula=${CARGO_TARGET_DIR:-target}/release/morula
threads=${RAYON_NUM_THREADS:-2}
export RAYON_NUM_THREADS=$threads OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads \
    MKL_NUM_THREADS=$threads NUMBA_NUM_THREADS=$threads POLARS_MAX_THREADS=$threads
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
[[ $# -gt 0 ]] || set -- 10000 100000

# row NAME COLUMN OUT COMMAND...: runs the command and prints its row; with a COLUMN of obs in OUT, its
# agreement with the types too.
row() {
    local name=$1 column=$2 out=$3 ari=
    shift 3
    if ! /usr/bin/time -f '%U %S %e %M' -o "$home/time" "$@" >"$home/log" 2>&1; then
        printf '| %s | %s | failed: %s | | | |\n' "$cells" "$name" "$(tail -n 1 "$home/log")"
        return
    fi
    if [[ -n $column ]]; then
        ari=$("$morula" evaluate "$out" --truth cell_type --pred "$column" --json |
            sed -n 's/.*"ari": *\([0-9.]*\).*/\1/p' | head -n 1 | cut -c1-5)
    fi
    awk -v cells="$cells" -v name="$name" -v ari="$ari" '{ printf "| %d | %s | %.0f | %.0f | %.0f | %s |\n",
        cells, name, $1 + $2, $3, $4 / 1024, ari }' "$home/time"
}

echo '| cells | | CPU s | wall s | peak MB | ARI |'
echo '| ---: | --- | ---: | ---: | ---: | ---: |'
for cells in "$@"; do
    in=$home/in.h5ad out=$home/out.h5ad
    row simulate '' '' "$morula" simulate --cells "$cells" --types 12 --genes 10000 --dropout 0.48 \
        --quiet --out "$in"
    for model in ${MODELS:-views jojoscl scsiameseclu}; do
        run=("$morula" cluster "$in" --model "$model" --device cpu --quiet --out "$out")
        row "$model, no evidence" "$model" "$out" "${run[@]}" --evidence none --save-model "$home/$model"
        [[ -z ${FULL-1} ]] || row "$model" "$model" "$out" "${run[@]}"
        row "$model: predict the same cells" "$model" "$home/new.h5ad" "$morula" predict "$home/$model" \
            "$in" --device cpu --quiet --out "$home/new.h5ad"
        row "$model: cut" '' '' "$morula" cut "$out" --level coarse --quiet --out "$home/cut.h5ad"
        rm -rf "$home/$model" "$home/new.h5ad" "$home/cut.h5ad"
    done
    for rival in scanpy crest brisc; do
        if [[ -n ${PYTHON:-} ]] && "$PYTHON" -c "import $rival" 2>/dev/null; then
            row "$rival" leiden "$out" "$PYTHON" scripts/scale_rivals.py "$rival" "$in" "$out"
        fi
    done
done
