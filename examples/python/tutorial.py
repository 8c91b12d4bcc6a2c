"""From counts to clusters, markers, cell types and new cells, with scanpy's plots on the way.

    python examples/python/tutorial.py [FOLDER]

Pictures and the report go to FOLDER, or to `tutorial`. It runs without a screen.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import morula as mo
import scanpy as sc

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "tutorial")
folder.mkdir(parents=True, exist_ok=True)
plain = {"show": False}


def keep(name: str) -> None:
    """Write the current picture."""
    plt.savefig(folder / f"{name}.png", dpi=80, bbox_inches="tight")
    plt.close("all")


# Raw counts: 600 cells of 4 types here, and another 200 to predict. Yours: sc.read_h5ad("counts.h5ad").
everything = mo.simulate(800, 4, n_genes=600, random_state=1)
adata, new = everything[:600].copy(), everything[600:].copy()

# Clusters, embedding and UMAP. No labels are seen; the number of clusters is found.
model = mo.JojoSCL(epochs=30, verbosity=0).fit(adata)
mo.tl.jojoscl(adata, epochs=30, umap=True, verbosity=0)
print(adata.obs["jojoscl"].value_counts())
print(f"ARI with the true types: {mo.metrics.ari(adata, 'cell_type', 'jojoscl'):.3f}")
sc.pl.umap(adata, color=["jojoscl", "jojoscl_confidence", "cell_type"], **plain)
keep("umap")

# The embedding takes the place of PCA in scanpy.
sc.pp.neighbors(adata, use_rep="X_jojoscl")

# Marker genes in scanpy's layout, so that scanpy draws them.
mo.tl.rank_genes_groups(adata, "jojoscl", n_genes=25)
sc.pl.rank_genes_groups_dotplot(adata, n_genes=3, layer="lognorm", dendrogram=False, **plain)
keep("markers")

# Cell types from lists of marker genes.
marker_of = adata.var["marker_of"].dropna()
lists = {t: marker_of.index[marker_of == t][:10].tolist() for t in marker_of.cat.categories}
mo.tl.annotate(adata, "jojoscl", lists)
sc.pl.umap(adata, color=["morula_cell_type", "morula_cell_type_margin"], **plain)
keep("types")

# New cells: their clusters from the model, and their types from the known cells.
mo.tl.predict(new, model)
mo.tl.transfer(new, adata, "morula_cell_type")
agree = (new.obs["morula_transferred"].astype(str) == new.obs["cell_type"].astype(str)).mean()
print(f"types of new cells that are right: {agree:.2f}")

# One page with all of it.
mo.report(adata, folder / "report", truth="cell_type", title="simulated cells")
print(f"pictures in {folder}, report in {folder / 'report' / 'report.html'}")
