"""Text that belongs to no data set, such as a question, as the tokens of an experiment's models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unlearnkit.data.text.base_tokenizer import BaseTokenizer
from unlearnkit.data.text.pair_tokenizer import PairTokenizer, read_pair_tokenizer
from unlearnkit.data.text.tokenizer import END_OF_TEXT


@dataclass(frozen=True)
class FreeText:
    """A tokenizer, the token that begins a text, and the one that ends it.

    Special tokens that a text names become these tokens; none is added that it does not name.
    """

    tokenizer: PairTokenizer
    begin: int
    end: int

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        return self.tokenizer.encode([text])[0].tokens

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens without special ones."""
        return self.tokenizer.decode(tokens)


def free_text(path: str | os.PathLike[str], pretrained: Path | None = None) -> FreeText:
    """Return the tokenizer of an experiment, with the special tokens of the folder `pretrained` if it comes from one.

    Where no token begins a text, the one that ends it does: it stands between documents. Raises ArtifactError if the
    tokenizer is damaged, DataError if the folder has none.
    """
    tokenizer = read_pair_tokenizer(path)
    if pretrained is None:
        end = tokenizer.token(END_OF_TEXT)
        return FreeText(tokenizer, end, end)
    base = BaseTokenizer(pretrained)
    begin = base.end_of_text if base.begin_of_text is None else base.begin_of_text
    return FreeText(tokenizer, begin, base.end_of_text)
