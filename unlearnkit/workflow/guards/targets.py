"""Targets of a command: does the experiment have what they name?"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.places import place_of_path
from unlearnkit.registry import REGISTRIES
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.guards.asked import Asked
from unlearnkit.workflow.present import Present


def refuse_unknown(asked: Asked, graph: Graph, configuration: Mapping[str, Any]) -> None:
    """Raise ConfigError, with the nearest name, for a target that is neither a rule nor a file of the experiment.

    A metric or observation that is asked for and not configured is checked like a configured one.
    """
    present = Present(graph)
    plug_ins = set()
    for name in [*asked.targets, *asked.others]:
        rules = asked.target_rules if name in asked.targets else asked.rules
        path, absolute = os.path.relpath(name), Path(name).is_absolute()
        if name not in rules and (absolute or not Path(path).is_file()):
            _refuse_unknown(name if absolute or "/" not in name else path, present, rules)
        place = place_of_path(path)
        plug_ins.add(place.wildcards.get("metric", place.stage) if place else name.removesuffix("_all"))
    added = {
        "metrics": plug_ins & {*REGISTRIES["metric"]} - {*graph.experiment.metric_settings},
        "observations": plug_ins & {*present.observations.names} - {*graph.experiment.observed},
    }
    if any(added.values()):
        more = {key: {**configuration.get(key, {}), **{name: {} for name in added[key]}} for key in added}
        load_experiment({**configuration, **more})


def _refuse_unknown(target: str, present: Present, rules: Collection[str]) -> None:
    """Raise ConfigError unless `target` is the path of an artifact of the experiment, or of its record."""
    folder = present.graph.path(layout.ROOT)
    place = place_of_path(target) or place_of_path(target.removesuffix(".json"))
    if place is None or not target.startswith(f"{folder}/"):
        known = {*rules, *present.graph.results(*present.graph.metrics), present.graph.path(layout.REPORT)}
        near = difflib.get_close_matches(os.path.relpath(target), known, n=1, cutoff=0.6)
        raise ConfigError(
            f"'{target}' is not a target of the experiment {present.graph.experiment.experiment}",
            expected=f"{_summary(rules)}, or the path of an artifact below {folder}/ (docs/results.md lists them)",
            remedy=f"did you mean '{near[0]}'?" if near else None,
        )
    if unknown := present.unknown(place):
        what, value, names = unknown
        raise ConfigError(
            f"'{target}' is not an artifact of the experiment, which has no {what} '{value}'",
            remedy=suggest(value, names),
        )


def _summary(rules: Collection[str]) -> str:
    """Return the names of rules, those of metrics and observations by their pattern: there are dozens of either."""
    patterns = {f"{name}_all": f"{kind.upper()}_all" for kind in ("metric", "observation") for name in REGISTRIES[kind]}
    return ", ".join(dict.fromkeys(patterns.get(rule, rule) for rule in rules))
