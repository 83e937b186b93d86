"""Sizes of requests one after another, as far as settings say which rows they share."""

from __future__ import annotations

from collections.abc import Sequence

from unlearnkit.config.forget_sets.images import ForgetSetSettings
from unlearnkit.config.forget_sets.units import PairListForgetSet

_ANY = {"size", "after", "disjoint_from"}
"""What may differ between sets of which the larger holds the smaller."""


def rows_so_far(chain: Sequence[tuple[ForgetSetSettings, int]]) -> int:
    """Return how many rows are asked for by requests (settings, rows), the first one first.

    Published lists are nested, and so are sets that one seed draws: these and what came before them count as the larger
    of the two. All others are taken to share no row, since a request that shares some is refused.
    """
    so_far = 0
    for position, (block, rows) in enumerate(chain):
        nested = any(_chosen_alike(block, earlier) for earlier, _ in chain[:position])
        so_far = max(so_far, rows) if nested else so_far + rows
    return so_far


def _chosen_alike(one: ForgetSetSettings, other: ForgetSetSettings) -> bool:
    if isinstance(one, PairListForgetSet):
        return isinstance(other, PairListForgetSet)
    return one.model_dump(exclude=_ANY) == other.model_dump(exclude=_ANY)
