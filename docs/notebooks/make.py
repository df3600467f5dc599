"""Writes first-look.ipynb, without outputs."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

CELLS = [
    ("md", "# A first look at a run and a sweep\n\nTwo folders are all it takes: one that `weir sim run` left, one that "
           "`weir sim sweep run` left. Columns and units are explained in `docs/results.md`."),
    ("py", "import json\nimport os\nfrom pathlib import Path\n\nimport matplotlib.pyplot as plt\nimport polars as pl\n\n"
           'run = Path(os.environ.get("WEIR_RUN", "runs/quickstart-5"))\n'
           'sweep = Path(os.environ.get("WEIR_SWEEP", "sweeps/my-sweep"))\n'
           'summary = json.loads((run / "summary.json").read_text())\n'
           'summary["name"], summary["seed"], summary["rounds"], summary["invariants"]'),
    ("md", "## What orchestrators earned"),
    ("py", 'transcoders = pl.read_parquet(run / "tables/transcoders.parquet")\n'
           'fees = transcoders.group_by("name").agg(pl.col("fees_eth").sum()).sort("fees_eth").tail(15)\n'
           'fig, ax = plt.subplots(figsize=(7, 4))\nax.barh(fees["name"], fees["fees_eth"], color="#0072B2")\n'
           'ax.set_xlabel("fees (ETH)")\nax.set_title("Fees by orchestrator")\nfig.tight_layout()'),
    ("md", "## Round by round, in every run of the sweep"),
    ("py", 'rounds = pl.read_parquet(sweep / "merged/rounds.parquet")\n'
           'rounds = rounds.with_columns(pl.col("round") - pl.col("round").min() + 1)\nfig, ax = plt.subplots(figsize=(7, 4))\n'
           'for (arm,), part in rounds.group_by("arm", maintain_order=True):\n'
           '    band = part.group_by("round").agg(\n'
           '        pl.col("bonding_rate").quantile(0.05).alias("lo"),\n'
           '        pl.col("bonding_rate").median().alias("mid"),\n'
           '        pl.col("bonding_rate").quantile(0.95).alias("hi"),\n'
           '    ).sort("round")\n'
           '    ax.plot(band["round"], 100 * band["mid"], label=arm)\n'
           '    ax.fill_between(band["round"], 100 * band["lo"], 100 * band["hi"], alpha=0.15)\n'
           'ax.set_xlabel("round of the run")\nax.set_ylabel("bonding rate (%)")\nax.xaxis.get_major_locator().set_params(integer=True)\nax.legend(fontsize=7)\nfig.tight_layout()'),
    ("md", "## Arms against the first, seed by seed\n\nAll arms run with the same seeds, so that differences are taken within a seed."),
    ("py", 'cells = pl.read_parquet(sweep / "merged/cells.parquet")\nfirst = cells["arm"][0]\n'
           'base = cells.filter(pl.col("arm") == first).select("seed", pl.col("minted_lpt").alias("base"))\n'
           'paired = cells.filter(pl.col("arm") != first).join(base, on="seed")\n'
           'paired = paired.with_columns((pl.col("minted_lpt") - pl.col("base")).alias("difference"))\n'
           'fig, ax = plt.subplots(figsize=(7, 4))\n'
           'for i, ((arm,), part) in enumerate(paired.group_by("arm", maintain_order=True)):\n'
           '    ax.scatter(part["difference"], [i] * part.height, color="#0072B2", alpha=0.6)\n'
           'arms = paired["arm"].unique(maintain_order=True).to_list()\n'
           'ax.set_yticks(range(len(arms)), arms)\nax.axvline(0, color="black", linewidth=1)\n'
           'ax.set_xlabel(f"rewards minted, difference from {first} (LPT)")\nfig.tight_layout()'),
]

book = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
for i, (kind, text) in enumerate(CELLS):
    cell = new_markdown_cell(text) if kind == "md" else new_code_cell(text)
    cell["id"] = f"cell-{i}"
    book.cells.append(cell)
nbformat.write(book, Path(__file__).with_name("first-look.ipynb"))
