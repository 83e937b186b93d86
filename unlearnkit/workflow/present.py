"""What the present code and configuration would make: to be compared with what a record states."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from unlearnkit import layout
from unlearnkit.places import ROLES, Place
from unlearnkit.registry import METRICS
from unlearnkit.workflow.attribution_graph import STAGES, AttributionGraph
from unlearnkit.workflow.graph import Graph, Slice
from unlearnkit.workflow.pool_graph import PoolGraph
from unlearnkit.workflow.report_graph import ReportGraph
from unlearnkit.workflow.text_graph import TextGraph

Wildcards = Mapping[str, str]


class Present:
    """Settings and code that a graph gives the artifacts of every place; None for places that are not in it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._page = ReportGraph(graph)
        self._attribution = AttributionGraph(graph)
        self._pools = PoolGraph(graph)
        self._made = self._table()

    def settings(self, place: Place) -> Slice | None:
        """Return the settings slice, as JSON would hold it."""
        if self.unknown(place):
            return None
        return json.loads(json.dumps(self._made[place.stage][0](place.wildcards)))

    def code(self, place: Place) -> str | None:
        """Return the code fingerprint."""
        return None if self.unknown(place) else self._made[place.stage][1](place.wildcards)

    def _table(self) -> dict[str, tuple[Callable[[Wildcards], Slice], Callable[[Wildcards], str]]]:
        """Return stage -> the functions that give the settings and the code of an artifact, by its wildcards."""
        graph, page, attribution, pools = self.graph, self._page, self._attribution, self._pools
        images = (lambda w: graph.dataset_slice(), lambda w: graph.data_code("dataset"))
        unlearned = (lambda w: graph.unlearning_slice(w["variant"]), lambda w: graph.unlearning_code(w["variant"]))
        score = (
            lambda w: graph.score_slice(w["metric"], w["forget_set"], w["candidate"]),
            lambda w: graph.score_code(w["metric"]),
        )
        made: dict[str, Any] = {
            "data": images,
            "rows": images,
            "forget sets": (lambda w: graph.forget_set_slice(w["forget_set"]), lambda w: graph.code("forget_set")),
            "membership": (lambda w: pools.membership_slice(w["pool"]), lambda w: graph.code("membership")),
            "pools": (lambda w: pools.training_slice(w["pool"]), lambda w: graph.model_code("train")),
            "unlearned": unlearned,
            "curves": (lambda w: graph.training_slice(w["population"]), lambda w: graph.model_code("train")),
            "margins": (
                lambda w: unlearned[0](w) if "variant" in w else graph.margins_slice(),
                lambda w: unlearned[1](w) if "variant" in w else graph.model_code("margins"),
            ),
            "scores": score,
            "summaries": score,
            "tables": (
                lambda w: page.table_slice(w["table"].partition(".")[0]),
                lambda w: graph.code("cost" if w["table"].startswith("cost.") else "table"),
            ),
            "figures": (lambda w: page.figure_slice(w["forget_set"]), lambda w: graph.code("figures")),
            "report": (lambda w: page.report_slice(), lambda w: page.page_code()),
        }
        for stage in ("originals", "oracles", "held-out oracles"):
            made[stage] = (lambda w, role=ROLES[stage]: graph.training_slice(role), lambda w: graph.model_code("train"))
        for stage in STAGES:
            made[stage] = (
                lambda w, stage=stage: attribution.slice_of(stage, w.get("attribution", "")),
                lambda w, stage=stage: attribution.code(stage, w.get("attribution", "")),
            )
        if graph.experiment.task == "text":
            text = TextGraph(graph)
            tokens = (lambda w: text.tokens_slice(), lambda w: graph.data_code("tokens"))
            made |= dict.fromkeys(("tokenizer", "training tokens", "validation tokens"), tokens)
            made["data"] = (lambda w: text.dataset_slice(), lambda w: graph.data_code("text_dataset"))
            made["units"] = (lambda w: {}, lambda w: graph.code("units"))
            made["forget sets"] = (made["forget sets"][0], lambda w: graph.code("unit_forget_set"))
        return made

    def unknown(self, place: Place) -> tuple[str, str, list[str]] | None:
        """Return what the graph does not have of a place, its value, and the values that it has; None if it has all."""
        own = place.wildcards
        if place.task not in ("", self.graph.experiment.task):
            return "stage", place.stage, [*self._made]
        for key, names in self._known(place).items():
            if key in own and own[key] not in names:
                return key.replace("_", " "), own[key], names
        return None

    def _known(self, place: Place) -> dict[str, list[str]]:
        """Return wildcard -> the values that it has in the graph."""
        graph, experiment = self.graph, self.graph.experiment
        attributions, attribution = self._attribution.names(place.stage), place.wildcards.get("attribution")
        pools, pool = self._pools.names(place.stage), place.wildcards.get("pool")
        held_out = place.wildcards.get("population", place.stage).startswith("held")
        count = experiment.held_out_oracles if held_out else experiment.num_models
        shards = layout.shard_names(count, experiment.shard_size)
        shards = self._attribution.shards(attribution) if attribution in attributions else shards
        shards = self._pools.shards(pool) if pool in pools else shards
        return {
            "forget_set": graph.forget_sets,
            "variant": [*graph.variants],
            "metric": [*METRICS],
            "candidate": graph.candidates,
            "attribution": attributions,
            "output": self._attribution.outputs(),
            "table": [f"{table}.{suffix}" for table in ("cost", *METRICS) for suffix in ("parquet", "csv", "md")],
            "figure": [*self._page.figures()],
            "pool": pools,
            "shard": shards,
        }
