"""A pretrained causal language model of transformers: its base, and an adapter (LoRA) or all weights trained on it.

The base lies in a folder that rule base made: jobs put it into `source` (`unlearnkit.artifacts.base`). Every model
starts from the base. Its fresh weights are those of the adapter, or none of its own without an adapter.
"""

from __future__ import annotations

import copy
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import nn

from unlearnkit.artifacts.base import read_base
from unlearnkit.config.methods.costs import ModelSize
from unlearnkit.config.models.pretrained import BaseSource, LoraSettings
from unlearnkit.config.settings import ModelSettings
from unlearnkit.errors import TrainingError
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.language.base_loading import empty_network, refuse_long, shared_network
from unlearnkit.models.language.pretrained_model import PretrainedModel, parts_of

TASK = "text"
CONVOLUTIONS = False
STACK_SIZE = 1
BASE = True
IMMATERIAL = {"source": {"folder"}, "gradient_checkpointing": True}


class Settings(ModelSettings):
    """Settings of a pretrained model."""

    source: BaseSource = Field(description="where the base comes from: package, folder, or hub with a revision")
    adapter: LoraSettings | None = Field(
        LoraSettings.model_validate({}), description="low-rank terms that are trained; null: all weights are trained"
    )
    dtype: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="type of the base's weights; bfloat16, for GPUs, only with an adapter, whose own are float32",
    )
    gradient_checkpointing: bool = Field(
        False, description="compute activations twice instead of keeping them, for memory; reruns nothing"
    )

    @model_validator(mode="after")
    def _whole_numbers_of_updates(self) -> Self:
        if self.adapter is None and self.dtype == "bfloat16":
            raise ValueError(
                "dtype is bfloat16 without an adapter, whose updates would mostly round to nothing; expected dtype: "
                "float32, and training.precision: bfloat16 for speed"
            )
        return self

    def size(self, num_classes: int, sample_shape: tuple[int, ...]) -> ModelSize:
        """Return the size of the base with its adapter, from its config.json or the published one."""
        from unlearnkit.facts.base_shapes import shape_of  # not a part of what a model computes

        lora, length = self.adapter, sample_shape[0]
        shape = shape_of(**self.source.model_dump())
        factors = shape.factors(lora.rank, lora.targets, lora.layers) if lora else 0
        multiply_adds = shape.multiply_adds(num_classes, length) + factors * length
        return ModelSize(shape.parameters + factors, 4 * (factors or shape.parameters), multiply_adds)


def build(num_classes: int, sample_shape: tuple[int, ...], settings: Settings) -> nn.Module:
    """Return the base in `settings.source.folder` with a fresh adapter, whose factors are drawn from torch's generator.

    Without an adapter it is a copy of the base. Raises TrainingError if the base is not there or too small.
    """
    folder, dtype = settings.source.folder, settings.dtype
    if folder is None:
        raise TrainingError(
            "the base of a pretrained model is not made yet", expected="the folder that rule base writes"
        )
    if settings.adapter is not None:
        # the structure is a copy, the tensors are those of the base
        network = copy.deepcopy(shared := shared_network(folder, dtype), _lent(shared))
    elif torch.get_default_device().type == "meta":
        network = empty_network(folder, dtype)
    else:
        network = copy.deepcopy(shared_network(folder, dtype)).requires_grad_(True)
    _refuse_small(network, num_classes, sample_shape[0])
    model = PretrainedModel(network, num_classes, read_base(folder).sha256, settings.adapter)
    if settings.gradient_checkpointing:
        model.checkpoint_blocks()
    return model


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of the network: embeddings, blocks, and the last normalisation with the head."""
    return parts_of(model)


def _lent(network: nn.Module) -> dict[int, torch.Tensor]:
    return {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}


def _refuse_small(network: nn.Module, vocabulary: int, length: int) -> None:
    rows = network.get_input_embeddings().weight.shape[0]  # pyright: ignore
    if vocabulary > rows:
        raise TrainingError(
            f"the data set has {vocabulary:,} tokens, but the base has embeddings of {rows:,}",
            expected="tokens of the base's own tokenizer, or fewer",
            remedy="make the tokens with that tokenizer, or lower vocabulary_size of data.tokenizer",
        )
    refuse_long(network.config, length)
