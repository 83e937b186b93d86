"""GPT-2's vocabulary and merges, from local files in any of the three published forms, or from huggingface.co."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import DataError

# of the vocabulary and the merges of OpenAI's encoder.json and vocab.bpe, as `_digest` reads them
_SHA256 = "7af2255eedd60b16dd34cbba614d328a4b0726f23b66fb09c942a867f3ccac38"

_SOURCE = (
    "huggingface.co/openai-community/gpt2 (`hf download openai-community/gpt2 vocab.json merges.txt --local-dir "
    "FOLDER`) and set the tokenizer's folder to theirs"
)


class Tables(NamedTuple):
    """Tokens with their ids, bytes written as printable characters, and pairs to be merged, best first."""

    vocabulary: dict[str, int]
    merges: list[tuple[str, str]]


def folder_tables(folder: Path) -> Tables:
    """Return GPT-2's tables from a folder.

    It holds `encoder.json` and `vocab.bpe` (OpenAI), or `vocab.json` and `merges.txt`, or `tokenizer.json` (Hugging
    Face). Raises DataError, naming the files, if there are none of these, or they are not the published tables.
    """
    for names, read in _FORMS.items():
        files = [folder / name for name in names]
        if all(file.is_file() for file in files):
            return _checked(read, files)
    raise DataError(
        f"'{folder}' holds no tokenizer",
        expected="; or ".join(" and ".join(names) for names in _FORMS),
        remedy=f"get them from {_SOURCE}",
    )


def hub_tables(name: str) -> Tables:
    """Return GPT-2's tables from a repository on huggingface.co, or from the local cache of an earlier download.

    Raises DataError if huggingface_hub or the files are missing, or they are not the published tables.
    """
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HFValidationError
    except ImportError as error:
        raise missing_package("huggingface_hub", "downloads tokenizers", error) from None
    try:
        files = [Path(hf_hub_download(name, file)) for file in ("vocab.json", "merges.txt")]
    # its errors of network and repository are OSErrors
    except (OSError, HFValidationError) as error:
        raise DataError(
            f"the tokenizer of '{name}' cannot be downloaded ({str(error).strip().splitlines()[0]})",
            expected="vocab.json and merges.txt of GPT-2 on huggingface.co",
            remedy=f"where there is a network, get them from {_SOURCE}",
        ) from None
    return _checked(_two_files, files)


def _checked(read: Callable[..., Tables], files: list[Path]) -> Tables:
    where = " and ".join(f"'{file}'" for file in files)
    try:
        tables = read(*files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{where} cannot be read as a tokenizer ({error})", remedy=f"get them from {_SOURCE}") from None
    if _digest(tables) != _SHA256:
        raise DataError(
            f"{where} hold {len(tables.vocabulary):,} tokens and {len(tables.merges):,} merges, not those of GPT-2",
            expected="50,257 tokens and 50,000 merges as published",
            remedy=f"get them from {_SOURCE}",
        )
    return tables


def _digest(tables: Tables) -> str:
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def _two_files(vocabulary: Path, merges: Path) -> Tables:
    lines = merges.read_text(encoding="utf-8").split("\n")
    # the first line states a version
    pairs = [_pair(line) for line in lines if line and not line.startswith("#version")]
    return Tables(json.loads(vocabulary.read_text(encoding="utf-8")), pairs)


def _one_file(definition: Path) -> Tables:
    model: dict[str, Any] = json.loads(definition.read_text(encoding="utf-8"))["model"]
    return Tables(model["vocab"], [_pair(pair) for pair in model["merges"]])


def _pair(written: str | list[str]) -> tuple[str, str]:
    left, right = written.split(" ") if isinstance(written, str) else written
    return left, right


_FORMS: dict[tuple[str, ...], Callable[..., Tables]] = {
    ("encoder.json", "vocab.bpe"): _two_files,
    ("vocab.json", "merges.txt"): _two_files,
    ("tokenizer.json",): _one_file,
}
