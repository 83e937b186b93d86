"""How many models a pool has, and on how many samples: of draws, by the pool that its models are taken from."""

from __future__ import annotations

from collections.abc import Mapping

from unlearnkit.config.pools.pool import DrawsPool, Pool, TrainedPool

Pools = Mapping[str, Pool]


def source_of(pools: Pools, name: str) -> str:
    """Return the pool whose models forget: the pool itself, or the one that a pool of draws takes its models from."""
    pool = pools[name]
    return pool.of if isinstance(pool, DrawsPool) and pool.of in pools else name


def draws_of(pools: Pools, name: str) -> int:
    """Return how many times each model is unlearned in a pool: the draws of a pool of draws, else 1."""
    pool = pools[name]
    return pool.draws if isinstance(pool, DrawsPool) else 1


def models_of(pools: Pools, name: str) -> int:
    """Return the models of a pool, for a pool of draws one per request."""
    source = pools[source_of(pools, name)]
    return draws_of(pools, name) * (source.models if isinstance(source, TrainedPool) else 0)


def part_of(pools: Pools, name: str, train_size: int) -> int | None:
    """Return how many samples every model is trained on, None if that is not known before a file is read."""
    return pools[source_of(pools, name)].planned_part(train_size)


def forgotten_of(pools: Pools, name: str, train_size: int) -> int | None:
    """Return how many samples every model forgets, None if that is not known before a file is read."""
    pool, part = pools[name], part_of(pools, name, train_size)
    if not isinstance(pool, DrawsPool):
        return pool.planned_forget()
    return None if part is None else int(pool.fraction * part)
