"""Rules of the populations: what needs more models than there are, or oracles where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unlearnkit.config.blocks import declared
from unlearnkit.config.models.publication import without_correctness
from unlearnkit.config.pools.pool import TrainedPool
from unlearnkit.config.pools.sizes import models_of, source_of
from unlearnkit.errors import ConfigError
from unlearnkit.registry import POOLS, scored_on

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment

READ_ORACLES = frozenset({"held_out_oracles", "oracle_pool"})
"""What a method that reads oracles declares in NEEDS."""


def fewest_models(metric: str) -> int:
    """Return the least number of models that a metric is defined for: its MIN_MODELS, 2 unless it states one."""
    return getattr(declared("metric", metric), "MIN_MODELS", 2)


def unavailable(experiment: Experiment, metric: str) -> str | None:
    """Return why a metric cannot be computed in an experiment, None if it can."""
    if not experiment.has_oracles and declared("metric", metric).NEEDS_ORACLE:
        return "compares with oracles, and there are none (oracles: none)"
    if scored_on(declared("metric", metric)) == POOLS:
        return _without_pools(experiment, metric)
    if why := _without_reader(experiment, metric) or without_correctness(experiment, metric):
        return why
    fewest, compared = fewest_models(metric), experiment.models_compared(metric)
    if compared < fewest:
        return f"compares distributions over {fewest} models or more, and there {_are(compared)} (num_models)"
    return None


def _without_reader(experiment: Experiment, metric: str) -> str | None:
    for name in getattr(declared("metric", metric), "READS", ()):
        if lacks_source(experiment, name):
            key = reader_key(name)
            return f"reads {name}, and observations.{name}.{key} names no {'classifier' if key == 'source' else key}"
    return None


def lacks_source(experiment: Experiment, observation: str) -> bool:
    """Return whether an observation needs a model that reads texts and its settings name none."""
    key = reader_key(observation)
    return key is not None and getattr(experiment.observation_settings(observation), key, None) is None


def reader_key(observation: str) -> str | None:
    """Return the setting of an observation that names the model that it needs: NEEDS_SOURCE, `source` if it is True."""
    needed = getattr(declared("observation", observation), "NEEDS_SOURCE", None)
    return "source" if needed is True else needed


def _without_pools(experiment: Experiment, metric: str) -> str | None:
    pools = experiment.pools
    sources = {name: source_of(pools, name) for name, pool in pools.items() if pool.forgets}
    if not sources:
        return "is scored on pools whose models forget, and there are none (pools)"
    # a pool of draws whose `of` names no such pool is refused itself
    counts = {
        name: models_of(pools, source) for name, source in sources.items() if isinstance(pools[source], TrainedPool)
    }
    few = {name: count for name, count in counts.items() if count < fewest_models(metric)}
    for name, count in few.items():
        return f"compares {fewest_models(metric)} independent models or more, and pools.{name} has {count}"
    return None


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


def population_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield metrics and methods that need more models than there are, or oracles where there are none."""
    for metric in experiment.metric_settings:
        if why := unavailable(experiment, metric):
            more = _more(metric, why)
            yield ConfigError(f"metrics.{metric} {why}", remedy=f"remove metrics.{metric}, or {more}")
    yield from _given_problems(experiment)
    if experiment.has_oracles:
        return
    if experiment.held_out_oracles:
        yield ConfigError(
            f"held_out_oracles is {experiment.held_out_oracles}, but oracles is none",
            expected="held_out_oracles: 0",
            remedy="remove held_out_oracles, or set oracles: train",
        )
    for name, block in experiment.methods.items():
        if READ_ORACLES & {*declared("method", block.method).NEEDS}:
            yield ConfigError(
                f"methods.{name}: {block.method} reads oracles, but oracles is none",
                remedy=f"remove methods.{name}, or set oracles: train and held_out_oracles",
            )


def _more(metric: str, why: str) -> str:
    if "first choice" in why:
        return "set evaluated: weights (or logits, where they are published) there"
    if "oracles" in why:
        return "train oracles"
    if "classifier" in why:
        return "set source to {folder: FOLDER} or {hub: OWNER/MODEL, revision: COMMIT}"
    if "names no encoder" in why:
        return "set encoder to {kind: encoder, source: {folder: FOLDER}} or, a stand-in, {kind: wordllama}"
    if "there are none (pools)" in why:
        return "add a pool, such as pools: {halves: {kind: random, models: 16, forget: 100}}"
    key = "models of the pool" if scored_on(declared("metric", metric)) == POOLS else "num_models"
    return f"raise {key} to {fewest_models(metric)} or more"


def _given_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield key maps that contradict themselves, and what given originals cannot have: initial weights."""
    for role, source in experiment.given.items():
        targets = [name for key, name in source.key_map.items() if name and key and not key.endswith(".")]
        if repeated := [name for name in dict.fromkeys(targets) if targets.count(name) > 1]:
            yield ConfigError(
                f"{role}s.key_map gives {targets.count(repeated[0])} tensors the name '{repeated[0]}'",
                expected="every name once",
            )
    if "original" in experiment.given and getattr(experiment.training, "same_initial_weights", False):
        yield ConfigError(
            "training.same_initial_weights is true, but the originals were trained elsewhere (originals.source: path)",
            expected="false, since the weights that they started from are not known",
        )
