"""The spaces of a search in plain values, as a slice states them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from unlearnkit.config.blocks import declared
from unlearnkit.config.methods.variants import last_epoch
from unlearnkit.config.searches.search import Range, Search
from unlearnkit.facts.search_space import Known, Space, draw, spaces_from


def spaces_of(search: Search) -> dict[str, Space]:
    """Return the space of every setting that a search tries, in the order in which they are drawn."""
    return spaces_from(declared("method", search.method).Settings.search(), elsewhere(search), search.fixed)


def elsewhere(search: Search) -> dict[str, dict[str, Any]]:
    """Return kind and fields of the spaces that the configuration states itself."""
    known = declared("method", search.method).Settings.model_fields
    # a name that is no setting is refused by the rules, which look at spaces as well
    stated = {name: block for name, block in search.space.items() if name in known}
    return {name: _stated(block, is_whole(known[name].annotation)) for name, block in stated.items()}


def is_whole(annotation: Any) -> bool:
    """Return whether a setting takes whole numbers only."""
    return annotation is int


def _stated(block: Range, whole: bool) -> dict[str, Any]:
    if block.choices is not None:
        return {"kind": "Choice", "values": list(block.choices)}
    if whole:
        return {"kind": "Integers", "low": int(block.low or 0), "high": int(block.high or 0)}
    return {"kind": "LogUniform" if block.log else "Uniform", "low": block.low, "high": block.high}


def described(spaces: Mapping[str, Space], training_epochs: int, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return kind and fields of spaces.

    A bound that depends on what was drawn before stands there as its values after the lowest and the highest draws.
    """
    lowest, highest = (draw(spaces, dict.fromkeys(spaces, at), training_epochs, fixed) for at in (0.0, 1.0))
    known = [{**fixed, **drawn, "training_epochs": training_epochs} for drawn in (lowest, highest)]
    return {name: {"kind": type(space).__name__, **_plain(space, known)} for name, space in spaces.items()}


def costs(search: Search, training_epochs: int) -> list[float]:
    """Return the sample passes that the method states at both ends of the space.

    They are for 1,000 retain and 10 forget samples: a slice states them, since the cost decides which trials are cut.
    """
    settings_class, spaces = declared("method", search.method).Settings, spaces_of(search)
    found = []
    for at in (0.0, 1.0):
        values = {**search.fixed, **draw(spaces, dict.fromkeys(spaces, at), training_epochs, search.fixed)}
        settings = settings_class.model_validate(values)
        found.append(settings.passes(1000, 10, last_epoch(search.method, settings, training_epochs) or 0))
    return found


def _plain(space: Any, known: Sequence[Known]) -> dict[str, Any]:
    values = {field.name: getattr(space, field.name) for field in fields(space)}
    return {name: _bound(value, known) if callable(value) else value for name, value in values.items()}


def _bound(bound: Callable[[Known], Any], known: Sequence[Known]) -> list[Any]:
    return [bound(drawn) for drawn in known]
