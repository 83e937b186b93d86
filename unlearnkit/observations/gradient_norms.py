"""Gradient norms: how far one step of training on a sequence alone would move a model, which is less where it knows it.

    norm  mean over the tensors that are trained of the p-norm of the gradient of the sequence's mean loss, 0 or more

The loss is the mean of -log p over the targets, nats; of a pair these are the tokens of the answer and its end. Models
are in eval mode, without dropout, in float32. All tensors of a model are trained, or with an adapter its factors; their
norms depend on p and on which these are, so compare models of one experiment only. A norm costs a forward and a
backward pass of one sequence. Source: Wang et al. 2024 (arXiv 2402.17012); OpenUnlearning (2025), there in train mode.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from unlearnkit.config.settings import Item, ObservationSettings
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.gradient_norms import gradient_norms
from unlearnkit.training.language.observed import models_of

NEEDS = ("network",)
VALUES = {"text": {"norm": "float32"}}


class Settings(ObservationSettings):
    """Settings of gradient norms."""

    items: tuple[Item, ...] | None = Field(
        ("forget", "validation"),
        min_length=1,
        description="samples that models are observed on, as of every observation; the attack reads these two",
    )
    p: float = Field(2.0, ge=1, le=100, description="which norm of a tensor; OpenUnlearning: 2, the Euclidean one")


def observe(subjects: Subjects, settings: Settings) -> Mapping[str, np.ndarray]:
    """Return the norms, {"norm": [models, rows]}."""
    tokens, rows = subjects.task.source, subjects.rows
    return {"norm": np.stack([gradient_norms(model, tokens, rows, settings.p) for model in models_of(subjects)])}
