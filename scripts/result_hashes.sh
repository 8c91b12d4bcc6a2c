#!/usr/bin/env bash
# Hashes of the labels, probabilities and embeddings of both models, to compare two builds by bits.
#
#   scripts/result_hashes.sh MORULA WORK_DIR [MODELS_DIR] >hashes.txt
#
# MORULA is a binary of the command. Run it once per build and diff the lines. WORK_DIR receives the
# outputs and, under models/, the saved models. With MODELS_DIR, that folder of another build, its
# models predict too. With $MORULA_DATA, the real data sets there are used. Needs python3 with h5py.
set -euo pipefail
morula=$1 work=$2 models=${3:-$2/models}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work/models"

# Short trainings: the comparison is about the steps after training.
printf '%s\n' 'epochs = 8' >"$work/jojoscl.toml"
printf '%s\n' 'autoencoder_epochs = 4' 'graph_epochs = 4' 'joint_epochs = 6' 'epochs = 6' \
    >"$work/scsiameseclu.toml"

# run NAME INPUT METHOD ARGUMENTS...: clusters with both models and prints a line for each
run() {
    local name=$1 input=$2 head=$3 model
    shift 3
    for model in jojoscl scsiameseclu; do
        { echo "head = \"$head\""; cat "$work/$model.toml"; } >"$work/config.toml"
        "$morula" cluster "$input" --model "$model" --config "$work/config.toml" --device cpu \
            --quiet --json --out "$work/$name-$model.h5ad" "$@" >/dev/null
        python3 "$here/result_hashes.py" "$name" "$work/$name-$model.h5ad" "$model"
    done
}

"$morula" simulate --cells 300 --types 4 --batches 3 --seed 1 --quiet --json \
    --out "$work/simulated.h5ad" >/dev/null
run simulated-found "$work/simulated.h5ad" communities
run simulated-given "$work/simulated.h5ad" communities -k 5
run simulated-found-batches "$work/simulated.h5ad" communities --batch batch
run simulated-given-batches "$work/simulated.h5ad" communities -k 3 --batch batch --seed 3
run simulated-merge "$work/simulated.h5ad" merge
run simulated-kmeans "$work/simulated.h5ad" kmeans -k 5 --batch batch

# The shrunk embedding of JojoSCL.
for batch in '' '--batch batch'; do
    { echo 'embedding = "shrunk"'; cat "$work/jojoscl.toml"; } >"$work/config.toml"
    # shellcheck disable=SC2086
    "$morula" cluster "$work/simulated.h5ad" --config "$work/config.toml" --device cpu --quiet \
        --json --out "$work/shrunk.h5ad" $batch >/dev/null
    python3 "$here/result_hashes.py" "simulated-shrunk$batch" "$work/shrunk.h5ad" jojoscl
done

# Saved models, of this build or another one.
for model in jojoscl scsiameseclu; do
    "$morula" cluster "$work/simulated.h5ad" --model "$model" --config "$work/$model.toml" \
        --batch batch --device cpu --quiet --json --out "$work/saved.h5ad" \
        --save-model "$work/models/$model" >/dev/null
    "$morula" predict "$models/$model" "$work/simulated.h5ad" --batch batch --device cpu --quiet \
        --json --out "$work/predicted.h5ad" >/dev/null
    python3 "$here/result_hashes.py" predicted "$work/predicted.h5ad" "$model"
done

if [[ -n ${MORULA_DATA:-} ]]; then
    baron=$MORULA_DATA/Baron_mouse1_full.h5ad mixology=$MORULA_DATA/Mixology_5cl_3plate_full.h5ad
    run baron-found "$baron" communities
    run baron-given "$baron" communities -k 13
    run mixology-found "$mixology" communities
    run mixology-given-batches "$mixology" communities -k 5 --batch batch
else
    echo 'SKIPPED the real data sets: MORULA_DATA is not set' >&2
fi
