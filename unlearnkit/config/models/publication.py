"""What of an experiment is published on the hub: how many models, and under which number a forget set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unlearnkit.config.models.correctness import reads_correctness
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.facts.layouts import LAYOUTS

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment

OURS = "unlearnkit"


def published_models(experiment: Experiment, role: str) -> int:
    """Return how many models of a role ("original", "oracle") come from the hub; 0 if that is not its source."""
    if not (source := experiment.published.get(role)):
        return 0
    stated = _facts(source, "MODELS").get(experiment.data.name, experiment.num_models)
    return min(source.models or stated, experiment.num_models)


def number_of(experiment: Experiment, forget_set: str) -> int | str | None:
    """Return the number of a forget set in the repository of published oracles, of our layout its name.

    None if oracles are not published or that repository has none for it: then they are trained.
    """
    if not (source := experiment.published.get("oracle")):
        return None
    if forget_set in source.forget_sets:
        return source.forget_sets[forget_set]
    if source.layout == OURS:
        return forget_set
    block: Any = experiment.forget_sets[forget_set]
    if block.kind != "easydub" or block.after:
        return None
    data_set, _, number = block.name.partition("/")
    has = int(number) in _facts(source, "FORGET_SETS").get(data_set, ())
    return int(number) if data_set == experiment.data.name and has else None


def without_correctness(experiment: Experiment, metric: str) -> str | None:
    """Return why a metric cannot be computed of published margins, None if it can."""
    alone = [
        f"{role}s"
        for role, block in experiment.published.items()
        if block.layout != OURS and block.evaluated == "margins"
    ]
    if not alone or not reads_correctness(metric):
        return None
    return (
        f"reads whether a label is the first choice, which the published margins of {' and '.join(alone)} leave open "
        "for some samples"
    )


def publication_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield what cannot be taken from the hub as it is configured."""
    for role, source in experiment.published.items():
        yield from _data_problems(experiment, f"{role}s", source)
        yield from _shard_problems(experiment, role)
        yield from _number_problems(experiment, f"{role}s", source)
    if "original" in experiment.published and getattr(experiment.training, "same_initial_weights", False):
        yield ConfigError(
            "training.same_initial_weights is true, but the originals come from the hub (originals.source: published)",
            expected="false, since the weights that they started from are not known",
        )


def _data_problems(experiment: Experiment, key: str, source: Any) -> Iterator[ConfigError]:
    data = experiment.data
    if experiment.task != "image":
        yield ConfigError(
            f"{key}.source is published, but {data.name} holds text",
            expected="a data set of images",
            remedy=f"fetch the weights, and set {key}.source: path",
        )
    elif source.layout == OURS and source.evaluated == "logits":
        yield ConfigError(
            f"{key}.evaluated is logits, which the layout unlearnkit does not have",
            expected="margins, which state for every sample whether the label is the first choice, or weights",
        )
    elif source.layout != OURS:
        split = data.split not in (None, "official")
        part = [name for name in ("train_size", "validation_size") if getattr(data, name)]
        if part or split or experiment.test_size:
            yield ConfigError(
                f"data.{'split' if not part else part[0]} is {data.split if not part else getattr(data, part[0])}, but "
                f"the models of {key}.repository were trained and evaluated on all samples",
                expected="the publisher's own training and validation samples, all of them",
                remedy=f"remove data.{'split' if not part else part[0]}, or set {key}.source: train",
            )


def _shard_problems(experiment: Experiment, role: str) -> Iterator[ConfigError]:
    models, size = published_models(experiment, role), experiment.shard_size
    if models % size:
        first = models // size * size
        yield ConfigError(
            f"{models} {role}s are published, and shard_size is {size}: of the models {first} to {first + size - 1}, "
            f"which are one file, {models - first} would be fetched and {first + size - models} trained",
            expected="shards that are published as a whole or not at all",
            remedy=f"set {role}s.models: {first}" * (first > 0)
            + ", or " * (first > 0)
            + f"choose a shard_size that divides {models}",
        )


def _number_problems(experiment: Experiment, key: str, source: Any) -> Iterator[ConfigError]:
    if key == "originals" and source.forget_sets:
        yield ConfigError("originals.forget_sets is set, but originals have no forget set", remedy="remove it")
    known = _facts(source, "FORGET_SETS").get(experiment.data.name)
    for name, number in source.forget_sets.items():
        if name not in experiment.forget_sets:
            yield ConfigError(f"{key}.forget_sets names '{name}'", remedy=suggest(name, experiment.forget_sets))
        elif number is not None and known is not None and number not in known:
            yield ConfigError(
                f"{key}.forget_sets.{name} is {number}, and there are no oracles of that number",
                expected=f"{min(known)} to {max(known)}, or null",
            )


def _facts(source: Any, name: str) -> dict[str, Any]:
    return getattr(LAYOUTS[source.layout], name) if source.layout in LAYOUTS else {}
