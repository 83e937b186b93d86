"""What plug-ins declare, with what holds where they declare nothing; `registry` has all of it, too."""

from __future__ import annotations

from typing import Any

FORGET_SETS, POOLS = "forget sets", "pools"
"""What metrics are scored on: what all models forget, or pools, whose models forget samples of their own."""

PARTNERS = "partners"
"""The set of a method that rule partners makes: for every forget sequence, the retained one that is nearest to it."""


def task_of(plug_in: Any) -> str:
    """Return which task a data set or model is for, by what it declares: "image" unless it says "text"."""
    return getattr(plug_in, "TASK", "image")


def tasks_of(method: Any) -> tuple[str, ...]:
    """Return which tasks a method is for, by what it declares: images unless it says otherwise."""
    return getattr(method, "TASKS", ("image",))


def views_of(plug_in: Any) -> tuple[str, ...]:
    """Return the named sets beside retain and forget that a method reads, or that a data set provides."""
    return getattr(plug_in, "VIEWS", ())


def scored_on(metric: Any) -> str:
    """Return what a metric is scored on, by what it declares: "forget sets" unless it says "pools"."""
    return getattr(metric, "SCORED_ON", FORGET_SETS)


def changes_prompts(attack: Any) -> bool:
    """Return whether an attack asks models in another way, by what it declares; any other one changes their weights."""
    return getattr(attack, "PROMPTS", False)


def weights_of(method: Any) -> str:
    """Return what is stored of the models of a method, by what it declares: "full" unless it says "delta"."""
    return getattr(method, "WEIGHTS", "full")
