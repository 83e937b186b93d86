"""The folder of a model that reads texts, and the hashes of its files, which records state."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.config.models.text_readers import ReaderSource
from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import DataError
from unlearnkit.facts.base_files import KEPT, base_files


def folder_of(source: ReaderSource, key: str) -> Path:
    """Return the folder with the files of a model: that of the user, or that of the hub's own cache, after a download.

    `key` is the setting that names it. Raises DataError if it is no folder with weights, or cannot be downloaded.
    """
    folder = Path(source.folder) if source.folder else _downloaded(str(source.hub), str(source.revision), key)
    if not any(path.suffix == ".safetensors" for path in base_files(folder)):
        raise DataError(
            f"{key} is {source.folder or source.hub}, which "
            + ("has no weights in *.safetensors" if folder.is_dir() else "is not a folder"),
            expected="a folder with config.json, *.safetensors and a tokenizer; pickled weights are not read, since "
            "reading them would execute code",
            remedy="where you trust it, load it with transformers and write it by `model.save_pretrained(FOLDER)`",
        )
    return folder


def hashes_of(files: Iterable[Path]) -> dict[str, str]:
    """Return name -> SHA-256 of files, for the record."""
    return {path.name: sha256_of(path) for path in files}


def _downloaded(name: str, revision: str, key: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise missing_package("huggingface_hub", "downloads models", error) from None
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=[f"*{ending}" for ending in KEPT]))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise DataError(
            f"{key} is {name} at {revision[:8]}, which cannot be downloaded ({' '.join(str(error).split())[:200]})",
            expected="a model on huggingface.co that this account may read, and a connection to it",
            remedy=f"fetch it on a machine that has one with `hf download {name} --revision {revision} --local-dir "
            "FOLDER`, and set the source to {folder: FOLDER}",
        ) from None
