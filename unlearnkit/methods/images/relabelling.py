"""Random labels for the forget samples of a batch, as successive random labels and SalUn train on them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from unlearnkit.models.parts import drawn


def relabelled(
    labels: Tensor, is_forget: Tensor, classes: int, exclude_true: bool, generators: Sequence[torch.Generator]
) -> Tensor:
    """Return `labels` with those where `is_forget` replaced by (label + shift) mod `classes`, shifts drawn uniformly.

    Shapes: all [B], or [K, B] with K > 1 `generators`. Shifts begin at 1 if the true class is excluded and at 0 if it
    may be drawn. Every call takes B draws from each generator, so no model's labels depend on another's.
    """
    shifts = drawn(labels, generators, lambda tensor, g: tensor.random_(int(exclude_true), classes, generator=g))
    return torch.where(is_forget, (labels + shifts) % classes, labels)
