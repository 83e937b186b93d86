"""Memory of the device that training a pretrained model takes, from its configuration alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unlearnkit import layout
from unlearnkit.config.experiment import Experiment
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.config.settings import ModelSettings
from unlearnkit.facts.base_shapes import BaseShape, shape_of

CARDS = (8, 12, 16, 24, 40, 48, 80, 141)
"""Memory of common cards, GB."""
_FLOAT = 4
_TRAINED = 4 * _FLOAT
"""Bytes of a trained parameter: itself, its gradient and the two means of Adam, in float32."""
_CONTEXT = 8e8
"""Bytes that PyTorch and its libraries take on a GPU before anything else."""
_LOGITS = 3
"""Tensors of the size of the logits in float32 at a time: logits, their log-softmax, and its gradient."""
_PER_LINEAR = 2
"""Tensors that are kept of a linear layer for the backward pass: its input, and what follows its output."""


@dataclass(frozen=True)
class DeviceMemory:
    """Bytes on the device while a model is trained: weights of the base, what is trained, activations, everything."""

    base: float
    trained: float
    activations: float

    @property
    def total(self) -> float:
        """All of it, with what the libraries take."""
        return self.base + self.trained + self.activations + _CONTEXT

    def card(self) -> int | None:
        """Return the smallest common card, GB, of which this takes at most 95 %; None if no card has as much."""
        return next((size for size in CARDS if self.total <= 0.95e9 * size), None)


def device_memory(experiment: Experiment) -> DeviceMemory | None:
    """Return the memory of a training job of pretrained models, None for other models.

    Raises UnlearnkitError if the size of the base is not known.
    """
    settings: Any = sized(experiment)
    if not hasattr(settings, "source"):
        return None
    batch = experiment.training.batch_size
    half = "bfloat16" in (settings.dtype, experiment.training.precision)
    return training_memory(
        shape_of(**settings.source.model_dump()),
        settings.adapter.model_dump() if settings.adapter else None,
        bytes_per_weight=2 if settings.dtype == "bfloat16" else _FLOAT,
        bytes_per_activation=2 if half else _FLOAT,
        tokens=min(batch, experiment.execution.micro_batch_size or batch) * experiment.sample_shape[0],
        checkpointing=settings.gradient_checkpointing,
    )


def base_bytes(experiment: Experiment) -> tuple[int, int]:
    """Return the bytes of a base that rule base writes, and those of them that it downloads; 0 where it links files.

    Published weights are taken to be in 16 bits, converted ones are written in 32.
    """
    source = getattr(experiment.model_settings, "source", None)
    if source is None or source.folder:
        return 0, 0
    parameters = shape_of(**source.model_dump()).parameters
    return (2 * parameters, 2 * parameters) if source.hub else (_FLOAT * parameters, 0)


def merged_bytes(experiment: Experiment) -> int:
    """Return the bytes of a model whose low-rank terms are merged into its base: all weights, in float32.

    Raises UnlearnkitError if the size of the base is not known.
    """
    settings: Any = sized(experiment)
    return _FLOAT * shape_of(**settings.source.model_dump()).parameters


def sized(experiment: Experiment) -> ModelSettings:
    """Return the settings of the model, on the folder of its base if it has one that is made."""
    folder = Path(layout.BASE.replace("{experiment}", experiment.experiment)).parent
    settings = experiment.model_settings
    if not hasattr(settings, "source") or not (folder / "config.json").is_file():
        return settings
    return settings.model_copy(update={"source": BaseSource.model_validate({"folder": str(folder)})})


def training_memory(
    shape: BaseShape,
    adapter: Mapping[str, Any] | None,
    *,
    bytes_per_weight: int,
    bytes_per_activation: int,
    tokens: int,
    checkpointing: bool,
) -> DeviceMemory:
    """Return the memory of training steps whose forward passes have `tokens` tokens."""
    kept = sum(_PER_LINEAR * max(inputs, outputs) for _, inputs, outputs, _ in shape.linears)
    # with checkpoints the input of every block, and one block in full
    of_blocks = shape.layers * shape.width + kept if checkpointing else shape.layers * kept
    activations = tokens * (of_blocks * bytes_per_activation + _LOGITS * _FLOAT * shape.vocabulary)
    if adapter is None:
        return DeviceMemory(0.0, _TRAINED * shape.parameters, activations)
    factors = shape.factors(adapter["rank"], adapter["targets"], adapter["layers"])
    return DeviceMemory(bytes_per_weight * shape.parameters, _TRAINED * factors, activations)
