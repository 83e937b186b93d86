"""Rules of searches: a method that can be searched, models and forget sets that are there, variants that use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from unlearnkit import registry
from unlearnkit.config.blocks import MethodBlock, declared, own_settings
from unlearnkit.config.methods.rules import OF_FORGET_SETS, view_problems
from unlearnkit.config.problems import from_validation
from unlearnkit.config.rules import refusal, whole_shards
from unlearnkit.config.searches.budgets import budget_problems
from unlearnkit.config.searches.search import Search
from unlearnkit.config.searches.spaces import is_whole, spaces_of
from unlearnkit.config.searches.tuned import with_chosen_settings
from unlearnkit.declarations import declarations
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.facts.search_space import LENGTHS, draw
from unlearnkit.registry import OBJECTIVES

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def search_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield what is wrong with the entries of `searches`, and with the entries of `methods` that use them."""
    for name, search in experiment.searches.items():
        key = f"searches.{name}"
        references = [*_reference_problems(experiment, key, search)]
        problems = [*_method_problems(experiment, key, search)] or [*_space_problems(experiment, key, search)]
        yield from [*references, *problems] or budget_problems(experiment, key, search)
    for name, block in experiment.methods.items():
        if block.tuned_by is not None:
            yield from _tuned_problems(experiment, f"methods.{name}", block, block.tuned_by)


def _reference_problems(experiment: Experiment, key: str, search: Search) -> Iterator[ConfigError]:
    for name in search.forget_sets:
        if name not in experiment.forget_sets:
            yield ConfigError(
                f"{key}.forget_sets has '{name}', which is not among forget_sets",
                remedy=suggest(name, experiment.forget_sets),
            )
            continue
        same = [other for other, block in experiment.forget_sets.items() if block == experiment.forget_sets[name]]
        for other in sorted({*same} - {*search.forget_sets}):
            yield ConfigError(
                f"{key}.forget_sets has '{name}', which holds the same samples as '{other}': settings would be tuned "
                "on what is reported without a mark",
                remedy=f"give one of them another seed or size, or name both in {key}.forget_sets",
            )
    if search.objective not in OBJECTIVES:
        yield ConfigError(
            f"{key}.objective is {search.objective}, which is unknown", remedy=suggest(search.objective, OBJECTIVES)
        )
    elif declarations(OBJECTIVES[search.objective]).NEEDS_ORACLE and not experiment.has_oracles:
        yield ConfigError(
            f"{key}.objective is {search.objective}, which compares with oracles, but there are none",
            expected="oracle_free",
        )
    if search.models_read > experiment.num_models:
        enough = whole_shards(search.models_read, experiment.shard_size)
        yield ConfigError(
            f"{key} has {search.seeds} seeds of {search.models} models, but num_models is {experiment.num_models}",
            expected=f"at least {search.models_read}",
            remedy=f"raise num_models to {enough}, or lower {key}.seeds",
        )


def _method_problems(experiment: Experiment, key: str, search: Search) -> Iterator[ConfigError]:
    """Yield a method that does not exist, is for other models or data, or reads what trials do not provide."""
    methods = registry.REGISTRIES["method"]
    if search.method not in methods:
        yield ConfigError(f"{key}.method is {search.method}, which is unknown", remedy=suggest(search.method, methods))
        return
    method = declared("method", search.method)
    if experiment.task not in registry.tasks_of(method):
        yield ConfigError(f"{key}.method is {search.method}, which is not for images", expected="a method for images")
        return
    if why := refusal(search.method, experiment.model.name):
        yield ConfigError(f"{key}: {why}", remedy=f"choose a model with convolutions, or remove {key}")
    if needs := OF_FORGET_SETS & {*method.NEEDS}:
        yield ConfigError(
            f"{key}.method is {search.method}, which reads {' and '.join(sorted(needs))}, and trials provide none",
            expected="a method that reads no oracle and no attribution",
        )
    yield from view_problems(experiment, key, search.method)


def _space_problems(experiment: Experiment, key: str, search: Search) -> Iterator[ConfigError]:
    """Yield settings that the method does not have or take, and a search that has nothing to try."""
    settings_class = declared("method", search.method).Settings
    known = settings_class.model_fields
    for part, names in (("fixed", search.fixed), ("space", search.space)):
        for name in names:
            if name not in known:
                yield ConfigError(
                    f"{key}.{part}.{name} is not a setting of {search.method}", remedy=suggest(name, known)
                )
    for name in search.fixed.keys() & search.space.keys():
        yield ConfigError(f"{key}.fixed.{name} is set beside {key}.space.{name}", remedy="keep one of the two")
    if not {*search.fixed, *search.space} <= known.keys():
        return
    for name, block in search.space.items():
        bounds = [bound for bound in (block.low, block.high) if bound is not None]
        if is_whole(known[name].annotation) and (block.log or any(bound != int(bound) for bound in bounds)):
            yield ConfigError(
                f"{key}.space.{name} has a log scale or a fraction, but {name} takes whole numbers",
                expected="whole numbers without log, or choices",
            )
    spaces = spaces_of(search)
    if not spaces:
        yield ConfigError(
            f"{key} has nothing to search: {search.method} declares no space"
            + " that is not fixed" * bool(search.fixed),
            remedy=f"add {key}.space, or remove {key}",
        )
    ends = [draw(spaces, dict.fromkeys(spaces, at), experiment.training.epochs, search.fixed) for at in (0.0, 1.0)]
    refused = dict.fromkeys(words for end in ends for words in _refused(settings_class, search.fixed, end))
    yield from (ConfigError(f"{key}{words}") for words in refused)


def _refused(settings_class: Any, fixed: Mapping[str, Any], drawn: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the method refuses of the settings at one end of the space."""
    try:
        settings_class.model_validate({**fixed, **drawn})
    except ValidationError as error:
        for problem in from_validation(error, settings_class):
            where = ".fixed." if str(problem).split()[0] in fixed else ": at an end of the space, "
            yield f"{where}{problem}"


def _tuned_problems(experiment: Experiment, key: str, block: MethodBlock, name: str) -> Iterator[ConfigError]:
    search = experiment.searches.get(name)
    if search is None:
        remedy = suggest(name, experiment.searches) if experiment.searches else f"add searches.{name}"
        yield ConfigError(f"{key}.tuned_by is {name}, which is not among searches", remedy=remedy)
        return
    if search.method != block.method:
        yield ConfigError(
            f"{key}.tuned_by is {name}, which searches settings of {search.method}, but {key}.method is {block.method}",
            expected="one method",
        )
        return
    made = with_chosen_settings({"experiment": experiment.experiment, "methods": {"": {"tuned_by": name}}})
    if block.settings_file != made["methods"][""]["settings_file"]:
        yield ConfigError(f"{key}.settings_file is set beside {key}.tuned_by", remedy="keep one of the two")
    searched = {*search.fixed, *spaces_of(search)}
    grid = getattr(block, "grid", None)
    for setting in sorted(searched & {*own_settings(block), *(grid.model_fields_set if grid else ())}):
        yield ConfigError(
            f"{key}.{setting} is set, but searches.{name} says what it is", remedy=f"remove {key}.{setting}"
        )
    if block.snapshots and searched & {*LENGTHS}:
        yield ConfigError(
            f"{key}.snapshots is set, but searches.{name} says how long {block.method} runs",
            remedy=f"remove {key}.snapshots: models are evaluated after the last epoch",
        )
