"""What the present code and configuration would make: to be compared with what a record states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from unlearnkit import layout
from unlearnkit.attribution_graph import STAGES, AttributionGraph
from unlearnkit.graph import Graph
from unlearnkit.places import ROLES, Place
from unlearnkit.places import STAGES as ALL_STAGES
from unlearnkit.registry import METRICS
from unlearnkit.report_graph import ReportGraph
from unlearnkit.text_graph import STAGES as TEXT_STAGES
from unlearnkit.text_graph import TextGraph

TEXT_ONLY = tuple(stage for stage in TEXT_STAGES if stage not in ("data", "forget sets"))


class Present:
    """Settings and code that a graph gives the artifacts of every place; None for places that are not in it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._page = ReportGraph(graph)
        self._attribution = AttributionGraph(graph)
        self._text = TextGraph(graph) if graph.experiment.task == "text" else None
        self._fingerprints: dict[tuple[str, ...], str | None] = {}

    def settings(self, place: Place) -> Mapping[str, Any] | None:
        """Return the settings slice, as JSON would hold it."""
        own = None if self.unknown(place) else self._settings(place)
        return None if own is None else json.loads(json.dumps(own))

    def code(self, place: Place) -> str | None:
        """Return the code fingerprint."""
        if self.unknown(place):
            return None
        key = (place.stage, *self._plug_in(place))
        if key not in self._fingerprints:
            self._fingerprints[key] = self._code(*key)
        return self._fingerprints[key]

    def unknown(self, place: Place) -> tuple[str, str, list[str]] | None:
        """Return what the graph does not have of a place, its value, and the values that it has; None if it has all."""
        own = place.wildcards
        foreign = ("rows",) if self._text else (*TEXT_ONLY, "curves")
        if place.stage in foreign:
            return "stage", place.stage, [stage for stage in ALL_STAGES if stage not in foreign]
        known = {**self._known(place), "shard": self._shards(place)}
        for key, names in known.items():
            if key in own and own[key] not in names:
                return key.replace("_", " "), own[key], names
        return None

    def _known(self, place: Place) -> dict[str, list[str]]:
        """Return wildcard -> the values that it has in the graph."""
        graph = self.graph
        suffixes = ("parquet", "csv", "md")
        return {
            "forget_set": graph.forget_sets,
            "variant": [*graph.variants],
            "metric": [*METRICS],
            "candidate": graph.candidates,
            "attribution": self._attribution.names(place.stage),
            "output": self._attribution.outputs(),
            "table": [f"{table}.{suffix}" for table in ("cost", *METRICS) for suffix in suffixes],
            "figure": [*self._page.figures()],
        }

    def _shards(self, place: Place) -> list[str]:
        if place.stage in ("datamodel outputs", "gradients"):
            return self._attribution.shards(place.wildcards["attribution"])
        experiment = self.graph.experiment
        held_out = place.wildcards.get("population", place.stage).startswith("held")
        return layout.shard_names(
            experiment.held_out_oracles if held_out else experiment.num_models, experiment.shard_size
        )

    def _settings(self, place: Place) -> Mapping[str, Any] | None:
        graph, own, stage = self.graph, place.wildcards, place.stage
        if stage in STAGES:
            return self._attribution.slice_of(stage, own.get("attribution", ""))
        if self._text is not None and stage in TEXT_STAGES and stage != "forget sets":
            return self._text.slice_of(stage)
        if place.is_weights and stage != "unlearned":
            return graph.training_slice(ROLES[stage])
        if stage == "curves":
            return graph.training_slice(own["population"])
        if stage == "margins":
            return graph.unlearning_slice(own["variant"]) if "variant" in own else graph.margins_slice()
        if stage == "tables":
            return self._page.table_slice(own["table"].partition(".")[0])
        by_stage = {
            "data": graph.dataset_slice,
            "rows": graph.dataset_slice,
            "forget sets": lambda: graph.forget_set_slice(own["forget_set"]),
            "unlearned": lambda: graph.unlearning_slice(own["variant"]),
            "figures": lambda: self._page.figure_slice(own["forget_set"]),
            "report": self._page.report_slice,
        }
        if stage in by_stage:
            return by_stage[stage]()
        return graph.score_slice(own["metric"], own["forget_set"], own["candidate"])

    def _plug_in(self, place: Place) -> tuple[str, ...]:
        own = place.wildcards
        if place.stage == "tables":
            return (own["table"].partition(".")[0],)
        return tuple(own[key] for key in ("variant", "metric", "attribution") if key in own)

    def _code(self, stage: str, plug_in: str = "") -> str | None:
        graph = self.graph
        if stage in STAGES:
            return self._attribution.code(stage, plug_in)
        if self._text is not None and stage in TEXT_STAGES:
            return self._text.code_of(stage)
        if stage == "margins" and plug_in:
            return graph.unlearning_code(plug_in)
        if stage == "tables":
            return graph.code("cost" if plug_in == "cost" else "table")
        by_stage = {
            "data": graph.dataset_code,
            "rows": graph.dataset_code,
            "forget sets": lambda: graph.code("forget_set"),
            "unlearned": lambda: graph.unlearning_code(plug_in),
            "margins": graph.margins_code,
            "scores": lambda: graph.score_code(plug_in),
            "summaries": lambda: graph.score_code(plug_in),
            "figures": lambda: graph.code("figures"),
            "report": self._page.page_code,
        }
        return by_stage.get(stage, graph.training_code)()
