"""Settings of a tokenizer: how text becomes tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings

GPT2_VOCABULARY = 50_257
"""Number of tokens of GPT-2's tokenizer, including end of text."""

_BYTES = 257
"""Number of tokens of a byte-level vocabulary without merges: the bytes and end of text."""


class TokenizerSettings(Settings):
    """What every kind of tokenizer has in common."""

    def planned_vocabulary(self) -> int | None:
        """Return the number of tokens if it is known before any text is read, else None."""
        return None

    def planned_end_of_text(self) -> int | None:
        """Return the token before every document (the last one), if it is known before any text is read, else None."""
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
    """Byte-level BPE trained on the training text (including forget units) and shared by all models."""

    kind: Literal["bpe"]
    vocabulary_size: int = Field(
        ge=_BYTES,
        le=1 << 16,
        description="tokens: 256 bytes, end of text, and the merges; the text must yield them all",
    )
    min_frequency: int = Field(2, ge=1, description="how often a pair of tokens must occur to be merged")

    def planned_vocabulary(self) -> int | None:
        """Return `vocabulary_size`."""
        return self.vocabulary_size

    def planned_end_of_text(self) -> int:
        """Return 0: end of text comes before the bytes."""
        return 0


class CharacterTokenizer(TokenizerSettings):
    """One token per character of the training text, in the order of the code points, then end of text."""

    kind: Literal["characters"]
    vocabulary_size: int | None = Field(
        None,
        ge=2,
        le=1 << 16,
        description="number of tokens that the training text must yield, including end of text; null: not compared",
    )

    def planned_vocabulary(self) -> int | None:
        """Return `vocabulary_size`; None if it is not set."""
        return self.vocabulary_size


class PretrainedTokenizer(TokenizerSettings):
    """The tokenizer of a pretrained model, for question-answer pairs."""

    kind: Literal["pretrained"]
    folder: UserPath | None = Field(
        None,
        min_length=1,
        description="folder with tokenizer.json and what else transformers saves with a tokenizer; null: that of the "
        "base of the model `pretrained`",
    )


Tokenizer = Annotated[
    Gpt2Tokenizer | BpeTokenizer | CharacterTokenizer | PretrainedTokenizer, Field(discriminator="kind")
]
"""Any tokenizer, distinguished by its `kind`."""
