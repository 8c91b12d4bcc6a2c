"""Reference values of quality metrics, computed with scanpy.

    python scripts/scanpy_qc.py > crates/morula-preprocess/tests/golden/scanpy_qc.json

Needs scanpy 1.11. The counts are in the output.
"""

import json

import anndata as ad
import numpy as np
import scanpy as sc
from scipy.sparse import csr_matrix

N_CELLS, N_GENES = 40, 120
rng = np.random.default_rng(7)
rates = rng.lognormal(-0.8, 1.2, N_GENES)
depths = rng.lognormal(0.0, 0.6, N_CELLS)
counts = csr_matrix(rng.poisson(np.outer(depths, rates)).astype(np.float32))
names = [f"gene{j}" for j in range(N_GENES)]
names[3:8] = ["MT-CO1", "MT-ND1", "mt-Nd2", "MTOR", "MT-ATP6"]
names[20:24] = ["RPS3", "Rpl7", "RPLP0", "RP11-1"]
names[50:53] = ["HBA1", "HBB", "HBEGF"]
data = ad.AnnData(counts, var={"name": names})
data.var_names = names
data.var["mt"] = data.var_names.str.upper().str.startswith("MT-")
data.var["ribo"] = data.var_names.str.upper().str.startswith(("RPS", "RPL"))
data.var["hb"] = data.var_names.isin(["HBA1", "HBB"])
obs, var = sc.pp.calculate_qc_metrics(
    data, qc_vars=["mt", "ribo", "hb"], percent_top=[20, 50, 100], log1p=True
)
listed = lambda values: np.asarray(values, dtype=float).tolist()
print(
    json.dumps(
        {
            "scanpy": sc.__version__,
            "genes": names,
            "counts": counts.toarray().astype(int).tolist(),
            "obs": {name: listed(obs[name]) for name in obs},
            "var": {name: listed(var[name]) for name in var},
        }
    )
)
