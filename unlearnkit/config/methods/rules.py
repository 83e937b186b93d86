"""Rules of the variants: grids, names, snapshots, what a method's own settings refuse, and what it needs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from unlearnkit import registry
from unlearnkit.config.attributions.rules import unknown_attribution
from unlearnkit.config.blocks import MethodBlock, declared, own_settings
from unlearnkit.config.methods.settings_files import file_problems
from unlearnkit.config.methods.variants import axes, combinations, last_epoch, spelled
from unlearnkit.config.names import LONGEST_NAME, VALUE_PATTERN
from unlearnkit.config.problems import from_validation
from unlearnkit.config.rules import refusal, whole_shards
from unlearnkit.config.wording import shown
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.layout import REFERENCE_CANDIDATES

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment

OF_FORGET_SETS = {"held_out_oracles", "oracle_pool", "attribution"}
"""What methods need that is made for one forget set of all models: neither pools nor searches provide it."""


def variant_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield what is wrong with the entries of `methods`, one by one and together."""
    names: Counter[str] = Counter()
    for name, block in experiment.methods.items():
        if why := refusal(block.method, experiment.model.name):
            yield ConfigError(
                f"methods.{name}: {why}", remedy=f"choose a model with convolutions, or remove methods.{name}"
            )
        yield from view_problems(experiment, f"methods.{name}", block.method)
        yield from _token_problems(experiment, f"methods.{name}", block.method)
        key = f"methods.{name}"
        problems = [*file_problems(key, block), *_grid_problems(key, block), *_order_problems(key, block)]
        yield from problems
        if not problems:
            yield from _combination_problems(experiment, name, block)
            names.update(variant for variant, _ in combinations(name, block))
    yield from _name_problems(names)


def view_problems(experiment: Experiment, key: str, method: str) -> Iterator[ConfigError]:
    """Yield the named sets that a method reads and the data set does not provide."""
    data_set = experiment.data.name
    found = (registry.PARTNERS,) if experiment.task == "text" else ()
    provided = (*found, *provided_views(data_set))
    for view in registry.views_of(declared("method", method)):
        if view not in provided:
            yield ConfigError(
                f"{key}: {method} reads the set '{view}', which data set '{data_set}' does not provide",
                expected=f"a set that it provides ({suggest(view, provided)})",
                remedy=f"choose another data set, or remove {key}",
            )


def _token_problems(experiment: Experiment, key: str, method: str) -> Iterator[ConfigError]:
    """Yield a method that reads text beside data that come as tokens, of which the text is not known."""
    tokenised = getattr(declared("data set", experiment.data.name), "TOKENISED", False)
    if tokenised and "tokenizer" in getattr(declared("method", method), "NEEDS", ()):
        yield ConfigError(
            f"{key}: {method} compares texts, but data set '{experiment.data.name}' comes as tokens",
            expected="a data set with a tokenizer",
            remedy=f"choose another data set, or remove {key}",
        )


def provided_views(data_set: str) -> tuple[str, ...]:
    """Return the named sets, beside retain and forget, that a data set provides."""
    return ("validation", *registry.views_of(declared("data set", data_set)))


def _grid_problems(key: str, block: MethodBlock) -> Iterator[ConfigError]:
    plain = own_settings(block)
    for setting, values in axes(block).items():
        if setting in plain:
            yield ConfigError(f"{key}.grid.{setting} is set beside {key}.{setting}", remedy="keep one of the two")
        for text, count in Counter(map(spelled, values)).items():
            if not re.fullmatch(VALUE_PATTERN, text):
                yield ConfigError(
                    f"{key}.grid.{setting} has the value {shown(text)}, which cannot be part of a variant's name",
                    expected="letters, digits, '_' and '-'",
                    remedy=f"write one variant per value, with {setting} as a plain setting",
                )
            elif count > 1:
                yield ConfigError(
                    f"{key}.grid.{setting} has the value {text} {count} times", expected="every value once"
                )


