"""How close a record is to a job: keys from what they have in common, from the closest to the farthest."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any

from unlearnkit.planning.basis import Basis

Keys = tuple[tuple[Basis, Hashable], ...]


def work_keys(kind: str, settings: Mapping[str, Any], threads: int) -> Keys:
    """Return the keys of a kind of work of a job with the given parameters (`settings` of its rule).

    Records of one key have one rate, in seconds per unit.
    """
    if kind == "scoring":
        metric = settings["metric"]
        exact = (kind, metric, as_key(settings["settings"]))
        return ((Basis.MEASURED, exact), (Basis.SETTINGS, (kind, metric)), (Basis.KINDS, kind))
    model = model_key(settings)
    if kind == "margins":
        return ((Basis.MEASURED, (kind, model, threads)), (Basis.SETTINGS, (kind, model)))
    how = {key: settings.get(key) for key in ("settings", "training")}
    method = settings.get("method", "")
    return (
        (Basis.MEASURED, (kind, method, as_key(how), model, threads)),
        (Basis.SETTINGS, (kind, method, model)),
        (Basis.KINDS, (kind, model)),
    )


def fixed_keys(rule: str, settings: Mapping[str, Any]) -> Keys:
    """Return the keys of what a job costs beside its work: start, imports, reading and writing."""
    what, model = settings.get("method") or settings.get("metric") or settings.get("kind"), model_key(settings)
    return ((Basis.MEASURED, (rule, what, model)), (Basis.SETTINGS, (rule, model)), (Basis.SETTINGS, rule))


def model_key(settings: Mapping[str, Any]) -> str:
    """Return what distinguishes models in the parameters of a rule."""
    return as_key(model_of(settings))


def model_of(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return name and settings of the model in the parameters of a rule, nothing if it has none."""
    # rule margins has the model itself as its settings
    return settings.get("model") or (settings if "name" in settings else {})


def as_key(value: Any) -> str:
    """Return a text that is the same for equal settings."""
    return json.dumps(value, sort_keys=True, default=list)
