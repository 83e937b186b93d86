"""Raw files that belong to the user: inputs of the rules that read them, so that a change makes everything again.

A data module names them in its function `raw_paths`. Files that are pinned by a published hash, that a job downloads or
of which it takes as many as it needs are none of these: a job compares their content, and its record names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unlearnkit.declarations import declarations
from unlearnkit.layout import DOWNLOADS
from unlearnkit.workflow.paths import takable


def folder_with(root: Path | None, below: Sequence[str], files: Sequence[str]) -> Path | None:
    """Return the first folder that holds one of `files` (names or patterns), None if there is none.

    Looked into are `root` (None: `data/`) and the folders `below` it, in this order.
    """
    start = root or Path(DOWNLOADS)
    candidates = (start, *(start / name for name in below))
    return next((folder for folder in candidates if any(next(folder.glob(name), None) for name in files)), None)


def raw_files(module: str, *arguments: Any) -> list[str]:
    """Return the files that `module` names for `arguments` and that are there; none if it has no `raw_paths`.

    A missing one does not keep the rest from being planned; the job that needs it says what is missing. Raises
    DataError for a name that Snakemake cannot take.
    """
    find = getattr(declarations(module), "raw_paths", None)
    return [takable(str(path)) for path in find(*arguments) if path.is_file()] if find else []
