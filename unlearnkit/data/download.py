"""torchvision's own download, with an error that says what to do where there is no network."""

from __future__ import annotations

from http.client import HTTPException
from pathlib import Path

from unlearnkit import layout
from unlearnkit.errors import DataError

DOWNLOAD_FOLDER = Path(layout.DOWNLOADS)
"""Where `root=None` downloads to, under the current directory."""


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
