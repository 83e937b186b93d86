"""The notebook of docs/ runs, on the results of a finished experiment."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from checkout import Checkout


def test_the_notebook_runs_from_top_to_bottom(
    completed: Checkout, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = nbformat.read(repository / "docs/python.ipynb", as_version=4)
    nbformat.validate(notebook)
    monkeypatch.chdir(completed.root)
    names: dict[str, Any] = {}
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    with pytest.warns(UserWarning, match="is transposed"):  # which the notebook is to show
        shown = [shown_by(source.replace("results/digits", "results/tiny"), names) for source in cells]
    assert [type(value).__name__ for value in shown] == [
        *("ExperimentResults", "DataFrame", "tuple", "float", "float", "int", "ndarray", "tuple")
    ]
    rows, klom = shown[1], shown[3]
    assert klom == pytest.approx(rows.loc["scrub"]["p95"].iloc[-1], abs=2e-3)  # the function and the table agree
    # what is shown in the page is what a run printed, without places on the machine that ran it
    stored = (repository / "docs/python.ipynb").read_text()
    assert not re.search(r"/(tmp|home|root|work)/", stored)
    assert all(cell.outputs for cell in notebook.cells if cell.cell_type == "code")


def shown_by(source: str, names: dict[str, Any]) -> Any:
    """Run a cell and return the value of its last line, as a notebook shows it."""
    *statements, last = ast.parse(source).body
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
