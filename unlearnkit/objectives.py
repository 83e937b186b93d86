"""What searches for settings minimise: name -> module (contract: `unlearnkit.search.objectives`)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

OBJECTIVES: Mapping[str, str] = MappingProxyType(
    {
        "oracle_free": "unlearnkit.search.objectives.oracle_free",
        "deep_unlearn": "unlearnkit.search.objectives.deep_unlearn",
    }
)


def load_objective(name: str) -> ModuleType:
    """Import and return the module of an objective."""
    return importlib.import_module(OBJECTIVES[name])
