"""Tokens to text by a stored tokenizer, whatever kind it is: of ours or of a pretrained model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import ArtifactError, repair

Decode = Callable[[Iterable[int]], str]


def read_decoder(path: str | Path) -> Decode:
    """Return a function from tokens to their text, without special tokens, by the `tokenizer.json` at `path`.

    Raises ArtifactError if the file is missing or damaged, and DataError without the package tokenizers.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise missing_package("tokenizers", "turns tokens into text", error) from None
    try:
        tokenizer = Tokenizer.from_str(Path(path).read_bytes().decode())
    # the library raises Exception itself
    except Exception as error:
        raise ArtifactError(f"{path} is not a readable tokenizer ({error})", remedy=repair(path)) from None
    return lambda tokens: tokenizer.decode([int(token) for token in tokens], skip_special_tokens=True)
