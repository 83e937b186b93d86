"""The plug-ins from outside of this package that this process knows: those that its configuration names.

Processes that it starts know them, too, by a variable of the environment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

KINDS = ("method", "metric", "observation", "data set", "model", "attack")
"""What a plug-in may be."""

OUTSIDE = "UNLEARNKIT_PLUG_INS"
"""The variable of the environment by which the processes of a job know the plug-ins from outside of this package."""

outside: Mapping[str, dict[str, str]] = {
    kind: dict(json.loads(os.environ.get(OUTSIDE, "{}")).get(kind, {})) for kind in KINDS
}
"""Kind -> name -> module."""

loaded: dict[tuple[str, str], str] = {}
"""(kind, name) -> module of those that this process has imported."""


def adopt(plug_ins: Mapping[str, Mapping[str, str]]) -> None:
    """Make kind -> name -> module the plug-ins from outside, in this process and in all that it starts."""
    for kind, names in outside.items():
        names.clear()
        names.update(plug_ins.get(kind, {}))
    os.environ[OUTSIDE] = json.dumps({kind: names for kind, names in outside.items() if names})


def from_outside() -> Iterator[tuple[str, str, str]]:
    """Yield (kind, name, module) of the plug-ins from outside that are known."""
    yield from ((kind, name, module) for kind, names in outside.items() for name, module in names.items())


def loaded_from_outside() -> Iterator[tuple[str, str, str]]:
    """Yield (kind, name, module) of the plug-ins from outside that this process has imported."""
    yield from ((*which, module) for which, module in loaded.items())
