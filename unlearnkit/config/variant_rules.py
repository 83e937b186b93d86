"""Rules of the variants: grids, names, snapshots and what a method's own settings refuse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from unlearnkit.config.blocks import MethodBlock, declared, own_settings
from unlearnkit.config.names import LONGEST_NAME, VALUE_PATTERN
from unlearnkit.config.problems import from_validation
from unlearnkit.config.settings import MethodSettings
from unlearnkit.config.variants import axes, combinations, last_epoch, spelled
from unlearnkit.config.wording import shown
from unlearnkit.errors import ConfigError
from unlearnkit.layout import REFERENCE_CANDIDATES


def variant_problems(
    methods: Mapping[str, MethodBlock], training_epochs: int, num_classes: int
) -> Iterator[ConfigError]:
    """Yield what is wrong with the entries of `methods`, one by one and together."""
    names: Counter[str] = Counter()
    for name, block in methods.items():
        problems = [*_grid_problems(f"methods.{name}", block), *_order_problems(f"methods.{name}", block)]
        yield from problems
        if not problems:
            yield from _combination_problems(name, block, training_epochs, num_classes)
            names.update(variant for variant, _ in combinations(name, block))
    yield from _name_problems(names)


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


def _combination_problems(
    name: str, block: MethodBlock, training_epochs: int, num_classes: int
) -> Iterator[ConfigError]:
    settings_class = declared("method", block.method).Settings
    for variant, values in combinations(name, block):
        try:
            settings = settings_class.model_validate(values)
        except ValidationError as error:
            yield from from_validation(error, settings_class, ("methods", variant))
        else:
            yield from _snapshot_problems(
                f"methods.{variant}", block, last_epoch(block.method, settings, training_epochs)
            )
            yield from _class_problems(f"methods.{variant}", settings, num_classes)


def _snapshot_problems(key: str, block: MethodBlock, last: int | None) -> Iterator[ConfigError]:
    snapshots: tuple[Any, ...] = block.snapshots or ()
    if snapshots and last is None:
        yield ConfigError(f"{key}.snapshots is set, but method '{block.method}' has no epochs", remedy="remove it")
    elif last is not None and max(snapshots, default=last) > last:
        yield ConfigError(
            f"{key}.snapshots has epoch {max(snapshots)}, past the last epoch of method '{block.method}'",
            expected=f"epochs from 1 to {last}",
        )


def _class_problems(key: str, settings: MethodSettings, num_classes: int) -> Iterator[ConfigError]:
    classes = getattr(settings, "classes", None)
    if isinstance(classes, int) and classes > num_classes:
        yield ConfigError(
            f"{key}.classes is {classes}, but the data set has {num_classes} classes",
            expected=f"at most {num_classes}",
            remedy=f"set it to {num_classes}, which is all of them",
        )


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
