"""Where the stages of a graph are drawn: in levels, with lines that pass between boxes and not behind them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

Slot = str | tuple[str, int]
"""A stage, or the passage of the lines of a stage through a level below it: (stage, level)."""
PASSAGE = 0.2
"""Width of a passage; that of a stage is 1."""
SWEEPS = 8
"""How often the order of all levels is improved, downwards and upwards in turn."""


def levels_of(stages: Sequence[str], made_of: Mapping[str, set[str]]) -> dict[str, int]:
    """Return stage -> its level: 0, or one more than that of the deepest stage of those that it is made of."""
    levels: dict[str, int] = dict.fromkeys(stages, 0)
    for _ in stages:  # no path is longer; records that are forged may form a circle
        for stage in stages:
            sources = [levels[source] for source in made_of.get(stage, ()) if source in levels]
            levels[stage] = min(len(stages), 1 + max(sources)) if sources else 0
    return levels


def placed(
    stages: Sequence[str], made_of: Mapping[str, set[str]]
) -> tuple[dict[Slot, tuple[float, int]], list[tuple[Slot, Slot]]]:
    """Return slot -> (middle, level), and the lines from a slot to one of the next level.

    Middles are in widths of a stage, 0 is the middle of the graph. Slots are ordered by the mean place of those that
    they are joined with, a few times down and up (Sugiyama, Tagawa and Toda 1981).
    """
    levels = levels_of(stages, made_of)
    lines: dict[tuple[Slot, Slot], None] = {}
    for stage in stages:
        for source in sorted(made_of.get(stage, set()) & {*stages}):
            chain = [source, *((source, level) for level in range(levels[source] + 1, levels[stage])), stage]
            lines |= dict.fromkeys(itertools.pairwise(chain))
    rows: list[list[Slot]] = [
        [stage for stage in stages if levels[stage] == level] for level in range(max(levels.values(), default=-1) + 1)
    ]
    for slot in dict.fromkeys(slot for line in lines for slot in line if not isinstance(slot, str)):
        rows[slot[1]].append(slot)
    for sweep in range(SWEEPS):
        _order(rows, [*lines], upwards=sweep % 2 == 1)
    return {slot: (x, level) for level, row in enumerate(rows) for slot, x in _middles(row).items()}, [*lines]


def _order(rows: list[list[Slot]], lines: Sequence[tuple[Slot, Slot]], *, upwards: bool) -> None:
    joined: dict[Slot, list[Slot]] = {}
    for above, below in lines:
        one, other = (above, below) if upwards else (below, above)
        joined.setdefault(one, []).append(other)
    for number in range(len(rows) - 2, -1, -1) if upwards else range(1, len(rows)):
        there, here = _middles(rows[number + (1 if upwards else -1)]), _middles(rows[number])
        places = {slot: [there[other] for other in joined.get(slot, ()) if other in there] for slot in here}
        mean = {
            slot: sum(neighbours) / len(neighbours) if neighbours else here[slot] for slot, neighbours in places.items()
        }
        rows[number].sort(key=mean.__getitem__)


def _middles(row: Sequence[Slot]) -> dict[Slot, float]:
    widths = [1.0 if isinstance(slot, str) else PASSAGE for slot in row]
    return {slot: sum(widths[:at]) + widths[at] / 2 - sum(widths) / 2 for at, slot in enumerate(row)}
