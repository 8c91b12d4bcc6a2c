#!/usr/bin/env bash
# Training epochs of both models and the same work in plain PyTorch, in turn, and their ratio.
#
#     scripts/bench_models.sh [CELLS] [THREADS] [ROUNDS]
#     DEVICE=gpu FEATURES=wgpu scripts/bench_models.sh 100000
#
# CPU seconds of the fastest epoch over all rounds, the one least disturbed by other programs; wall
# seconds on a GPU. Needs python3 with PyTorch. The last column counts epochs in PyTorch's MLP steps
# (2000-512-256-128 with batch normalisation, batch 256, forward, backward and Adam), a unit that
# is comparable between machines.
set -euo pipefail
cd "$(dirname "$0")/.."
cells=${1:-4271} threads=${2:-1} rounds=${3:-3}
device=${DEVICE:-cpu}
export RAYON_NUM_THREADS=$threads OMP_NUM_THREADS=$threads

cargo bench --quiet --bench epochs ${FEATURES:+--features "$FEATURES"} --no-run
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for _ in $(seq "$rounds"); do
    cargo bench --quiet --bench epochs ${FEATURES:+--features "$FEATURES"} -- "$cells" all "$device" |
        sed 's/^{/{"side":"ours",/' >>"$out"
    python3 scripts/bench_pytorch.py --cells "$cells" --threads "$threads" \
        --device "${device/gpu/cuda}" | sed 's/^{/{"side":"pytorch",/' >>"$out"
done

python3 - "$out" <<'PY'
import json, sys

best = {}
for line in open(sys.argv[1]):
    row = json.loads(line)
    key = row["id"], row["side"]
    best[key] = min(best.get(key, row["min"]), row["min"])
step = best["mlp/256", "pytorch"]
print("| epoch | Morula s | PyTorch s | ratio | in MLP steps |\n| --- | --- | --- | --- | --- |")
for name in dict.fromkeys(name for name, _ in best):
    ours, theirs = best.get((name, "ours")), best.get((name, "pytorch"))
    show = lambda value, digits: "" if value is None else f"{value:.{digits}f}"
    ratio = ours / theirs if ours and theirs else None
    steps = ours / step if ours else None
    print(f"| {name} | {show(ours, 3)} | {show(theirs, 3)} | {show(ratio, 2)} | {show(steps, 0)} |")
PY
