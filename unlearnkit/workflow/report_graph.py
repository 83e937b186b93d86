"""The part of the artifact graph that ends in figures and page: which there are, what they read, what they show."""

from __future__ import annotations

from typing import Any

from unlearnkit import layout
from unlearnkit.config.models.rules import READ_ORACLES, unavailable
from unlearnkit.declarations import declarations
from unlearnkit.registry import REGISTRIES, locate
from unlearnkit.stages import Slice
from unlearnkit.workflow.curve_graph import CurveGraph
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.pool_graph import PoolGraph
from unlearnkit.workflow.pool_scores import PoolScores, on_pools
from unlearnkit.workflow.published_models import PublishedGraph

BASELINES = {"do_nothing", "early_stopped_retrain"}
"""Methods that others are compared with, beside those that read oracles."""
MOST_EXEMPLARS = 8
"""Variants whose margins are drawn: rows of a figure that one can take in at a glance."""


class ReportGraph:
    """Inputs and parameters of the figures and the page of an experiment."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self._on_pools = graph, PoolScores(PoolGraph(graph))

    def figures(self) -> dict[str, tuple[str, str]]:
        """Return the figures of every forget set: name -> (metric, kind), ("", kind) for those of no metric.

        A trade-off needs a headline on forget and on validation samples.
        """
        drawn = {}
        for metric in self.graph.metrics:
            declared = declarations(locate("metric", metric))
            if {"forget", "validation"} <= set(declared.MEASURES[declared.HEADLINE]["splits"]):
                drawn[f"{metric}_trade_off"] = (metric, "trade_off")
            drawn[f"{metric}_distributions"] = (metric, "distributions")
        name = CurveGraph(self.graph).figure()
        curves = {name: ("", "curves")} if name else {}
        return {**drawn, **curves, "margins": ("", "margins")}

    @property
    def is_limited(self) -> bool:
        """Whether there are no oracles, or no distributions over models: a single one of each kind."""
        return not self.graph.experiment.has_oracles or self.graph.unlearned_models() == 1

    def limits_slice(self) -> Slice:
        """What cannot be said where the experiment is limited: the metrics that cannot be computed, with the reason."""
        if not self.is_limited:
            return {}
        experiment = self.graph.experiment
        # a metric that is scored on pools is not missed where nobody asked for pools
        of_interest = [name for name in REGISTRIES["metric"] if experiment.pools or name not in on_pools()]
        reasons = {name: unavailable(experiment, name) for name in of_interest}
        without = {name: why for name, why in reasons.items() if why}
        return {
            "limits": {"oracles": experiment.has_oracles, "models": self.graph.unlearned_models(), "without": without}
        }

    def exemplars(self) -> list[str]:
        """Return the variants whose margins are drawn: the first of every method, MOST_EXEMPLARS at most."""
        first: dict[str, str] = {}
        for name, variant in self.graph.variants.items():
            first.setdefault(variant.method, name)
        return list(first.values())[:MOST_EXEMPLARS]

    def drawn_margins(self, forget_set: str) -> dict[str, list[Any]]:
        """Return candidate -> [population folder, first model, stop] of the margins that are drawn."""
        populations = {"original": layout.ORIGINAL, "oracle": layout.ORACLE}
        if not self.graph.experiment.has_oracles:
            del populations["oracle"]
        return {
            name: [
                self.graph.path(populations.get(name, layout.UNLEARNED), forget_set=forget_set, variant=name),
                0,
                self.graph.unlearned_models(),
            ]
            for name in [*populations, *self.exemplars()]
        }

    def figure_slice(self, forget_set: str) -> Slice:
        """What the figures of a forget set show beside values: which figures, whose margins, each variant's method."""
        return {
            "metrics": self.graph.metrics,
            "figures": self.figures(),
            "margins": self.drawn_margins(forget_set),
            "methods": {name: variant.method for name, variant in self.graph.variants.items()},
            **({"margins_over": "samples"} if self.is_limited else {}),
            **self.graph.value_slice(),
            **self.words_slice(),
        }

    def scores_of(self, forget_set: str) -> dict[str, dict[str, str]]:
        """Return metric -> candidate -> score file of one forget set."""
        return {
            metric: {
                name: self.graph.path(layout.SCORES, metric=metric, forget_set=forget_set, candidate=name)
                for name in self.graph.candidates
            }
            for metric in self.graph.metrics
        }

    def explored_metric(self) -> str | None:
        """Return the metric whose values per sample the page explores; None if there is none.

        It is the first that compares every sample with the oracles', lower being better.
        """
        for name in self.graph.metrics:
            metric = declarations(locate("metric", name))
            headline = metric.MEASURES[metric.HEADLINE]
            fits = metric.NEEDS_ORACLE and metric.AXIS == "samples" and headline["direction"] == "lower"
            if fits and {"forget"} <= {*headline["splits"]}:
                return name
        return None

    def explored_scores(self) -> dict[str, dict[str, str]]:
        """Return forget set -> candidate -> score file of `explored_metric`; nothing without such a metric."""
        metric = self.explored_metric()
        if metric is None or not self.graph.variants:
            return {}
        return {name: self.scores_of(name)[metric] for name in self.graph.forget_sets}

    def tokenizer(self) -> list[str]:
        """Return the tokenizer that turns forgotten sequences into texts; none of images."""
        return [self.graph.path(layout.TOKENIZER)] if self.words_slice() and self.explored_metric() else []

    def contenders(self) -> list[str]:
        """Return the variants that may be called best: no baselines, and none whose method reads oracles.

        Of single models there are none: a difference between two of them may be chance.
        """
        if self.graph.unlearned_models() == 1:
            return []
        return [
            name
            for name, variant in self.graph.variants.items()
            if variant.method not in BASELINES and not READ_ORACLES & {*self.graph.needs(name)}
        ]

    def margin_files(self, forget_set: str) -> list[str]:
        """Return the margin files that `drawn_margins` lie in."""
        return [
            path
            for population, first, stop in self.drawn_margins(forget_set).values()
            for path in self.graph.margins(population, range(first, stop), forget_set)
        ]

    def curve_files(self, forget_set: str) -> dict[str, list[str]]:
        """Return "original" and "oracle" -> the files with their learning curves; nothing where none are drawn."""
        return CurveGraph(self.graph).files(forget_set)

    def provenance_records(self) -> list[str]:
        """Return the provenance records that the page condenses: data, forget sets, models and scores."""
        models = PublishedGraph(self.graph).with_records()
        for name in self.graph.forget_sets:
            if count := self.graph.experiment.held_out_oracles:
                models += self.graph.weights(layout.HELD_OUT_ORACLE, count, forget_set=name)
        scores = [path for graph in (self.graph, self._on_pools) for path in _scores(graph)]
        sets = [self.graph.path(layout.FORGET_SET, forget_set=name) for name in self.graph.forget_sets]
        records = map(layout.provenance, [self.graph.path(layout.DATASET), *sets, *models, *scores])
        return list(dict.fromkeys([*records, *self.cost_records()]))

    def cost_records(self) -> list[str]:
        """Return the provenance records that costs are read from: of all variants, and of oracles that were trained."""
        retrained = [(layout.ORACLE, "oracle")] if self.graph.experiment.oracles.source == "train" else []
        populations = [*retrained, *((layout.UNLEARNED, variant) for variant in self.graph.variants)]
        count = self.graph.unlearned_models()
        return [
            layout.provenance(path)
            for forget_set in self.graph.forget_sets
            for pattern, name in populations
            for path in self.graph.weights(pattern, count, forget_set=forget_set, variant=name)
        ]

    def words_slice(self) -> Slice:
        """What samples are, for those who write about them; nothing for images."""
        return {} if self.graph.experiment.task == "image" else {"task": self.graph.experiment.task}

    def table_slice(self, table: str) -> Slice:
        """What a table shows beside values: of a metric its settings, too."""
        if table == "cost":
            return self.words_slice()
        settings = self.graph.experiment.settings_of(table).model_dump(mode="json")
        stated = {**self.graph.experiment.stated(table), **self.words_slice(), **self.tuned_slice()}
        return {"metric": table, "settings": settings, **stated}

    def table_code(self, table: str) -> str:
        """Fingerprint of making a table; of the metric, too, if that draws conclusions from all rows."""
        if table == "cost":
            return self.graph.code("cost")
        module = locate("metric", table)
        concludes = "conclude" in vars(declarations(module))["__defined__"]
        return self.graph.code("table", *([module] if concludes else []))

    def report_slice(self) -> Slice:
        """What the report says about the experiment as a whole."""
        graph = self.graph
        given = {f"{role}s" for role in (*graph.experiment.given, *graph.experiment.published)}
        left_out = {
            "execution",
            "methods",
            "metrics",
            "observations",
            "arena",
            "searches",
            "originals",
            "oracles",
            "attacks",
            "durability",
        } - given
        return graph.experiment.model_dump(mode="json", exclude=left_out) | {
            "data": self.described_data(),
            "model": graph.model_slice(),
            "variants": {name: graph.unlearning_slice(name) for name in graph.variants},
            "metrics": {
                name: settings.model_dump(mode="json") for name, settings in graph.experiment.metric_settings.items()
            },
            **self.limits_slice(),
            **self.words_slice(),
            **self.tuned_slice(),
        }

    def tuned_slice(self) -> Slice:
        """Forget sets that variants were tuned on: variant -> forget sets; nothing without searches."""
        tuned = {name: list(on) for name in self.graph.variants if (on := self.graph.experiment.tuned_on(name))}
        return {"tuned_on": tuned} if tuned else {}

    def described_data(self) -> Slice:
        """What the data set is, without where its files lie."""
        if self.graph.experiment.task == "image":
            return self.graph.dataset_slice()
        block = self.graph.experiment.data.model_dump(mode="json", exclude={"root": True, "tokenizer": {"folder"}})
        if block["pairs"] is None:
            del block["pairs"]
        return block


def _scores(scores: Graph | PoolScores) -> list[str]:
    """Return the score files of all metrics that are computed."""
    return [path for metric in scores.metrics for path in scores.score_files(metric, layout.SCORES)]
