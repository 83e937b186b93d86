"""What an estimate rests on, and the estimate itself."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from unlearnkit.planning.records import Record


class Basis(enum.IntEnum):
    """What an estimate is made from, from the closest to the farthest."""

    MEASURED = 0
    SETTINGS = 1
    KINDS = 2
    MODELS = 3
    ASSUMED = 4

    @property
    def words(self) -> str:
        """The basis as the table names it."""
        scaled = "scaled from other"
        return ("measured", f"{scaled} settings", f"{scaled} jobs", f"{scaled} models", "assumed")[self]


DECISIVE = 0.1
"""Share of the time of a stage above which a part of it decides what the stage is said to rest on."""


@dataclass(frozen=True)
class Estimate:
    """Seconds of a part of a job, what they rest on, and the records that they were taken from."""

    seconds: float
    basis: Basis
    records: frozenset[Record] = frozenset()


def farthest(estimates: Iterable[Estimate]) -> tuple[Basis, int]:
    """Return the farthest basis that at least a tenth of the time rests on, and the number of records behind it."""
    estimates = list(estimates)
    total = sum(estimate.seconds for estimate in estimates)
    shares = {basis: sum(e.seconds for e in estimates if e.basis >= basis) for basis in Basis}
    basis = max(basis for basis in Basis if shares[basis] >= DECISIVE * total)
    # estimates share their sets of records: few of them are different
    sets = {estimate.records for estimate in estimates if estimate.basis == basis}
    return basis, len(frozenset().union(*sets))
