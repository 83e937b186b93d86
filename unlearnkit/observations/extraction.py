"""Extraction: how much of a sequence a model writes down by itself, given a prefix of it, as the mean over prefixes.

    likelihood   extraction likelihood EL_n, in [0, 1]; NaN where a sequence has no prefix that leaves n tokens

See `unlearnkit.training.language.extraction.extraction_likelihood` for the formula. Memorisation accuracy, which is
published beside it, is computed from the observation `token_scores` (metric `exact_memorisation`). Source: Jang et al.
2023 (arXiv 2210.01504).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from unlearnkit.config.settings import ObservationSettings
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.extraction import extraction_likelihoods
from unlearnkit.training.language.observed import models_of

NEEDS = ("network",)
VALUES = {"text": {"likelihood": "float32"}}


class Settings(ObservationSettings):
    """Settings of extraction likelihood."""

    n: int = Field(10, ge=1, description="tokens of an n-gram; Jang et al. 2023")
    first_prefix: int = Field(
        1, ge=1, description="tokens of the shortest prefix; Jang et al. 2023: 1, iterative contrastive unlearning: 150"
    )
    batch_size: int = Field(32, ge=1, description="prefixes that are continued together")


def observe(subjects: Subjects, settings: Settings) -> Mapping[str, np.ndarray]:
    """Return {"likelihood": [models, rows]}."""
    how = {"n": settings.n, "first_prefix": settings.first_prefix, "batch_size": settings.batch_size}
    tokens, rows = subjects.task.source, subjects.rows
    return {
        "likelihood": np.stack([extraction_likelihoods(model, tokens, rows, **how) for model in models_of(subjects)])
    }
