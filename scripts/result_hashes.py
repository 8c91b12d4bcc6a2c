"""Prints hashes of one model's results in an h5ad file: result_hashes.py NAME FILE MODEL"""

import hashlib
import sys

import h5py

name, path, model = sys.argv[1:]
parts = [f"obs/{model}/codes", f"obs/{model}_confidence", f"obsm/{model}_proba", f"obsm/X_{model}"]
with h5py.File(path) as file:
    hashes = [hashlib.sha256(file[part][()].tobytes()).hexdigest()[:16] for part in parts]
    clusters = len(file[f"obs/{model}/categories"])
print(name, model, f"{clusters} clusters", "labels confidence probabilities embedding:", *hashes)
