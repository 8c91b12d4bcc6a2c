#!/usr/bin/env bash
# Kills runs of both models with SIGKILL at random moments and resumes them. Compares each result,
# byte by byte, with that of an undisturbed run: the output file holds labels, embedding,
# probabilities and losses. Ends with an error at the first difference.
#
#   scripts/kill_nine.sh [N] [SEED]     N runs per model (20); SEED of the moments (the time)
#
# Takes about N x 10 seconds per model on an idle machine. Builds the command first. Variables:
# MORULA, another command to use; MODELS, the models, separated by blanks; AIM=writing, to kill only
# while a file or folder is written, over the output of an earlier run.
set -euo pipefail
cd "$(dirname "$0")/.."
n=${1:-20}
RANDOM=${2:-$(date +%N | sed 's/^0*//')}

if [[ -z ${MORULA:-} ]]; then
    cargo build --quiet --release --workspace --bin morula
    MORULA=${CARGO_TARGET_DIR:-target}/release/morula
fi
MORULA=$(realpath "$MORULA")
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"$MORULA" simulate --cells 200 --types 3 --genes 600 --out in.h5ad --quiet >/dev/null

now() { date +%s%N; }

# run MODEL FOLDER: the whole command, which writes everything to FOLDER. It replaces the shell that
# calls it, so that a kill hits the program itself.
run() {
    exec "$MORULA" cluster in.h5ad --model "$1" -k 3 --epochs 30 --device cpu --quiet \
        --out "$2/out.h5ad" --save-model "$2/model" --checkpoint "$2/state" --resume \
        --report "$2/report" >/dev/null
}

# The saved models predict the same for the cells, to the byte. Their own files cannot be compared:
# safetensors writes its metadata in no fixed order.
same_model() {
    for folder in reference run; do
        "$MORULA" predict "$folder/model" in.h5ad --device cpu --quiet --out "$folder.h5ad" >/dev/null
    done
    cmp reference.h5ad run.h5ad
}

# What is being written in a folder, or was when a run was killed.
unfinished() { compgen -G "$1/.*.morula-*" || true; }

# A random moment while a checkpoint, or one of the results, is written. Ends with the run.
while_writing() {
    local places=(run/state run) left now
    local place=${places[RANDOM % 2]}
    left=$(unfinished "$place")
    while [[ -e /proc/$1/exe ]]; do
        now=$(unfinished "$place")
        if [[ -z $now ]]; then left=; elif [[ $now != "$left" ]]; then break; fi
    done
    sleep "0.00$((RANDOM % 10))"
}

# A random moment of a run: up to slightly more than a whole one, so that the end is hit too.
any_time() {
    moment=$(((RANDOM * 32768 + RANDOM) % (whole * 21 / 20)))
    sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
}

# disturb MODEL: a run that is killed at up to two random moments and resumed to its end. `moments`
# receives the moments. If the run ends before the first, other programs slowed the run that gave
# `whole`, so `whole` is measured again.
disturb() {
    local child start before left
    while :; do
        start=$(now)
        before=$(unfinished run; unfinished run/state)
        run "$1" run &
        child=$!
        "$aim" "$child"
        if ((${#moments[@]} == 2)) || ! kill -KILL "$child" 2>/dev/null; then
            wait "$child"
            if ((${#moments[@]} == 0)); then whole=$((($(now) - start) / 1000000)); fi
            return
        fi
        wait "$child" 2>/dev/null || true
        moments+=($((($(now) - start) / 1000000)))
        # A file or folder under its final name is complete.
        if [[ -e run/out.h5ad ]] && ! cmp --silent run/out.h5ad earlier.h5ad; then
            cmp run/out.h5ad reference/out.h5ad
            late=$((late + 1))
        fi
        left=$(unfinished run; unfinished run/state)
        if [[ -n $left && $left != "$before" ]]; then middle=$((middle + 1)); fi
        if [[ -e run/model ]]; then
            same_model "$1"
        fi
    done
}

aim=any_time
if [[ ${AIM:-} == writing ]]; then
    aim=while_writing
    "$MORULA" cluster in.h5ad --model views --device cpu --quiet --out earlier.h5ad >/dev/null
fi
for model in ${MODELS:-jojoscl scsiameseclu}; do
    rm -rf reference && mkdir reference
    start=$(now)
    (run "$model" reference)
    whole=$((($(now) - start) / 1000000))
    echo "$model: an undisturbed run takes $whole ms"
    kills=0 late=0 middle=0
    for ((i = 1; i <= n; i++)); do
        moments=()
        while ((${#moments[@]} == 0)); do
            rm -rf run && mkdir run
            [[ ! -e earlier.h5ad ]] || cp earlier.h5ad run/out.h5ad
            disturb "$model"
        done
        kills=$((kills + ${#moments[@]}))
        cmp run/out.h5ad reference/out.h5ad
        same_model "$model"
        test -s run/report/report.html
        left=$(find run -name '.*morula*' -printf '%p ')
        echo "$model $i: killed after [${moments[*]}] ms, then the same; left over: ${left:-nothing}"
    done
    echo "$model: $n runs, $kills kills ($late with the output there already," \
        "$middle in the middle of writing), all the same"
done
