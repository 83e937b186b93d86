"""Answers drawn from a language model: the likeliest token after noise is a draw from the softmax (Gumbel-max).

argmax of z + T g with independent g of the standard Gumbel distribution is token k with probability softmax(z / T)_k.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.training.language.generating import Answer, greedy


def sampled(
    model: nn.Module,
    prompt: np.ndarray,
    count: int,
    *,
    temperature: float,
    generator: torch.Generator,
    end: int,
    most: int,
    length: int,
    device: torch.device,
) -> list[Answer]:
    """Return `count` answers to a prompt [tokens], drawn at a temperature by a generator of the CPU's.

    They share batches with nothing else, so they are a function of model, prompt and generator. Where answers end
    follows `greedy`.
    """
    noisy = _Noisy(model, _Noise(temperature, generator)).eval()
    return greedy(noisy, [prompt] * count, end=end, most=most, length=length, device=device)


class _Noise:
    """Logits [B, V] with noise; transformers calls it as a processor of logits."""

    def __init__(self, temperature: float, generator: torch.Generator) -> None:
        self._temperature, self._generator = temperature, generator

    def __call__(self, input_ids: Tensor | None, scores: Tensor) -> Tensor:
        uniform = torch.rand(scores.shape, generator=self._generator, dtype=torch.float64)
        gumbel = -torch.log(-torch.log(uniform))
        return scores.float() + self._temperature * gumbel.to(scores.device, torch.float32)


class _Noisy(nn.Module):
    """A model whose logits at the last position have noise, which is where `greedy` chooses the next token."""

    def __init__(self, model: nn.Module, noise: _Noise) -> None:
        super().__init__()
        self.model, self.noise = model, noise

    def forward(self, tokens: Tensor) -> Tensor:
        logits = self.model(tokens).clone()
        logits[:, -1] = self.noise(None, logits[:, -1])
        return logits

    def __getattr__(self, name: str) -> Any:
        if name == "network":
            return _NoisyNetwork(self.model.network, self.noise)
        return self.model.vocabulary if name == "vocabulary" else super().__getattr__(name)


class _NoisyNetwork:
    """A network of transformers that generates with noise."""

    def __init__(self, network: Any, noise: _Noise) -> None:
        self._network, self._noise = network, noise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def generate(self, **arguments: Any) -> Tensor:
        return self._network.generate(**arguments, logits_processor=[self._noise])
