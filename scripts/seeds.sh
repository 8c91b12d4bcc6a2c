#!/usr/bin/env bash
# Scores a model on labelled data sets, with several seeds each, by the command line alone:
# scripts/seeds.sh jojoscl|scsiameseclu FOLDER [SEEDS] [options of `morula cluster`]
#
# Prints a row per run: data set, seed, ARI, NMI, and a row with the means.
set -euo pipefail
model=$1
folder=$2
seeds=${3:-5}
shift $(($# < 3 ? $# : 3))
sets=(
    "10X_PBMC_4k_full 8" "Baron_human1 14" "Zeisel_mouse_brain_4000 7"
    "Han_mouse_bladder_2100_full 16" "Cao_worm_neuron_full 10"
    "Darmanis_human_brain_full 8"
)
morula=${MORULA:-target/release/morula}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

score() {
    python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["ari"], d["nmi"])'
}

for entry in "${sets[@]}"; do
    read -r name k <<<"$entry"
    rows=()
    for ((seed = 0; seed < seeds; seed++)); do
        "$morula" cluster "$folder/$name.h5ad" --model "$model" --n-clusters "$k" --seed "$seed" \
            --device cpu --quiet --out "$out/o.h5ad" "$@" >/dev/null
        row=$("$morula" evaluate "$out/o.h5ad" --truth cell_type --pred "$model" --json | score)
        printf '%s seed %s ARI %.3f NMI %.3f\n' "$name" "$seed" $row
        rows+=("$row")
    done
    printf '%s\n' "${rows[@]}" |
        awk -v n="$name" '{ a += $1; m += $2 } END { printf "%s mean of %d ARI %.3f NMI %.3f\n", n, NR, a / NR, m / NR }'
done
