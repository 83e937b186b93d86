"""A tokenizer as an artifact: `tokenizer.json` in the format of the library tokenizers, which encodes and decodes.

Decoding the tokens of a text returns it exactly as it was, even if it contains `<|endoftext|>`: only the border between
documents becomes that token.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import write_text
from unlearnkit.data.language_packages import missing_package
from unlearnkit.data.text.token_shards import MAX_VOCABULARY
from unlearnkit.errors import ArtifactError, DataError, repair

END_OF_TEXT = "<|endoftext|>"

_BATCH = 1 << 20
"""Characters that are encoded at a time; bounds the memory needed beside the result."""


class TextTokenizer:
    """Text to tokens and back, by a definition in the format of `tokenizer.json`.

    Raises DataError if the definition cannot be read, lacks an end-of-text token, or has more tokens than uint16 can
    represent.
    """

    def __init__(self, definition: str) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise missing_package("tokenizers", "turns text into tokens", error) from None
        self.definition = definition
        try:
            self._tokenizer = Tokenizer.from_str(definition)
            self._characters = json.loads(definition)["pre_tokenizer"] is None
        # the library raises Exception itself
        except Exception as error:
            raise DataError(f"a tokenizer cannot be read ({error})", expected="a tokenizer.json") from None
        # otherwise text that contains the end-of-text token would become one, and split its document in two
        self._tokenizer.encode_special_tokens = True
        end_of_text = self._tokenizer.token_to_id(END_OF_TEXT)
        if end_of_text is None or self.vocabulary_size > MAX_VOCABULARY:
            raise DataError(
                f"a tokenizer has {self.vocabulary_size:,} tokens, {END_OF_TEXT} "
                f"{'not ' if end_of_text is None else ''}among them",
                expected=f"that token among them, and at most {MAX_VOCABULARY:,}, so that two bytes hold a token",
                remedy="use another kind of tokenizer, such as bpe",
            )
        self.end_of_text: int = end_of_text

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, end of text included."""
        return self._tokenizer.get_vocab_size()

    def encode(self, documents: Iterable[str]) -> Iterator[npt.NDArray[np.uint16]]:
        """Yield the tokens of each document, uint16 [tokens], preceded by the end-of-text token.

        Raises DataError, naming the characters, if the tokens are characters and do not cover those of a document.
        """
        for batch in _batches(documents):
            for document, encoding in zip(batch, self._tokenizer.encode_batch_fast(batch), strict=True):
                tokens = encoding.ids
                if self._characters and len(tokens) != len(document):
                    raise self._unknown(document)
                yield np.array([self.end_of_text, *tokens], np.uint16)

    def stream(self, documents: Iterable[str]) -> npt.NDArray[np.uint16]:
        """Return the tokens of all documents, one after the other, uint16 [tokens]; raises what `encode` raises."""
        return np.concatenate([np.empty(0, np.uint16), *self.encode(documents)])

    def decode(self, tokens: Sequence[int] | npt.NDArray[np.integer]) -> str:
        """Return the text of tokens; end-of-text tokens are skipped, bytes that are no character become U+FFFD."""
        return self._tokenizer.decode([int(token) for token in tokens], skip_special_tokens=True)

    def _unknown(self, document: str) -> DataError:
        known = self._tokenizer.get_vocab(with_added_tokens=False)
        unknown = sorted(set(document) - known.keys())
        named = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in unknown[:10])
        return DataError(
            f"a text has {len(unknown)} characters that the training text lacks: {named}"
            f"{', ...' if len(unknown) > 10 else ''}",
            expected="characters of the training text, from which the tokenizer is built",
            remedy="use the tokenizer kind bpe, which covers every byte, or remove them from the text",
        )


def write_tokenizer(path: str | os.PathLike[str], tokenizer: TextTokenizer) -> None:
    """Write a tokenizer as `tokenizer.json`, atomically."""
    write_text(path, tokenizer.definition)


def read_tokenizer(path: str | os.PathLike[str]) -> TextTokenizer:
    """Read a tokenizer; raises ArtifactError if the file is missing or damaged."""
    try:
        definition = Path(path).read_bytes().decode("utf-8")
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is not a readable tokenizer ({error})", remedy=repair(path)) from None
    try:
        return TextTokenizer(definition)
    except DataError as error:
        raise ArtifactError(
            f"{path}: {error.fact}", expected=error.expected, remedy=error.remedy or repair(path)
        ) from None


def _batches(documents: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
