"""What the trials of a search cost: the mean over its space, which is where the first trials are drawn from."""

from __future__ import annotations

import numpy as np

from unlearnkit.config.searches.budgets import Sizes, cost_of, retraining
from unlearnkit.config.searches.search import Search
from unlearnkit.config.searches.spaces import spaces_of
from unlearnkit.facts.search_space import draw, fitted

_DRAWS = 100
"""Settings that a mean is taken over."""


def trials_of(search: Search, kept: int) -> int:
    """Return the trials of one study that are missing; of an interrupted one, none counts as finished."""
    return max(0, search.trials - kept)


def trials_of_choice(search: Search) -> int:
    """Return how often settings are run to choose among them: the best of every study on the models of all others."""
    return search.seeds * (search.seeds - 1) if search.choose == "seed_mean" else 0


def mean_passes(search: Search, sizes: Sizes, training_epochs: int) -> float:
    """Return the mean sample passes of a trial and model, for (retain, forget) sizes of the tuning forget sets.

    Trials that no number of epochs makes cheap enough cost nothing.
    """
    spaces, cost = spaces_of(search), cost_of(search, sizes, training_epochs)
    most = search.budget * retraining(sizes, training_epochs)
    drawn = (
        draw(spaces, dict(zip(spaces, quantiles, strict=True)), training_epochs, search.fixed)
        for quantiles in np.random.default_rng(0).random((_DRAWS, len(spaces)))
    )
    tried = (fitted({**search.fixed, **values}, cost, most) for values in drawn)
    return float(np.mean([cost(values) if values else 0.0 for values in tried]))
