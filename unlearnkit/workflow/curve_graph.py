"""The part of the artifact graph that ends in figures of learning curves: whether there are any, and of what."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.workflow.graph import Graph

DRAWN = {"original": layout.ORIGINAL, "oracle": layout.ORACLE}
"""Populations whose curves are drawn."""


class CurveGraph:
    """The curves of originals and oracles of an experiment."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._of_images = graph, graph.experiment.task == "image"

    def figure(self) -> str | None:
        """Return the name of the figure, None if there are no curves to draw.

        They are of models that are trained here. Weights of images that an earlier version trained have none, and are
        not trained again only to draw how training went, whether or not they were deleted since.
        """
        experiment = self._graph.experiment
        if {experiment.originals.source, experiment.oracles.source} != {"train"}:
            return None
        if not self._of_images:
            return "loss_curves"
        pairs = ((layout.ORIGINAL, ""), *((layout.ORACLE, name) for name in self._graph.forget_sets))
        recorded = (self._are_recorded(population, name) for population, name in pairs)
        return "curves" if all(recorded) else None

    def files(self, forget_set: str) -> dict[str, list[str]]:
        """Return "original" and "oracle" -> the files with their curves; nothing where none are drawn."""
        if self.figure() is None:
            return {}
        return {name: self._paths(population, forget_set) for name, population in DRAWN.items()}

    def _paths(self, population: str, forget_set: str) -> list[str]:
        pattern, shards = layout.curves_of(population), self._graph.shards()
        return [self._graph.path(pattern, shard=shard, forget_set=forget_set) for shard in shards]

    def _are_recorded(self, population: str, forget_set: str) -> bool:
        # the record stays where weights are deleted to save space
        weights = self._graph.weights(population, forget_set=forget_set)
        pairs = zip(self._paths(population, forget_set), weights, strict=True)
        return all(
            Path(curves).exists() or not Path(layout.provenance(weight_file)).exists() for curves, weight_file in pairs
        )
