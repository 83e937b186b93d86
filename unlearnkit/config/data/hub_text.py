"""Settings of a text data set in the format of the Hugging Face Hub."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings


class HubText(Settings):
    """The data set, and where its text is."""

    path: UserPath = Field(
        min_length=1, description="name on huggingface.co, or a folder that the library datasets can load"
    )
    config: str | None = Field(None, min_length=1, description="configuration of the data set; null: its only one")
    revision: str | None = Field(
        None, min_length=1, description="commit or tag on huggingface.co; null: the newest, which may change"
    )
    train_split: str = Field(
        "train", min_length=1, description="split for training, or a part of one such as train[:95%]"
    )
    validation_split: str = Field(
        "validation", min_length=1, description="split for validation, or a part of one such as train[95%:]"
    )
    text_column: str = Field("text", min_length=1, description="column with the documents")

    @model_validator(mode="after")
    def _splits_differ(self) -> Self:
        if self.train_split == self.validation_split:
            raise ValueError(f"train_split and validation_split are both '{self.train_split}'")
        return self
