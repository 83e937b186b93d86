"""Low-rank terms of the library peft in a network of transformers, with dropout drawn from the model's own state."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unlearnkit.config.models.pretrained import LoraSettings
from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import ConfigError
from unlearnkit.models.stochastic_depth import StochasticDepth

NAME = "default"
"""The name of the only adapter of a network, as peft has it in the names of parameters."""
_LINEAR = ("Linear", "Conv1D")
"""Classes of linear layers; Conv1D is that of transformers, in GPT-2, whose weight is [inputs, outputs]."""


def add_low_rank_terms(network: Any, settings: LoraSettings) -> None:
    """Put low-rank terms beside the layers that the settings select, in place; no other parameter is trained then.

    Factors A are drawn from torch's generator and B are zero, so the network computes exactly what it did before. Both
    are float32 whatever the type of the network. Raises ConfigError if the settings select no layer, and DataError if
    peft cannot be imported.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise missing_package("peft", "adds low-rank terms to language models", error) from None
    chosen = selected(network, settings)
    configuration = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # pyright: ignore[reportArgumentType]  peft divides it, and takes any number
        target_modules=chosen,
        bias="none",
        fan_in_fan_out=type(network.get_submodule(chosen[0])).__name__ == "Conv1D",
    )
    inject_adapter_in_model(configuration, network, NAME)
    for name, parameter in network.named_parameters():
        if "lora_" in name and not parameter.is_meta:
            parameter.data = parameter.data.float()


def selected(network: Any, settings: LoraSettings) -> list[str]:
    """Return the names of the layers that have low-rank terms; raises ConfigError if a setting selects none."""
    layers = linear_layers(network)
    candidates = ", ".join(sorted({name.rpartition(".")[2] for name in layers}))
    for target in settings.targets or ():
        if not any(f".{name}".endswith(f".{target}") for name in layers):
            raise ConfigError(
                f"model.adapter.targets names '{target}', and the model has no linear layer of this name",
                expected=f"null or some of {candidates}",
            )
    blocks = {_block(name) for name in layers} - {None}
    if unknown := sorted({*(settings.layers or ())} - blocks):
        raise ConfigError(
            f"model.adapter.layers names block {unknown[0]}, which the model does not have",
            expected=f"null or some of 0 to {max(filter(None, blocks), default=0)}",
        )
    found = [
        name
        for name in layers
        if (settings.targets is None or any(f".{name}".endswith(f".{target}") for target in settings.targets))
        and (settings.layers is None or _block(name) in settings.layers)
    ]
    if not found:
        raise ConfigError(
            "model.adapter selects no layer of the model", expected=f"targets that are null or some of {candidates}"
        )
    return found


def linear_layers(network: Any) -> list[str]:
    """Return the names of all linear layers but the head; of a network that also reads images, those for text."""
    head, within = network.get_output_embeddings(), _text_prefix(network)
    return [
        name
        for name, part in network.named_modules()
        if type(part).__name__ in _LINEAR and part is not head and name.startswith(within) and name
    ]


def _text_prefix(network: Any) -> str:
    """Return the beginning of the names of the parts that read text: "" where these are all parts."""
    if network.config.get_text_config() is network.config:
        return ""
    embedding = network.get_input_embeddings()
    return next(name for name, part in network.named_modules() if part is embedding).rpartition(".")[0]


def _block(name: str) -> int | None:
    """Return the number of the transformer block that a layer is in, by its name: the first number in it."""
    return next((int(part) for part in name.split(".") if part.isdigit()), None)


@dataclass
class Clock:
    """The seed of a model's dropout and the number of the forward pass that it draws for."""

    seed: int = 0
    count: int = 0

    def generator(self, number: int, device: torch.device) -> torch.Generator:
        """Return the generator of the layer of this number for the present forward pass."""
        # of a seed the generator of a CPU reads 32 bits
        digest = hashlib.blake2b(f"{self.seed}/{self.count}/{number}".encode(), digest_size=4).digest()
        return torch.Generator(device=device).manual_seed(int.from_bytes(digest, "little"))

    def contexts(self) -> tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]:
        """Return the contexts of a checkpointed block: of its forward pass, and of when it is computed again."""
        return contextlib.nullcontext(), self.at(self.seed, self.count)

    @contextlib.contextmanager
    def at(self, seed: int, count: int) -> Iterator[None]:
        """Draw, within the block, what was drawn for another forward pass."""
        before = self.seed, self.count
        self.seed, self.count = seed, count
        try:
            yield
        finally:
            self.seed, self.count = before


class DropoutState(StochasticDepth):
    """The seed and the count of forward passes, in the model's state, that all its dropout layers draw by."""

    def __init__(self) -> None:
        super().__init__(rate=0.0)


class AdapterDropout(nn.Module):
    """Dropout of the inputs of a low-rank term, in train mode only.

    What it leaves out is a function of the clock and of the layer's number, so it is copied, stored and resumed with
    the model, and no global generator is touched.
    """

    def __init__(self, rate: float, number: int, clock: Clock) -> None:
        super().__init__()
        self.rate, self.number, self.clock = rate, number, clock

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the inputs with some of them zero and the others divided by 1 - rate."""
        if not self.training:
            return inputs
        generator = self.clock.generator(self.number, inputs.device)
        kept = torch.empty_like(inputs, requires_grad=False).bernoulli_(1 - self.rate, generator=generator)
        return inputs * (kept / (1 - self.rate))


def add_dropout(network: nn.Module, rate: float, clock: Clock) -> None:
    """Give every low-rank term of a network dropout of its inputs, in place."""
    terms = [part for part in network.modules() if hasattr(part, "lora_dropout")]
    for number, part in enumerate(terms):
        part.lora_dropout[NAME] = AdapterDropout(rate, number, clock)  # pyright: ignore
