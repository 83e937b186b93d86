"""From a registered name to models with weights, alone or as a stack, and back to states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit import registry
from unlearnkit.artifacts.weights import State
from unlearnkit.errors import ArtifactError
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.arrays import to_array, to_tensor
from unlearnkit.models.low_rank import LowRankModel
from unlearnkit.models.stack import Stack

with torch.device("meta"):
    # Torch notes the functions that make tensors when the first of them is called on this device. `from_pretrained` of
    # transformers puts another in the place of `linspace` while it runs, and were its call the first, models with a
    # `linspace` of their own could not be built without weights in this process any more.
    torch.empty(0)


@dataclass(frozen=True)
class Architecture:
    """A registered architecture with its settings and the shape of its task: everything needed to build its models."""

    name: str
    settings: Any
    num_classes: int
    sample_shape: tuple[int, ...]

    @property
    def task(self) -> str:
        """What its models learn: "image" or "text"."""
        return registry.task_of(registry.load("model", self.name))

    @property
    def stack_size(self) -> int:
        """How many models it pays to hold in one stack, by the architecture's own measurement."""
        return registry.load("model", self.name).STACK_SIZE

    @property
    def shape(self) -> dict[str, Any]:
        """The shape of the task, as timing records state it."""
        return {"num_classes": self.num_classes, "sample_shape": self.sample_shape}

    @cached_property
    def adapter(self) -> Adapter:
        """Where the parts of a model are; the same for every model and stack of this architecture."""
        module = registry.load("model", self.name)
        with torch.device("meta"):
            return module.adapter(module.build(self.num_classes, self.sample_shape, self.settings))

    def build(self, seed: int) -> nn.Module:
        """Return one model with fresh weights drawn from `seed`; all global generators are left as they were."""
        with torch.random.fork_rng(devices=[]):
            # torch.manual_seed would seed every GPU besides
            torch.default_generator.manual_seed(seed)
            return registry.load("model", self.name).build(self.num_classes, self.sample_shape, self.settings)

    def load(self, state: State) -> nn.Module:
        """Return one model with the given weights; raises ArtifactError if they belong to another architecture.

        Tensors keep their type. The model is made without weights of its own, which take most of the time of `build`.
        """
        with torch.device("meta"):
            model = registry.load("model", self.name).build(self.num_classes, self.sample_shape, self.settings)
        tied = _tied(model)
        try:
            model.load_state_dict({name: to_tensor(array) for name, array in state.items()}, assign=True)
        except RuntimeError:
            raise ArtifactError(
                f"weights with tensors {', '.join(sorted(state)[:4])} ... do not fit model '{self.name}'",
                expected="weights of the same architecture, settings and number of classes",
                remedy="delete the weight file, or restore the model settings it was made with",
            ) from None
        for first, *others in tied:
            for name in others:
                _set(model, name, model.get_parameter(first))
        for name in [name for name, buffer in model.named_buffers() if buffer.is_meta]:
            _set(model, name, self._not_stored[name].clone())
        return model

    def expected_state(self) -> State:
        """Return a state of the right names, shapes and types, with values that mean nothing."""
        with torch.device("meta"):
            model = registry.load("model", self.name).build(self.num_classes, self.sample_shape, self.settings)
        state = model.state_dict().items()
        return {
            name: np.empty(tuple(tensor.shape), to_array(torch.empty(0, dtype=tensor.dtype)).dtype)
            for name, tensor in state
        }

    def tied_names(self) -> list[list[str]]:
        """Return the names of every parameter that has several."""
        with torch.device("meta"):
            return _tied(registry.load("model", self.name).build(self.num_classes, self.sample_shape, self.settings))

    @cached_property
    def _not_stored(self) -> dict[str, Tensor]:
        """Buffers that follow from the settings and are in no state, such as causal masks."""
        model = self.build(seed=0)
        return {name: buffer for name, buffer in model.named_buffers() if name not in model.state_dict()}

    def gather(self, models: Sequence[nn.Module], device: torch.device) -> nn.Module:
        """Return several models as one stack on `device`; a single model stays as it is."""
        if len(models) == 1:
            model = models[0].to(device)
            # a documented form of `to` that its type stub lacks
            return model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        forward_of = getattr(registry.load("model", self.name), "stacked_forward", None)
        return Stack(models, forward_of).to(device)


def _tied(model: nn.Module) -> list[list[str]]:
    """Return the names of every parameter that has several, as the embeddings of some language models."""
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [alike for alike in names.values() if len(alike) > 1]


def _set(model: nn.Module, name: str, tensor: Tensor) -> None:
    part, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(part), leaf, tensor)


def states_of(model: nn.Module) -> list[State]:
    """Return the state of every model of a stack, or of the single model, as arrays on the host.

    Of a model with low-rank terms these are the factors alone.
    """
    trained = model.factors if isinstance(model, LowRankModel) else model
    states = (
        [trained.state_of(k) for k in range(trained.size)] if isinstance(trained, Stack) else [trained.state_dict()]
    )
    return [{name: to_array(tensor) for name, tensor in state.items()} for state in states]
