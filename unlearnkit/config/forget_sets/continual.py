"""Requests that come one after another: forget sets with `after`, and what their methods compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from unlearnkit.config.settings import Settings


class Continual(Settings):
    """Forget sets that are unlearned one after another."""

    reference: Literal["original", "previous"] = Field(
        description="the reference of methods that have one (KL, NPO, DPO, ...), original: the original model, for all "
        "requests; previous: the model that the request before has left"
    )


def chain_of(after: Mapping[str, str | None], forget_set: str) -> tuple[str, ...]:
    """Return a forget set and those before it, the first one first, up to a name that is unknown or comes again.

    `after` is forget set -> the one before it.
    """
    chain = [forget_set]
    while (earlier := after.get(chain[0])) in after and earlier is not None and earlier not in chain:
        chain.insert(0, earlier)
    return tuple(chain)
