"""Rules of forget sets that come after others: what they name, and what can be unlearned one after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unlearnkit.config.blocks import assembles, declared
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.registry import weights_of

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment

MEASURED = ("memorised", "overlap")
"""Kinds that are chosen among all training samples, unlearned ones included, by a job of their own."""


def continual_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield forget sets that come after none, what cannot start from unlearned models, and an unstated reference."""
    after = {name: block.after for name, block in experiment.forget_sets.items() if block.after is not None}
    if not after:
        if experiment.continual is not None:
            yield ConfigError(
                "continual.reference is stated, but no forget set comes after another",
                expected="a forget set with `after`",
                remedy="add `after` to a forget set, or remove `continual`",
            )
        return
    name = next(iter(after))
    if experiment.continual is None:
        yield ConfigError(
            f"forget_sets.{name}.after is '{after[name]}', but continual.reference is not stated: methods that compare "
            "with a reference would change with it",
            expected="continual: {reference: original}, or previous",
        )
    if experiment.unlearned_from == "first":
        yield ConfigError(
            f"unlearned_from is first, but forget_sets.{name}.after is '{after[name]}', whose unlearned models differ",
            expected="unlearned_from: each",
        )
    for name, earlier in after.items():
        yield from _set_problems(experiment, name, earlier)
    yield from _method_problems(experiment)
    yield from _search_problems(experiment, after)


def _set_problems(experiment: Experiment, name: str, earlier: str) -> Iterator[ConfigError]:
    key = f"forget_sets.{name}"
    if earlier == name:
        yield ConfigError(f"{key}.after names the set itself", expected="another forget set, or null")
    elif earlier in experiment.pools:
        yield ConfigError(
            f"{key}.after is '{earlier}', a pool, whose models forget samples of their own",
            expected="a forget set, which all models forget",
        )
    elif earlier not in experiment.forget_sets:
        yield ConfigError(
            f"{key}.after is '{earlier}', which is not a forget set", remedy=suggest(earlier, experiment.forget_sets)
        )
    if (kind := experiment.forget_sets[name].kind) in MEASURED:
        yield ConfigError(
            f"{key}.kind is {kind}, which chooses among all training samples, but {key}.after says that some of them "
            "have been unlearned",
            expected="another kind, or a file of the samples that it would choose",
        )


def _method_problems(experiment: Experiment) -> Iterator[ConfigError]:
    for name, block in experiment.methods.items():
        if why := _unchained(block.method):
            yield ConfigError(
                f"methods.{name}: {block.method} {why}, so no other request can start from its models",
                expected="methods that leave the weights of one model where a forget set has `after`",
                remedy=f"remove methods.{name}, or `after`",
            )


def _unchained(method: str) -> str | None:
    """Return why the models of a method are no start of a further request; None if they are one."""
    plug_in = declared("method", method)
    if assembles(method):
        return "leaves models that are more than one network"
    if weights_of(plug_in) == "delta":
        return "leaves changes of the originals' weights"
    if "attribution" in getattr(plug_in, "NEEDS", ()):
        return "reads what the originals' outputs owe to a forget set"
    return None


def _search_problems(experiment: Experiment, after: dict[str, str]) -> Iterator[ConfigError]:
    for name, search in experiment.searches.items():
        for chained in [forget_set for forget_set in search.forget_sets if forget_set in after]:
            yield ConfigError(
                f"searches.{name}.forget_sets has '{chained}', which comes after '{after[chained]}', but trials start "
                "from originals",
                expected="forget sets without `after`",
                remedy=f"search on '{experiment.chain(chained)[0]}', with which the chain begins",
            )
