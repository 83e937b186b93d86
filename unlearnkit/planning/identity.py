"""How close a record is to a job: keys from what they have in common, from the closest to the farthest."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any

from unlearnkit.planning.basis import Basis
from unlearnkit.planning.records import START
from unlearnkit.registry import REGISTRIES

Keys = tuple[tuple[Basis, Hashable], ...]


def keys_of(kind: str, rule: str, settings: Mapping[str, Any], threads: int) -> Keys:
    """Return the keys of a part of a job (`Record.parts`) with the given parameters (`settings` of its rule).

    Records of one key have one rate, in seconds per unit.
    """
    model = as_key(model_of(settings))
    method, metric = settings.get("method", settings.get("attack")), settings.get("metric")
    if kind == START:
        what = method or metric or settings.get("kind")
        # a base has no model in its parameters, but comes from somewhere
        exact = (rule, what, model, as_key(settings.get("source")))
        levels = [(Basis.MEASURED, exact), (Basis.SETTINGS, (rule, model)), (Basis.SETTINGS, rule)]
    elif kind == "scoring":
        exact = (metric, as_key(settings["settings"]))
        levels = [(Basis.MEASURED, exact), (Basis.SETTINGS, metric), (Basis.KINDS, "")]
    elif kind in REGISTRIES["observation"]:
        levels = [(Basis.MEASURED, (model, threads)), (Basis.SETTINGS, model), (Basis.MODELS, "")]
    else:
        how = as_key({key: settings.get(key) for key in ("settings", "training")})
        exact, other = (method, how, model, threads), (method, model)
        levels = [(Basis.MEASURED, exact), (Basis.SETTINGS, other), (Basis.KINDS, model), (Basis.MODELS, "")]
    return tuple((basis, (kind, key)) for basis, key in levels)


def model_of(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return name and settings of the model in the parameters of a rule, nothing if it has none."""
    # rule margins has the model itself as its settings
    return settings.get("model") or (settings if "name" in settings else {})


def as_key(value: Any) -> str:
    """Return a text that is the same for equal settings."""
    return json.dumps(value, sort_keys=True, default=list)
