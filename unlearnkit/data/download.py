"""Where raw files come from: torchvision's downloads, or folders that were fetched by hand; errors say what to do."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from unlearnkit import layout
from unlearnkit.artifacts.store import write_parts
from unlearnkit.errors import DataError
from unlearnkit.workflow.raw_files import folder_with

DOWNLOAD_FOLDER = Path(layout.DOWNLOADS)
"""Where `root=None` downloads to, under the current directory."""

_PATIENCE = 60
"""Longest silence of a server, in seconds."""


def download(dataset: str, *, files: str, source: str) -> Path:
    """Let `torchvision.datasets.<dataset>` fetch what is not yet in DOWNLOAD_FOLDER; return that folder.

    `files` and `source` say in the error message what is needed and who publishes it. Raises DataError if a download
    fails.
    """
    import torchvision.datasets

    try:
        getattr(torchvision.datasets, dataset)(DOWNLOAD_FOLDER, download=True)
    # ValueError and AssertionError: torchvision does not check what an interrupted download has left
    except (OSError, RuntimeError, HTTPException, ValueError, AssertionError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{dataset} could not be downloaded into '{DOWNLOAD_FOLDER}' or is incomplete there ({reason})",
            expected=files,
            remedy=f"get them from {source}, put them into a folder of their own and set data.root to it",
        ) from error
    return DOWNLOAD_FOLDER


def download_file(address: str, path: Path, sha256: str) -> Path:
    """Fetch one file unless it is there, and return its path; it gets its name only if its SHA-256 is `sha256`.

    Raises DataError if the download fails or brings something else. Not torch.hub's function, which waits for a silent
    server without end.
    """
    if path.is_file():
        return path
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
            content = answer.read()
    except (OSError, HTTPException, ValueError) as error:
        raise DataError(
            f"{address} could not be downloaded ({' '.join(str(error).split())})",
            expected="a network",
            remedy="fetch it where there is one, put it into a folder of its own and set data.root to it",
        ) from error
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise DataError(f"{address} has changed: its SHA-256 is {found}", expected=sha256)
    write_parts(path, (content,))
    return path


def find_folder(root: Path | None, below: Sequence[str], files: Sequence[str], *, source: str) -> Path:
    """Return what `folder_with` finds.

    Raises DataError, saying what to fetch, from whom and where to put it, if there is no such folder.
    """
    if folder := folder_with(root, below, files):
        return folder
    start = root or DOWNLOAD_FOLDER
    raise DataError(
        f"no {' or '.join(files)} in "
        + ", ".join(f"'{folder}'" for folder in (start, *(start / name for name in below))),
        expected="the data set in one of these folders",
        remedy=f"get it from {source} and put it into '{DOWNLOAD_FOLDER / below[0]}', or name its folder as data.root",
    )
