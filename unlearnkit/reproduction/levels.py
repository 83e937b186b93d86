"""What is computed again, and what is taken as published: levels, from tables down to trained models."""

from __future__ import annotations

from unlearnkit.places import Place
from unlearnkit.stages import STAGES

LEVELS = ("scores", "margins", "weights", "data")
"""What is taken as published: `scores` computes a table again, `data` also trains and unlearns all models again."""

_AGAIN = (
    ("tables",),
    ("scores", "summaries"),
    ("unlearned", "stops", "harness"),
    ("originals", "oracles", "held-out oracles", "pools", "curves", "merged", "alternatives", "alternative data"),
)
"""Stages that a level computes again beside those of the levels before it; from `weights` on also all observations."""

FETCHED = ("base", "judge base")
"""Stages of what a publisher has from elsewhere, and whoever computes again too: never taken from a publication."""


def is_computed_again(place: Place, level: str) -> bool:
    """Return whether an artifact is computed again at a level."""
    depth = LEVELS.index(level) + 1
    again = {stage for stages in _AGAIN[:depth] for stage in stages}
    of_models = place.is_observation or place.stage not in STAGES
    return place.stage in again or (of_models and depth > LEVELS.index("weights"))
