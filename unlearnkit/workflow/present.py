"""What the present code and configuration would make: to be compared with what a record states."""

from __future__ import annotations

import json

from unlearnkit import layout
from unlearnkit.places import Place
from unlearnkit.registry import REGISTRIES
from unlearnkit.stages import STAGES, Slice, Wildcards, stage_of
from unlearnkit.workflow.arena_graph import FORMS, TABLES, ArenaGraph
from unlearnkit.workflow.attack_graph import TABLE as DURABILITY
from unlearnkit.workflow.attack_graph import AttackGraph
from unlearnkit.workflow.attribution_graph import AttributionGraph
from unlearnkit.workflow.base_graph import BaseGraph, JudgeBase
from unlearnkit.workflow.continual_graph import TABLE as SUSTAINABILITY
from unlearnkit.workflow.continual_graph import ContinualGraph
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.harness_graph import TABLE as HARNESS
from unlearnkit.workflow.harness_graph import HarnessGraph
from unlearnkit.workflow.leaderboard_graph import LeaderboardGraph
from unlearnkit.workflow.observation_graph import ObservationGraph
from unlearnkit.workflow.partner_graph import PartnerGraph
from unlearnkit.workflow.pool_graph import PoolGraph
from unlearnkit.workflow.pool_scores import PoolScores, on_pools
from unlearnkit.workflow.published_models import PublishedGraph
from unlearnkit.workflow.report_graph import ReportGraph
from unlearnkit.workflow.search_graph import SearchGraph
from unlearnkit.workflow.site_graph import SiteGraph
from unlearnkit.workflow.stops_graph import TABLE as STOPS
from unlearnkit.workflow.stops_graph import StopsGraph
from unlearnkit.workflow.text_graph import TextGraph

OF_POOLS = {"unlearned", "oracles", "oracle"}
"""Stages of weights, and populations that are observed, which a pool may have in place of a forget set."""


class Present:
    """Settings and code that a graph gives the artifacts of every place; None for places that are not in it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.base, self.judge = BaseGraph(graph), JudgeBase(graph)
        self.text = TextGraph(graph) if graph.experiment.task == "text" else None
        self.partners, self.stops = PartnerGraph(graph), StopsGraph(graph)
        self.published = PublishedGraph(graph)
        self.attribution = AttributionGraph(graph)
        self.page = ReportGraph(graph)
        self.site = SiteGraph(self.page)
        self.leaderboard = LeaderboardGraph(self.page)
        self.pools = PoolGraph(graph)
        self.continual = ContinualGraph(graph)
        self.pool_scores = PoolScores(self.pools)
        self.observations = ObservationGraph(graph)
        self.harness = HarnessGraph(self.observations)
        self.attacks = AttackGraph(graph)
        self.arena = ArenaGraph(graph)
        self.searches = SearchGraph(graph)

    def scores(self, metric: str) -> Graph | PoolScores:
        """Return the part of the graph that scores a metric: on forget sets, or on pools."""
        return self.pool_scores if metric in on_pools() else self.graph

    def settings(self, place: Place) -> Slice | None:
        """Return the settings slice, as JSON would hold it."""
        return None if self.unknown(place) else json.loads(json.dumps(self.slice_of(place.stage, place.wildcards)))

    def code(self, place: Place) -> str | None:
        """Return the code fingerprint."""
        return None if self.unknown(place) else self.code_of(place.stage, place.wildcards)

    def slice_of(self, stage: str, wildcards: Wildcards) -> Slice:
        """Return the settings slice of an artifact that the graph has."""
        return stage_of(stage).settings(self, wildcards)

    def code_of(self, stage: str, wildcards: Wildcards) -> str:
        """Return the code fingerprint of an artifact that the graph has."""
        return stage_of(stage).code(self, wildcards)

    def table_slice(self, table: str) -> Slice:
        """Return the settings slice of a table: of a metric, costs, trials, requests in a row, attacks, or tasks."""
        if table in (SUSTAINABILITY, DURABILITY):
            return (self.continual if table == SUSTAINABILITY else self.attacks).table_slice()
        if table == STOPS:
            return self.stops.table_slice()
        if table == HARNESS:
            return self.harness.table_slice()
        return self.arena.table_slice(table) if table in TABLES else self.page.table_slice(table)

    def table_code(self, table: str) -> str:
        """Return the code fingerprint of a table."""
        if table in (SUSTAINABILITY, DURABILITY, STOPS):
            return self.graph.code(table)
        if table == HARNESS:
            return self.graph.code("harness_table")
        return self.graph.code("trials_table") if table in TABLES else self.page.table_code(table)

    def unknown(self, place: Place) -> tuple[str, str, list[str]] | None:
        """Return what the graph does not have of a place, its value, and the values that it has; None if it has all."""
        wildcards = place.wildcards
        absent = place.is_observation and place.stage not in self.observations.names
        if absent or place.task not in ("", self.graph.experiment.task):
            return "stage", place.stage, [*STAGES, *self.observations.names]
        for key, names in self._known(place).items():
            if key in wildcards and wildcards[key] not in names:
                pool = key == "variant" and wildcards["forget_set"] in self.pools.pools
                return "variant for pools" if pool else key.replace("_", " "), wildcards[key], names
        return None

    def _known(self, place: Place) -> dict[str, list[str]]:
        """Return wildcard -> the values that it has in the graph."""
        graph, experiment = self.graph, self.graph.experiment
        attributions, attribution = self.attribution.names(place.stage), place.wildcards.get("attribution")
        # a pool may stand where a forget set does, as the name of what its models are to forget
        forgetting = self.pools.forgetting() if {place.stage, place.wildcards.get("population")} & OF_POOLS else []
        pools = self.pools.names(place.stage)
        pool = place.wildcards.get("pool", place.wildcards.get("forget_set"))
        metrics = [*REGISTRIES["metric"]]
        held_out = layout.HELD_OUT in (place.wildcards.get("population"), place.wildcards.get("candidate"))
        held_out = held_out or place.stage == "held-out oracles"
        count = experiment.held_out_oracles if held_out else experiment.num_models
        shards = layout.shard_names(count, experiment.shard_size)
        shards = self.attribution.shards(attribution) if attribution in attributions else shards
        shards = self.pools.shards(pool) if pool in (*pools, *forgetting) else shards
        scores, asking = self.scores(place.wildcards.get("metric", "")), self.continual.names
        return {
            "forget_set": asking if place.stage == "requests" else [*scores.forget_sets, *forgetting],
            "variant": self.pools.variants() if pool in forgetting else [*graph.variants],
            "metric": metrics,
            "attack": self.attacks.with_files(place.stage),
            "candidate": self.attacks.folders() if "attack" in place.wildcards else scores.candidates,
            "attribution": attributions,
            "output": self.attribution.outputs(),
            "task": [*self.harness.tasks],
            "table": [
                *(f"{table}.{form}" for table in ("cost", *metrics) for form in ("parquet", "csv", "md")),
                *(f"{table}.{form}" for table in TABLES for form in FORMS),
                *(path.rpartition("/")[2] for path in self.continual.results()),
                *(path.rpartition("/")[2] for path in (*self.attacks.forms(), *self.stops.results())),
                *(f"{HARNESS}.{form}" for form in ("parquet", "csv", "md") if self.harness.tasks),
            ],
            "figure": [*self.page.figures()],
            "page": self.site.pages(),
            "pool": pools,
            "search": [*self.searches.names],
            "seed": self.searches.seeds(place.wildcards.get("search", "")),
            "shard": shards,
        }
