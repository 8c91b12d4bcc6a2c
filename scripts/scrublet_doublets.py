"""Areas under the curve of the package scrublet on doublets that are sums of two cells.

    python scripts/scrublet_doublets.py FOLDER > crates/morula-preprocess/tests/golden/scrublet.json

FOLDER holds the labelled data sets. A tenth of all cells are doublets: doublet k is the sum of the
cells 7919 (2k) and 7919 (2k + 1), modulo the number of cells. Needs scrublet 0.2.3.
"""

import json
import sys

import anndata as ad
import numpy as np
import scipy.sparse as sp
import scrublet
from sklearn.metrics import roc_auc_score

SETS = ["10X_PBMC_4k_full", "Baron_human1", "Zeisel_mouse_brain_4000", "Han_mouse_bladder_2100_full"]
SEEDS = 5
found = {}
for name in SETS:
    x = sp.csr_matrix(ad.read_h5ad(f"{sys.argv[1]}/{name}.h5ad").X)
    n = x.shape[0]
    d = n // 9
    at = np.arange(2 * d) * 7919 % n
    both = sp.vstack([x, x[at[0::2]] + x[at[1::2]]]).tocsr().astype(np.float32)
    made = np.arange(n + d) >= n
    areas = []
    for seed in range(SEEDS):
        model = scrublet.Scrublet(both, expected_doublet_rate=0.1, random_state=seed)
        scores, _ = model.scrub_doublets(verbose=False)
        areas.append(round(float(roc_auc_score(made, scores)), 5))
    found[name] = areas
    print(name, areas, file=sys.stderr, flush=True)
print(json.dumps(found))
