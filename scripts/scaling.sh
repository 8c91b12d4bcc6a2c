#!/usr/bin/env bash
# Time and memory of scSiameseClu by number of cells:
#   scripts/scaling.sh [CELLS | FILE]...        (4000 14000 100000 unless given)
# A number simulates that many cells; a file is used as it is. Two epochs of every stage each. Above
# 20,000 cells the model shortens its stages in proportion, so the script requests more epochs.
# Needs GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --release --workspace
morula=${CARGO_TARGET_DIR:-target}/release/morula
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
[[ $# -gt 0 ]] || set -- 4000 14000 100000

echo '| data | cells | CPU s | wall s | peak MB |'
echo '| --- | --- | --- | --- | --- |'
for data in "$@"; do
    input=$data
    if [[ ! -f $data ]]; then
        input=$home/in.h5ad
        "$morula" simulate --cells "$data" --types 8 --quiet --out "$input" >/dev/null
    fi
    n=$("$morula" inspect "$input" --json | sed -n 's/.*"n_cells": *\([0-9]*\),.*/\1/p' | head -n 1)
    epochs=$((n > 20000 ? (2 * n + 19999) / 20000 : 2))
    printf '%s\n' 'model = "scsiameseclu"' "autoencoder_epochs = $epochs" \
        "graph_epochs = $epochs" "joint_epochs = $epochs" "epochs = $epochs" >"$home/run.toml"
    /usr/bin/time -f '%U %S %e %M' -o "$home/time" "$morula" cluster "$input" --n-clusters 8 \
        --config "$home/run.toml" --device cpu --quiet --out "$home/out.h5ad" >/dev/null
    name=$(basename "$data" .h5ad)
    awk -v name="$name" -v n="$n" \
        '{ printf "| %s | %d | %.0f | %.0f | %.0f |\n", name, n, $1 + $2, $3, $4 / 1024 }' "$home/time"
done
