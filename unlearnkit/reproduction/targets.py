"""What is asked for: a cell, or a draw of shards; and what has to be computed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from unlearnkit.errors import ArtifactError
from unlearnkit.places import place_of
from unlearnkit.publication import configuration
from unlearnkit.reproduction.cells import Cell
from unlearnkit.reproduction.needs import Needs, needs
from unlearnkit.reproduction.sampling import drawn
from unlearnkit.reproduction.sources import Source, record_of


@dataclass(frozen=True)
class Asked:
    """Names of what is to be computed and compared, what that needs, and of how many shards they were drawn (0: none).

    Of a cell, everything on the way from what is taken to the cell is compared. `fetched` counts the shards that were
    not drawn from, since their publisher had fetched them.
    """

    targets: list[str]
    needs: Needs
    shards: int = 0
    fetched: int = 0

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
    rests on; not from shards that the publisher had from the hub, where computing again means fetching the same file.
    Raises ArtifactError if none is left.
    """
    shards = [name for name in _artifacts(source) if _is_drawn(name, level)]
    if cell:
        # models that one job unlearns and evaluates are reached by their margins
        rests_on = {_shard(name) for name in needs(source, [cell.summary], "data").again}
        shards = [name for name in shards if _shard(name) in rests_on]
    computed = [name for name in shards if not _was_fetched(source, name)] if _has_fetched(source) else shards
    if not computed:
        raise ArtifactError(
            f"{source.title} has no shard of {'margins' if level == 'weights' else 'weights'} that can be drawn"
            + (f": its publisher had all {len(shards)} from the hub" if shards else ""),
            expected="models that were trained or unlearned, as --sample computes some of them again",
            remedy="name a cell instead: --cell metric/forget_set/candidate",
        )
    targets = drawn(computed, number, seed)
    return Asked(targets, needs(source, targets, None), len(computed), len(shards) - len(computed))


def _artifacts(source: Source) -> list[str]:
    """Return the artifacts that were published, and those of which only the record was, by name."""
    names = (artifact for name in source.names() for artifact in (name, name.removesuffix(".json")))
    return sorted({name for name in names if place_of(name)})


def _is_drawn(name: str, level: str) -> bool:
    place = place_of(name)
    return place is not None and (place.stage == "margins" if level == "weights" else place.is_weights)


def _has_fetched(source: Source) -> bool:
    """Return whether the configuration takes models from the hub; if not, no record need be read for it."""
    text = source.surroundings()[configuration.NAME]
    keys = yaml.safe_load(text if isinstance(text, bytes) else text.read_bytes())
    return any(isinstance(block, Mapping) and block.get("source") == "published" for block in keys.values())


def _was_fetched(source: Source, name: str) -> bool:
    return str(record_of(source, name)["rule"]).startswith("published_")


def _shard(name: str) -> Path:
    return Path(name).parent / Path(name).name.partition(".")[0]
