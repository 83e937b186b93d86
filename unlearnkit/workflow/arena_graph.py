"""The part of the artifact graph that tries metrics: which can be tried, on which models, and the tables of it."""

from __future__ import annotations

from typing import Any

from unlearnkit import layout
from unlearnkit.config.arena.rules import most_models
from unlearnkit.config.models.rules import fewest_models
from unlearnkit.declarations import declarations
from unlearnkit.registry import ALWAYS_OBSERVED, REGISTRIES, locate
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph

TABLES = ("arena", "sizes")
FORMS = ("parquet", "csv", "md", "svg")


class ArenaGraph:
    """Inputs and parameters of the trials of an experiment and of their tables."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def skipped(self) -> dict[str, str]:
        """Return the metrics that cannot be tried, with the reason."""
        reasons = {name: self._reason(name) for name in REGISTRIES["metric"]}
        return {name: reason for name, reason in reasons.items() if reason}

    def metrics(self) -> list[str]:
        """Return the metrics that are tried: all that are registered and can be."""
        return [name for name in REGISTRIES["metric"] if not self._reason(name)]

    def _reason(self, metric: str) -> str:
        experiment, declared = self.graph.experiment, declarations(locate("metric", metric))
        if getattr(declared, "SCORED_ON", "forget sets") != "forget sets":
            return f"is scored on {declared.SCORED_ON}, and trials draw originals and oracles"
        if not experiment.has_oracles:
            return "trials compare oracles, and there are none (oracles: none)"
        if not self.sizes(metric):
            most, fewest = most_models(experiment), max(2, fewest_models(metric))
            return f"is defined for {fewest} models or more, and the oracles suffice for {most} of each side"
        for name in experiment.reads(metric):
            if name not in experiment.observed and metric not in experiment.metric_settings:
                return f"reads {name}, which the configuration does not ask for"
        return ""

    def sizes(self, metric: str) -> list[int]:
        """Return the numbers of models that a metric is tried on."""
        most, fewest = most_models(self.graph.experiment), max(2, fewest_models(metric))
        chosen = self.graph.experiment.arena.sizes or sorted({most // 8, most // 4, most // 2, most})
        return [size for size in chosen if fewest <= size <= most]

    def selections(self, forget_set: str) -> dict[str, list[tuple[str, range]]]:
        """Return side -> (population folder, model indices): all oracles, all originals, oracles that kept a part."""
        experiment = self.graph.experiment
        oracle, held_out = (
            self.graph.path(population, forget_set=forget_set) for population in (layout.ORACLE, layout.HELD_OUT_ORACLE)
        )
        sides = {"oracle": [(oracle, range(experiment.num_models))]}
        if experiment.held_out_oracles:
            sides["oracle"].append((held_out, range(experiment.held_out_oracles)))
        sides["original"] = [(layout.ORIGINAL, range(experiment.num_models))]
        if part := experiment.arena.kept.get(forget_set):
            sides["kept"] = [(self.graph.path(layout.ORACLE, forget_set=part), range(experiment.num_models))]
        return sides

    def margins(self, forget_set: str) -> list[str]:
        """Return the margin files that trials on a forget set read."""
        return self._observed(ALWAYS_OBSERVED, forget_set)

    def read_by(self, metric: str, forget_set: str) -> list[str]:
        """Return the files of other observations that trials of a metric read."""
        others = self.graph.experiment.reads(metric)[1:]
        return [path for name in others for path in self._observed(name, forget_set)]

    def _observed(self, observation: str, forget_set: str) -> list[str]:
        return [
            path
            for selection in self.selections(forget_set).values()
            for population, models in selection
            for path in self.graph.observed(observation, population, models)
        ]

    def part_file(self, forget_set: str) -> list[str]:
        """Return the file of the forget set that is declared as a part of a forget set."""
        part = self.graph.experiment.arena.kept.get(forget_set)
        return [self.graph.path(layout.FORGET_SET, forget_set=part)] if part else []

    def trials(self) -> list[str]:
        """Return the files with the trials of all metrics that can be tried, on all forget sets."""
        return [
            self.graph.path(layout.TRIALS, metric=metric, forget_set=name)
            for metric in self.metrics()
            for name in self.graph.forget_sets
        ]

    def results(self, table: str) -> list[str]:
        """Return the trials, and the forms of one of the tables of them."""
        return [*self.trials(), *self.forms(table)]

    def forms(self, table: str) -> list[str]:
        """Return the forms of one of the tables: parquet, csv, md, svg."""
        return [self.graph.path(layout.TABLE, table=f"{table}.{form}") for form in FORMS]

    # configuration slices

    def trials_slice(self, metric: str, forget_set: str) -> Slice:
        """What determines the trials of a metric on a forget set."""
        experiment = self.graph.experiment
        arena = experiment.arena.model_dump(mode="json", include={"shares", "trials", "samples"})
        settings: dict[str, Any] = {
            "metric": metric,
            "settings": experiment.settings_of(metric).model_dump(mode="json"),
            "arena": {**arena, "sizes": self.sizes(metric)},
            "sides": {
                side: [[name, models.start, models.stop] for name, models in selection]
                for side, selection in self.selections(forget_set).items()
            },
            **self.graph.value_slice(),
        }
        if read := experiment.read_settings(metric):
            settings["reads"] = read
        return {**settings, **self.graph.evaluated_slice(), **self.graph.seed_slice()}

    def table_slice(self, table: str) -> Slice:
        """What a table of the trials states beside values: which metrics were left out, and why."""
        settings = {"table": table, "metrics": self.metrics(), "skipped": self.skipped()}
        return {**settings, "difference": self.graph.experiment.arena.difference} if table == "sizes" else settings
