"""The tokenizer of pairs: text that names special tokens to tokens, and which characters each token stands for."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from unlearnkit.data.language_packages import missing_package
from unlearnkit.data.text.tokenizer import END_OF_TEXT
from unlearnkit.errors import ArtifactError, DataError, repair


class Encoded(NamedTuple):
    """The tokens of a text, and for each the position after its last character."""

    tokens: list[int]
    ends: list[int]


class PairTokenizer:
    """Text to tokens and back by a definition in the format of `tokenizer.json`, of a vocabulary of any size.

    Special tokens that a text names become these tokens; none is added that it does not name. Raises DataError if the
    definition cannot be read.
    """

    def __init__(self, definition: str) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise missing_package("tokenizers", "turns text into tokens", error) from None
        self.definition = definition
        try:
            self._tokenizer = Tokenizer.from_str(definition)
            added = json.loads(definition).get("added_tokens") or []
        # the library raises Exception itself
        except Exception as error:
            raise DataError(f"a tokenizer cannot be read ({error})", expected="a tokenizer.json") from None
        self.special: tuple[str, ...] = tuple(token["content"] for token in added if token["special"])

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, one more than the highest."""
        return max(self._tokenizer.get_vocab().values()) + 1

    def token(self, text: str) -> int:
        """Return the token that `text` is; raises DataError if it is none."""
        found = self._tokenizer.token_to_id(text)
        if found is None:
            raise DataError(f"the tokenizer has no token {text!r}", expected="a token that ends an answer")
        return found

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of texts, with the positions in a text at which they end."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [Encoded(list(each.ids), [end for _, end in each.offsets]) for each in found]

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens; special tokens are skipped, bytes that are no character become U+FFFD."""
        return self._tokenizer.decode([int(token) for token in tokens], skip_special_tokens=True)


def read_pair_tokenizer(path: str | os.PathLike[str]) -> PairTokenizer:
    """Read the tokenizer that rule pairs wrote; raises ArtifactError if the file is missing or damaged."""
    try:
        return PairTokenizer(Path(path).read_bytes().decode("utf-8"))
    except (OSError, ValueError, DataError) as error:
        raise ArtifactError(f"{path} is not a readable tokenizer ({error})", remedy=repair(path)) from None


class Chat(Protocol):
    """What a tokenizer knows of conversations (`unlearnkit.data.text.base_tokenizer`)."""

    def chat(self, messages: Sequence[Mapping[str, str]], *, answering: bool, date: str = "") -> str:
        """Return a conversation as text; with `answering`, up to where an answer begins."""
        ...


class PairTexts(NamedTuple):
    """What stands around pairs: special tokens by their texts, and how conversations are written, if at all.

    begin  the begin-of-text token, None where the tokenizer has none
    end    the end-of-text token
    """

    begin: str | None = None
    end: str = END_OF_TEXT
    chat: Chat | None = None
