"""GPT-2's vocabulary and merges, from local files in any of the three published forms, or from huggingface.co."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import DataError

if TYPE_CHECKING:
    from tokenizers.models import BPE

# of the vocabulary and the merges of OpenAI's encoder.json and vocab.bpe, as `_checked` writes them
_SHA256 = "7af2255eedd60b16dd34cbba614d328a4b0726f23b66fb09c942a867f3ccac38"

_SOURCE = (
    "huggingface.co/openai-community/gpt2 (`hf download openai-community/gpt2 vocab.json merges.txt --local-dir "
    "FOLDER`) and set the tokenizer's folder to theirs"
)
_FORMS = (("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt"), ("tokenizer.json",))
"""The files that OpenAI publishes, then those of Hugging Face."""


def folder_tables(folder: Path) -> BPE:
    """Return GPT-2's tables from a folder with the files of one of the published forms.

    Raises DataError, naming the files, if there are none or they are not the published tables.
    """
    for names in _FORMS:
        files = [folder / name for name in names]
        if all(file.is_file() for file in files):
            return _checked(files)
    raise DataError(
        f"'{folder}' holds no tokenizer",
        expected="; or ".join(" and ".join(names) for names in _FORMS),
        remedy=f"get them from {_SOURCE}",
    )


def hub_tables(name: str) -> BPE:
    """Return GPT-2's tables from a repository on huggingface.co, or from the local cache of an earlier download.

    Raises DataError if huggingface_hub or the files are missing, or they are not the published tables.
    """
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HFValidationError
    except ImportError as error:
        raise missing_package("huggingface_hub", "downloads tokenizers", error) from None
    try:
        files = [Path(hf_hub_download(name, file)) for file in _FORMS[1]]
    # the library's errors of network and repository are OSErrors
    except (OSError, HFValidationError) as error:
        raise DataError(
            f"the tokenizer of '{name}' cannot be downloaded ({str(error).strip().splitlines()[0]})",
            expected="vocab.json and merges.txt of GPT-2 on huggingface.co",
            remedy=f"on a machine with a network, get them from {_SOURCE}",
        ) from None
    return _checked(files)


def _checked(files: list[Path]) -> BPE:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    where = " and ".join(f"'{file}'" for file in files)
    try:
        tokenizer = Tokenizer(BPE.from_file(*map(str, files))) if files[1:] else Tokenizer.from_file(str(files[0]))
        model = json.loads(tokenizer.to_str())["model"]
        vocabulary, merges = model["vocab"], model["merges"]
    # the library raises Exception itself
    except Exception as error:
        raise DataError(f"{where} cannot be read as a tokenizer ({error})", remedy=f"get them from {_SOURCE}") from None
    if hashlib.sha256(json.dumps([vocabulary, merges], sort_keys=True).encode()).hexdigest() != _SHA256:
        raise DataError(
            f"{where} hold {len(vocabulary):,} tokens and {len(merges):,} merges, not those of GPT-2",
            expected="50,257 tokens and 50,000 merges as published",
            remedy=f"get them from {_SOURCE}",
        )
    return BPE(vocabulary, [tuple(pair) for pair in merges])
