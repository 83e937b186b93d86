"""What trials of a search cost, and a budget that none of them can keep."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unlearnkit.config.blocks import declared
from unlearnkit.config.methods.variants import last_epoch
from unlearnkit.config.searches.search import Search
from unlearnkit.config.searches.spaces import spaces_of
from unlearnkit.errors import ConfigError
from unlearnkit.facts.search_space import LENGTHS, Choice, Space, draw, fitted

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment

Sizes = Sequence[tuple[int, int]]
"""Retain and forget samples of every tuning forget set."""

_MOST_CORNERS = 100_000
"""Of a space with more corners nothing is said before its trials run."""


def cost_of(search: Search, sizes: Sizes, training_epochs: int) -> Callable[[Mapping[str, Any]], float]:
    """Return the function from settings to their sample passes, which raises ValueError for unusable ones."""
    settings_class = declared("method", search.method).Settings

    def cost(values: Mapping[str, Any]) -> float:
        settings = settings_class.model_validate(values)
        last = last_epoch(search.method, settings, training_epochs) or 0
        return sum(settings.passes(retain, forget, last) for retain, forget in sizes)

    return cost


def retraining(sizes: Sizes, training_epochs: int) -> int:
    """Return the sample passes of retraining on the retain sets, which a budget is relative to."""
    return training_epochs * sum(retain for retain, _ in sizes)


def budget_problems(experiment: Experiment, key: str, search: Search) -> Iterator[ConfigError]:
    """Yield a budget that no settings of the space fit, however few epochs they get.

    Sizes that are not known before data are read count as one sample, for which budgets suffice the longest.
    """
    known = [experiment.planned_size(name) or 1 for name in search.forget_sets]
    sizes, epochs = [(experiment.train_size - size, size) for size in known], experiment.training.epochs
    cost, whole = cost_of(search, sizes, epochs), retraining(sizes, epochs)
    many = math.prod(len(_ends(space)) for space in spaces_of(search).values()) > _MOST_CORNERS
    if many or any(fitted(values, cost, search.budget * whole) for values in _corners(search, epochs)):
        return
    least = min(_least(values, cost) for values in _corners(search, epochs)) / whole
    if math.isfinite(least):
        enough = f"{_rounded_up(least):g}"
        yield ConfigError(
            f"{key}.budget is {search.budget:g}, which no settings of its space fit",
            expected=f"at least {enough}, which the cheapest ones cost, relative to retraining",
            remedy=f"raise {key}.budget",
        )


def _corners(search: Search, training_epochs: int) -> Iterator[dict[str, Any]]:
    """Yield settings at all ends of ranges and with all choices: a cost that rises or falls is least at one of them."""
    spaces = spaces_of(search)
    for quantiles in itertools.product(*map(_ends, spaces.values())):
        drawn = draw(spaces, dict(zip(spaces, quantiles, strict=True)), training_epochs, search.fixed)
        yield {**search.fixed, **drawn}


def _ends(space: Space) -> Sequence[float]:
    if not isinstance(space, Choice):
        return (0.0, 1.0)
    return [(number + 0.5) / len(space.values) for number in range(len(space.values))]


def _least(values: Mapping[str, Any], cost: Callable[[Mapping[str, Any]], float]) -> float:
    """Return the least cost of settings with any number of epochs (steps) up to theirs, infinite if none is usable."""
    length = next((name for name in LENGTHS if name in values), None)
    shorter = [{**values, length: count} for count in range(1, values[length] + 1)] if length else [values]
    costs = [math.inf]
    for tried in shorter:
        try:
            costs.append(cost(tried))
        except ValueError:
            continue
    return min(costs)


def _rounded_up(number: float) -> float:
    """Return a positive number with three digits, not below itself."""
    unit = 10.0 ** (math.floor(math.log10(number)) - 2)
    return math.ceil(number / unit - 1e-9) * unit
