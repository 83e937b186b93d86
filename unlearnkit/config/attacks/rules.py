"""Rules of attacks: what the data, the model and the variants of an experiment allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unlearnkit.config.blocks import asks_otherwise, assembles, attack_settings, declared
from unlearnkit.config.methods.rules import provided_views
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.layout import HELD_OUT
from unlearnkit.registry import FORGET_SETS, views_of

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def attack_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield attacks that the data or the model does not allow, and what durability names and cannot compare."""
    if not experiment.attacks:
        if experiment.durability.metrics or experiment.durability.variants:
            yield ConfigError(
                "durability says what attacked models are compared by, but there is no attack",
                expected="attacks: {NAME: {attack: quantise}}, for example",
                remedy="add one, or remove durability",
            )
        return
    for name, block in experiment.attacks.items():
        yield from _attack_problems(experiment, f"attacks.{name}", block.attack, attack_settings(block))
    yield from _metric_problems(experiment)
    yield from _variant_problems(experiment)


def _attack_problems(experiment: Experiment, key: str, attack: str, settings: Any) -> Iterator[ConfigError]:
    plug_in = declared("attack", attack)
    if asks_otherwise(attack) and not experiment.has_pairs:
        yield ConfigError(
            f"{key}: {attack} changes prompts, but data set '{experiment.data.name}' is plain text, which has none",
            expected="a data set of questions and answers",
            remedy=f"remove {key}; token_relearn, token_fine_tune, quantise and prune attack models of any text",
        )
    provided = provided_views(experiment.data.name)
    for view in views_of(plug_in):
        if view not in provided:
            yield ConfigError(
                f"{key}: {attack} reads the set '{view}', which data set '{experiment.data.name}' does not provide",
                expected=f"a set that it provides ({suggest(view, provided)})",
                remedy=f"remove {key}",
            )
    items = getattr(settings, "items", None)
    for name in experiment.forget_sets:
        size = experiment.planned_size(name)
        if isinstance(items, int) and size is not None and items > size:
            yield ConfigError(
                f"{key}.items is {items}, but forget_sets.{name} has {size}",
                expected=f"at most {size}; the fewer, the more is left that may come back",
            )


def _metric_problems(experiment: Experiment) -> Iterator[ConfigError]:
    known = experiment.metrics_on(FORGET_SETS)
    for name in experiment.durability.metrics or ():
        if name in experiment.metric_settings and name not in known:
            yield ConfigError(
                f"durability.metrics names {name}, which is scored on pools, and attacks are made on forget sets",
                expected=f"some of {', '.join(known)}",
            )
        elif name not in known:
            yield ConfigError(
                f"durability.metrics names '{name}', which is not one of the metrics to compute",
                expected=f"some of {', '.join(known)}",
                remedy=f"add it to metrics ({{}} for its defaults), or {suggest(name, known)}",
            )


def _variant_problems(experiment: Experiment) -> Iterator[ConfigError]:
    if HELD_OUT in experiment.variants:
        yield ConfigError(f"methods.{HELD_OUT} has a name that attacked held-out oracles have", remedy="rename it")
    for name in experiment.durability.variants or ():
        if name not in experiment.variants:
            yield ConfigError(
                f"durability.variants names '{name}', which is no variant", remedy=suggest(name, experiment.variants)
            )
        elif assembles(method := experiment.variants[name].method):
            yield ConfigError(
                f"durability.variants names {name}, but {method} leaves models that are more than one network, whose "
                "weights no attack can take for those of one model",
                expected="variants whose models are one network each",
                remedy="remove it from the list",
            )
