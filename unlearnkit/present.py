"""What the present code and configuration would make: to be compared with what a record states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from unlearnkit.attribution_graph import STAGES, AttributionGraph
from unlearnkit.graph import Graph
from unlearnkit.places import ROLES, Place
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
        own = self._settings(place) if self._is_member(place) else None
        return None if own is None else json.loads(json.dumps(own))

    def code(self, place: Place) -> str | None:
        """Return the code fingerprint."""
        if not self._is_member(place):
            return None
        key = (place.stage, *self._plug_in(place))
        if key not in self._fingerprints:
            self._fingerprints[key] = self._code(*key)
        return self._fingerprints[key]

    def _is_member(self, place: Place) -> bool:
        graph, wildcards = self.graph, place.wildcards
        known = {
            "forget_set": graph.forget_sets,
            "variant": graph.variants,
            "metric": graph.metrics,
            "candidate": graph.candidates,
            "attribution": self._attribution.names(place.stage),
        }
        if place.stage in (TEXT_ONLY if self._text is None else ("rows",)):
            return False
        if any(wildcards[key] not in names for key, names in known.items() if key in wildcards):
            return False
        if place.stage in ("datamodel outputs", "gradients"):
            return wildcards["shard"] in self._attribution.shards(wildcards["attribution"])
        held_out = wildcards.get("population", place.stage).startswith("held")
        count = graph.experiment.held_out_oracles if held_out else graph.experiment.num_models
        return "shard" not in wildcards or (count > 0 and wildcards["shard"] in graph.shards(count))

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
            name = own["table"].partition(".")[0]
            return self._page.table_slice(name) if name in ("cost", *graph.metrics) else None
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
