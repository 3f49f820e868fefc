"""The notebook of the documentation runs, and its answers are those that it shows. `UPDATE=1` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "comparing-in-a-notebook.ipynb"


def shown(notebook: Any) -> list[list[str]]:
    """What people read below each cell; pictures differ by the fonts of a machine, and count as there or not."""
    return [[_text(output) for output in cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]


def _text(output: Any) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return "a picture"
    return str(data.get("text/html") or data.get("text/plain") or output.get("text"))


def test_the_notebook_shows_what_it_computes() -> None:
    committed = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    fresh = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(fresh, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    for cell in fresh.cells:
        cell.metadata = {}
    if os.environ.get("UPDATE"):
        nbformat.write(fresh, NOTEBOOK)  # type: ignore[no-untyped-call]
        return
    assert shown(fresh) == shown(committed), "run it with UPDATE=1, look at it, and commit it"
