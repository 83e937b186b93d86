"""Settings of the data of language models: the text, how it becomes tokens, and how these are cut."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unlearnkit.config.data.hub_text import HubText
from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.config.data.partners import PartnerSettings
from unlearnkit.config.data.tokenizer import Tokenizer
from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings

Unit = Literal["sequence", "document", "step", "group"]


class TextDataBlock(Settings):
    """The text, its tokens, and the sequences that models are trained and evaluated on."""

    name: str = Field(description="registered text data set")
    root: UserPath | None = Field(
        None,
        description="folder that already holds the raw files; null: data/, to which they are downloaded where possible",
    )
    hub: HubText | None = Field(None, description="the data set that hub_text reads")
    tokenizer: Tokenizer | None = Field(
        None, description="how text becomes tokens; null for data that are tokens already"
    )
    pairs: PairSettings | None = Field(
        None, description="of question-answer pairs: how they become text, and which are taken; null: the defaults"
    )
    partners: PartnerSettings | None = Field(
        None, description="how the partners are found that methods with the view partners read; null: the defaults"
    )
    sequence_length: int = Field(
        ge=2,
        le=65_536,
        description="context length L: tokens per sequence, the most where documents are forgotten; EasyDUB: 65,536",
    )
    forget_unit: Unit = Field(
        "sequence",
        description="what can be forgotten: single sequences (of question-answer pairs: pairs), documents (sequences "
        "then end with their document; among pairs: all stretches of a document), all sequences of a training step, or "
        "the pairs of a group; EasyDUB: step",
    )
    train_size: int = Field(
        ge=2, description="number of training sequences, the first of the data; must end with a forget unit"
    )
    validation_size: int = Field(ge=1, description="number of validation sequences, the first of the data")
    retain_evaluated: int | None = Field(
        None,
        ge=1,
        description="retained sequences that models are evaluated on, besides forget sets and validation, drawn once "
        "with the base seed; null: all",
    )
    content_hash: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 that the content of the data set must have, as stated in data/train.bin.json for text, "
        "data/pairs.json.json for pairs and data/dataset.safetensors.json for data that are tokens already; null: not "
        "compared",
    )
