"""What is asked for: a cell, or a draw of shards; and what has to be computed for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unlearnkit.places import place_of
from unlearnkit.reproduction.cells import Cell
from unlearnkit.reproduction.needs import Needs, needs
from unlearnkit.reproduction.sampling import drawn
from unlearnkit.reproduction.sources import Source


@dataclass(frozen=True)
class Asked:
    """Names of what is to be computed and compared, what that needs, and of how many shards they were drawn (0: none).

    Of a cell, everything on the way from what is taken to the cell is compared.
    """

    targets: list[str]
    needs: Needs
    shards: int = 0

    @property
    def compared(self) -> list[str]:
        """Names of the files that are compared with the published ones."""
        return self.targets if self.shards else self.needs.again


def of_cell(source: Source, cell: Cell, level: str) -> Asked:
    """Return what a cell takes if it is computed from a level."""
    targets = [cell.table if level == "scores" else cell.summary]
    return Asked(targets, needs(source, targets, level))


def of_sample(source: Source, cell: Cell | None, level: str, number: int, seed: int) -> Asked:
    """Return what it takes to compute some shards again, each from what it was made from.

    They are drawn from the weights, at the level `weights` from the margins, of all models or of those that a cell
    rests on.
    """
    shards = [name for name in _artifacts(source) if _is_drawn(name, level)]
    if cell:
        # models that one job unlearns and evaluates are reached by their margins
        rests_on = {_shard(name) for name in needs(source, [cell.summary], "data").again}
        shards = [name for name in shards if _shard(name) in rests_on]
    targets = drawn(shards, number, seed)
    return Asked(targets, needs(source, targets, None), len(shards))


def _artifacts(source: Source) -> list[str]:
    """Return the artifacts that were published, and those of which only the record was, by name."""
    names = (own for name in source.names() for own in (name, name.removesuffix(".json")))
    return sorted({name for name in names if place_of(name)})


def _is_drawn(name: str, level: str) -> bool:
    place = place_of(name)
    return place is not None and (place.stage == "margins" if level == "weights" else place.is_weights)


def _shard(name: str) -> Path:
    return Path(name).parent / Path(name).name.partition(".")[0]
