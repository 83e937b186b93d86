"""Who judges answers, for the observation judged: kind -> module (contract: `unlearnkit.observations.judges`)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

JUDGES: Mapping[str, str] = MappingProxyType(
    {
        "heuristic": "unlearnkit.observations.judges.heuristic",
        "local": "unlearnkit.observations.judges.local",
        "endpoint": "unlearnkit.observations.judges.endpoint",
    }
)


def load_judge(kind: str) -> ModuleType:
    """Import and return the module of a judge."""
    return importlib.import_module(JUDGES[kind])
