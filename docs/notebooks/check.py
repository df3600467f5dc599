"""Runs the notebook, and every line of DuckDB and Polars in docs/results.md, on a run folder and a sweep folder.

    python docs/notebooks/check.py RUN SWEEP
"""

import os
import re
import sys
from pathlib import Path

import duckdb
import nbformat
import polars as pl
from nbclient import NotebookClient

run, sweep = (str(Path(p).resolve()) for p in sys.argv[1:3])
here = Path(__file__).parent
text = (here.parent / "results.md").read_text()
count = 0
for kind in ("sql", "python"):
    block = re.search(rf"```{kind}\n(.*?)```", text, re.S).group(1)
    for line in block.splitlines():
        line = line.replace("RUN", run).replace("SWEEP", sweep)
        rows = duckdb.sql(line).pl() if kind == "sql" else eval(line, {"pl": pl})
        assert rows.height > 0, f"no rows: {line}"
        count += 1

os.environ.update(WEIR_RUN=run, WEIR_SWEEP=sweep)
book = nbformat.read(here / "first-look.ipynb", as_version=4)
NotebookClient(book, timeout=120, kernel_name="python3").execute()
figures = sum("image/png" in o.get("data", {}) for c in book.cells for o in c.get("outputs", []))
assert figures == 3, f"{figures} figures"
if len(sys.argv) > 3:
    nbformat.write(book, sys.argv[3])
print(f"{count} lines and {figures} figures")
