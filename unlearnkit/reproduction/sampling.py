"""Random shards, and what it proves of all shards that those which were drawn are equal."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import comb


def drawn(names: Sequence[str], number: int, seed: int) -> list[str]:
    """Return `number` of some names, drawn without replacement by a seed, in their order; all if there are no more."""
    chosen = random.Random(seed).sample(range(len(names)), min(number, len(names)))
    return [names[position] for position in sorted(chosen)]


def most_wrong(total: int, number: int, found: int = 0, level: float = 0.95) -> int:
    """Return the largest number of wrong shards among `total` that a draw leaves possible.

    A shard is wrong if computing it again gives other bytes. Of `number` shards drawn without replacement, by a seed
    that nobody could know when they were published, `found` were wrong. With K wrong ones the number found is
    hypergeometric; K is possible as long as P(X <= found | K) > 1 - level. Every larger K would have shown more than
    `found` with a probability of at least `level`: an exact one-sided bound.
    """
    possible = range(found, total - number + found + 1)
    return max(wrong for wrong in possible if _at_most(found, total, wrong, number) > 1 - level)


def _at_most(found: int, total: int, wrong: int, number: int) -> float:
    ways = sum(comb(wrong, k) * comb(total - wrong, number - k) for k in range(found + 1))
    return ways / comb(total, number)


def proof(total: int, number: int, found: int, level: float = 0.95) -> str:
    """Return what a draw says of all shards, in words; the bound holds if their publisher could not know the seed."""
    shown = f"{found or 'none'} of them {'differ' if found > 1 else 'differs'}"
    if number >= total:
        return f"all {total} shards were computed again, {shown}"
    wrong = most_wrong(total, number, found, level)
    return (
        f"{number} of {total} shards were drawn, {shown}: at {100 * level:.0f} %, at most {wrong} of the {total} "
        f"({100 * wrong / total:.0f} %) differ, since with more the draw would have shown more, "
        "if nobody could know the seed when they were published"
    )