def _order_problems(key: str, block: MethodBlock) -> Iterator[ConfigError]:
    if any(later <= earlier for earlier, later in pairwise(block.snapshots or ())):
        given = list(block.snapshots or ())
        yield ConfigError(
            f"{key}.snapshots is {given}", expected=f"rising epochs without repeats, {sorted(set(given))}"
        )


def _combination_problems(experiment: Experiment, name: str, block: MethodBlock) -> Iterator[ConfigError]:
    settings_class = declared("method", block.method).Settings
    for variant, values in combinations(name, block):
        try:
            settings = settings_class.model_validate(values)
        except ValidationError as error:
            yield from from_validation(error, settings_class, ("methods", variant))
        else:
            key = f"methods.{variant}"
            yield from _snapshot_problems(key, block, last_epoch(block.method, settings, experiment.training.epochs))
            yield from _class_problems(key, settings, experiment.num_classes)
            yield from _layer_problems(key, settings, experiment.model)
            yield from _reference_problems(experiment, key, block.method, settings)


def _snapshot_problems(key: str, block: MethodBlock, last: int | None) -> Iterator[ConfigError]:
    snapshots: tuple[Any, ...] = block.snapshots or ()
    if snapshots and last is None:
        yield ConfigError(f"{key}.snapshots is set, but method '{block.method}' has no epochs", remedy="remove it")
    elif last is not None and max(snapshots, default=last) > last:
        yield ConfigError(
            f"{key}.snapshots has epoch {max(snapshots)}, past the last epoch of method '{block.method}'",
            expected=f"epochs from 1 to {last}",
        )


def _class_problems(key: str, settings: Any, num_classes: int) -> Iterator[ConfigError]:
    classes = getattr(settings, "classes", None)
    if isinstance(classes, int) and classes > num_classes:
        yield ConfigError(
            f"{key}.classes is {classes}, but the data set has {num_classes} classes",
            expected=f"at most {num_classes}",
            remedy=f"set it to {num_classes}, which is all of them",
        )


def _layer_problems(key: str, settings: Any, model: Any) -> Iterator[ConfigError]:
    """Yield a block that the model does not have, where its settings say how many it has."""
    layer, layers = getattr(settings, "layer", None), getattr(model, "layers", None)
    if isinstance(layer, int) and isinstance(layers, int) and layer >= layers:
        yield ConfigError(
            f"{key}.layer is {layer}, but the last block of model '{model.name}' is {layers - 1}",
            expected=f"a block from 0 to {layers - 1}",
        )


def _reference_problems(experiment: Experiment, key: str, method: str, settings: Any) -> Iterator[ConfigError]:
    """Yield a pool of more held-out oracles than there are, and an attribution that is not there."""
    needs = getattr(declared("method", method), "NEEDS", ())
    pool = settings.oracle_pool if "oracle_pool" in needs else range(0)
    if pool.stop > experiment.held_out_oracles:
        yield ConfigError(
            f"{key} draws from the held-out oracles {pool.start} to {pool.stop - 1}, but held_out_oracles is "
            f"{experiment.held_out_oracles}",
            expected=f"at least {pool.stop}",
            remedy=f"raise held_out_oracles to {whole_shards(pool.stop, experiment.shard_size)}, or lower `pool`",
        )
    if "attribution" in needs:
        yield from unknown_attribution(key, settings.attribution, experiment.attributions)


def _name_problems(names: Counter[str]) -> Iterator[ConfigError]:
    for name, count in names.items():
        if name in REFERENCE_CANDIDATES:
            yield ConfigError(
                f"methods.{name} has a reserved name", expected=f"any but {', '.join(REFERENCE_CANDIDATES)}"
            )
        if count > 1:
            yield ConfigError(
                f"methods: {count} variants are called '{name}'", remedy="rename the entry or change its grid"
            )
        if len(name) > LONGEST_NAME:
            yield ConfigError(
                f"methods: the variant '{name}' has a name of {len(name)} characters",
                expected=f"at most {LONGEST_NAME}, since it names a file",
                remedy="shorten the name of the entry or its grid",
            )
