"""Models whose logits are a table, and batches of sequences of unequal lengths: losses of them can be written out."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.methods.language.token_steps import Loss, TokenBatch
from unlearnkit.models.adapter import Adapter
from unlearnkit.training.unlearning import Context

V, LENGTHS = 11, (6, 2, 9, 4)
ENDS_MASKED = (True, False, True, False)
"""Whether the last token of a sequence has a target: it has none where the next sequence is not in the set."""


def batch_of(seed: int = 0, padding: int = 0) -> TokenBatch:
    """Return sequences of unequal lengths, of which some go on in the next one, with more padding than they need."""
    generator = np.random.default_rng(seed)
    width = max(LENGTHS) + padding
    inputs, labels = np.zeros((len(LENGTHS), width), np.int64), np.full((len(LENGTHS), width), IGNORE)
    for row, (length, masked) in enumerate(zip(LENGTHS, ENDS_MASKED, strict=True)):
        stretch = generator.integers(0, V, length + 1)
        inputs[row, :length] = stretch[:-1]
        labels[row, : length - masked] = stretch[1 : length + 1 - masked]
    return TokenBatch.whole(torch.from_numpy(inputs), torch.from_numpy(labels))


class Table(nn.Module):
    """Logits of a token by its position and itself: a model whose every logit can be known and differentiated."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        drawn = torch.randn(40, V, V, generator=torch.Generator().manual_seed(seed))
        self.logits = nn.Parameter(2 * drawn)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.logits[torch.arange(tokens.shape[1]), tokens]


MODEL, ORIGINAL = Table(1), Table(2).requires_grad_(False)


def targets_of(batch: TokenBatch) -> list[list[tuple[int, int, int]]]:
    """Return (position, token, target) of every target, by sequence."""
    rows = zip(batch.inputs.tolist(), batch.labels.tolist(), strict=True)
    return [
        [(t, x, y) for t, (x, y) in enumerate(zip(inputs, labels, strict=True)) if y != IGNORE]
        for inputs, labels in rows
    ]


def log_p(model: Table, position: int, token: int, temperature: float = 1.0) -> list[float]:
    z = [float(value) / temperature for value in model.logits[position, token].detach().double()]
    norm = math.log(sum(math.exp(value) for value in z))
    return [value - norm for value in z]


def gradient(loss: Loss, *batches: TokenBatch) -> Tensor:
    """Return the gradient of the sum of the losses of some batches in the logits of MODEL."""
    total = torch.stack([loss(MODEL, batch) for batch in batches]).sum()
    return torch.autograd.grad(total, MODEL.logits)[0]


def context_of(original: nn.Module) -> Context:
    """Return a context whose reference is `original`."""
    parts = Adapter("logits", "logits", (), ())
    return Context([torch.Generator()], None, lambda: MODEL, parts, original, {}, lambda *_: None)


def answered(seed: int = 0, padding: int = 0) -> TokenBatch:
    """Return a batch whose rows have two answers."""
    other, true = batch_of(seed, padding), batch_of(seed + 10, padding)
    return TokenBatch.whole(other.inputs, other.labels, true.inputs, true.labels)
