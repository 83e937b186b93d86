"""Settings of the data of language models: which text, how it is made into tokens, and how these are cut."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unlearnkit.config.hub_text import HubText
from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings
from unlearnkit.config.tokenizer import Tokenizer

Unit = Literal["sequence", "document", "step"]


class TextDataBlock(Settings):
    """The text, its tokens, and the sequences that models are trained and evaluated on."""

    name: str = Field(description="registered data set of text")
    root: UserPath | None = Field(
        None,
        description="folder that already holds the raw files; null: data/, into which they are downloaded where that "
        "is possible",
    )
    hub: HubText | None = Field(None, description="which data set, for hub_text")
    tokenizer: Tokenizer | None = Field(
        None, description="how text is made into tokens; null for data that are tokens already"
    )
    sequence_length: int = Field(
        ge=2, le=65_536, description="context length L: tokens of a sequence, of documents at most; EasyDUB: 65,536"
    )
    forget_unit: Unit = Field(
        "sequence",
        description="what can be forgotten: single sequences, documents (sequences then end with their document), or "
        "all sequences of a training step; EasyDUB: step",
    )
    train_size: int = Field(ge=2, description="use the first so many training sequences; whole forget units")
    validation_size: int = Field(ge=1, description="use the first so many validation sequences")
    retain_evaluated: int | None = Field(
        None,
        ge=1,
        description="retained sequences that models are evaluated on, beside forget sets and validation: drawn once, "
        "by the base seed; null: all",
    )
    content_hash: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 that the content of the data set must have; data/train.bin.json states that of text, "
        "data/dataset.safetensors.json that of data that are tokens already; null: not compared",
    )
