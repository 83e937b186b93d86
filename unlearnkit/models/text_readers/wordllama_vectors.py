"""wordllama: static vectors of tokens, averaged over a text. Their 16 MB lie in the package, so nothing is downloaded.

They were made from the embeddings of large language models (github.com/dleemiller/WordLlama; MIT).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import DataError
from unlearnkit.models.text_readers.unit_vectors import unit


def wordllama_vectors() -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """Return the embedder; raises DataError if the package or its files are missing."""
    embedder = loaded()
    return lambda texts: unit(np.asarray(embedder.embed(list(texts))))


def loaded() -> Any:
    """Return the vectors and the tokenizer of the package; raises DataError if it or its files are missing."""
    folder = package_folder()
    from wordllama import WordLlama

    try:
        # the package looks for one of its own files in a folder of another name
        return WordLlama.load(cache_dir=folder, disable_download=True)
    except FileNotFoundError as error:
        raise DataError(
            f"the package wordllama lacks a file ({error})", remedy="install it again: pip install wordllama"
        ) from None


def package_folder() -> Path:
    """Return the folder of the installed package; raises DataError if there is none."""
    found = importlib.util.find_spec("wordllama")
    if found is None or not found.submodule_search_locations:
        raise DataError(
            "the embedder is wordllama, but the package is not installed",
            expected="wordllama, whose vectors lie in the package",
            remedy="run `pip install wordllama`, or choose another embedder: {kind: encoder, source: {folder: FOLDER}} "
            "or, which compares words alone, {kind: tfidf}",
        )
    return Path(next(iter(found.submodule_search_locations)))


def own_files() -> tuple[Path, ...]:
    """Return the files that the vectors are read from."""
    folder = package_folder()
    return tuple(sorted([*folder.glob("weights/*.safetensors"), *folder.glob("tokenizers/*.json")]))
