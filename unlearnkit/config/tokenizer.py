"""Settings of a tokenizer: how text becomes tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings

GPT2_VOCABULARY = 50_257
"""Tokens of GPT-2's tokenizer, end of text included."""

_BYTES = 257
"""Tokens of a byte-level vocabulary without any merge: the bytes and end of text."""


class TokenizerSettings(Settings):
    """What every kind of tokenizer has in common."""

    def planned_vocabulary(self) -> int | None:
        """Return the number of tokens as far as it is known before any text is read, else None."""
        return None

    def planned_end_of_text(self) -> int | None:
        """Return the token before every document, the last one, as far as it is known before any text is read."""
        vocabulary = self.planned_vocabulary()
        return None if vocabulary is None else vocabulary - 1


class Gpt2Tokenizer(TokenizerSettings):
    """GPT-2's tokenizer: byte-level BPE with 50,257 tokens (Radford et al. 2019), compared with those published."""

    kind: Literal["gpt2"]
    folder: UserPath | None = Field(
        None,
        min_length=1,
        description="folder with encoder.json and vocab.bpe, vocab.json and merges.txt, or tokenizer.json; null: from "
        "huggingface.co",
    )
    hub: str = Field(
        "openai-community/gpt2", min_length=1, description="name on huggingface.co, read where folder is null"
    )

    def planned_vocabulary(self) -> int | None:
        """Return 50,257."""
        return GPT2_VOCABULARY


class BpeTokenizer(TokenizerSettings):
    """Byte-level BPE trained on the training text of the corpus (forget units included; all models share it)."""

    kind: Literal["bpe"]
    vocabulary_size: int = Field(
        ge=_BYTES,
        le=1 << 16,
        description="tokens: 256 bytes, end of text, and the merges; the text must yield them all",
    )
    min_frequency: int = Field(2, ge=1, description="occurrences that a pair of tokens needs to be merged")

    def planned_vocabulary(self) -> int | None:
        """Return `vocabulary_size`."""
        return self.vocabulary_size

    def planned_end_of_text(self) -> int:
        """Return 0: it comes before the bytes."""
        return 0


class CharacterTokenizer(TokenizerSettings):
    """One token per character of the training text, in the order of the code points, and end of text as the last."""

    kind: Literal["characters"]
    vocabulary_size: int | None = Field(
        None,
        ge=2,
        le=1 << 16,
        description="tokens that the training text must have, end of text included; null: not compared",
    )

    def planned_vocabulary(self) -> int | None:
        """Return `vocabulary_size`, None if it was not stated."""
        return self.vocabulary_size


Tokenizer = Annotated[Gpt2Tokenizer | BpeTokenizer | CharacterTokenizer, Field(discriminator="kind")]
"""Any tokenizer, told apart by its `kind`."""
