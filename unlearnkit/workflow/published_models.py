"""Models that were published on the hub: which shards of which populations they are, and what determines these.

Nothing here asks the hub: what a layout has is declared (`unlearnkit.facts.layouts`), and a job finds out the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from unlearnkit import layout
from unlearnkit.config.models.publication import number_of, published_models
from unlearnkit.registry import ALWAYS_OBSERVED
from unlearnkit.workflow.graph import Graph, Slice


class PublishedGraph:
    """The shards of an experiment whose models are fetched from the hub; all others are trained or given."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sources = graph.experiment.published

    def populations(self, role: str) -> list[str]:
        """Return the populations of a role that are published: "original", or "oracle/<forget set>"."""
        if role not in self.sources:
            return []
        names = [name for name in self.graph.forget_sets if number_of(self.graph.experiment, name) is not None]
        return (
            [layout.ORIGINAL] if role == "original" else [self.graph.path(layout.ORACLE, forget_set=n) for n in names]
        )

    def shards(self, role: str) -> list[str]:
        """Return the shards of a role of which all models are published."""
        return self.graph.shards(self.models(role)) if self.models(role) else []

    def models(self, role: str) -> int:
        """Return how many models of a role are published."""
        return published_models(self.graph.experiment, role)

    def constraints(self, role: str, *, margins: bool = False) -> dict[str, str]:
        """Return the constraints on the wildcards of the rule that fetches weights, or margins, of a role.

        What matches nothing stands where there is nothing to fetch.
        """
        fetched = self.evaluates(role) if margins else True
        names = [population.partition("/")[2] for population in self.populations(role)]
        constraints = {"shard": _any_of(self.shards(role) if fetched else [])}
        return constraints if role == "original" else {**constraints, "forget_set": _any_of(names)}

    def covers(self, population: str, shard: str) -> bool:
        """Return whether the models of a shard of a population are published."""
        role = population.partition("/")[0]
        return population in self.populations(role) and shard in self.shards(role)

    def evaluates(self, role: str) -> bool:
        """Return whether margins of a role are published, too, or made of what is."""
        return role in self.sources and self.sources[role].evaluated != "weights"

    def tested_with(self, observation: str, population: str, shard: str) -> list[str]:
        """Return what published oracles are tested with where their margins are made of their weights, else nothing.

        These are their forget set, and margins of the originals of the same shard.
        """
        role, _, forget_set = population.partition("/")
        evaluated_here = observation == ALWAYS_OBSERVED and role == "oracle" and not self.evaluates(role)
        if not (evaluated_here and self.covers(population, shard)):
            return []
        originals = self.graph.path(layout.margins_of(layout.ORIGINAL), shard=shard)
        return [self.graph.path(layout.FORGET_SET, forget_set=forget_set), originals]

    def weights_slice(self, role: str, wildcards: Mapping[str, str]) -> Slice | None:
        """Return what determines published weights, None if those of these wildcards are not published."""
        population = role if role == "original" else f"{role}/{wildcards.get('forget_set', '')}"
        if not self.covers(population, wildcards.get("shard", "")):
            return None
        stated = self.stated(population)
        del stated["evaluated"]
        source = {"key_map": self.sources[role].key_map, **stated}
        return {"role": role, "model": self.graph.model_slice(), "published": source}

    def margins_slice(self, population: str, shard: str) -> Slice | None:
        """Return what determines margins that are made of published files, None for any other margins."""
        role = population.partition("/")[0]
        if not (self.evaluates(role) and self.covers(population, shard)):
            return None
        return {"role": role, "published": self.stated(population)}

    def observed_slice(self, observation: str, wildcards: Mapping[str, str]) -> Slice | None:
        """Return `margins_slice` by the wildcards of a path, which may have taken a population apart; else None."""
        role, _, rest = wildcards.get("population", "").partition("/")
        population = "/".join(filter(None, (role, wildcards.get("forget_set") or rest)))
        published = observation == ALWAYS_OBSERVED and role in self.sources
        return self.margins_slice(population, wildcards.get("shard", "")) if published else None

    def with_records(self) -> list[str]:
        """Return the files whose records state where originals and oracles come from: their weights.

        Of models that were published with their margins these are the margins, so that no page needs their weights.
        """
        names = self.graph.forget_sets if self.graph.experiment.has_oracles else []
        oracles = [self.graph.path(layout.ORACLE, forget_set=name) for name in names]
        return [
            self.graph.path(
                layout.MARGINS if self.margins_slice(population, shard) else layout.WEIGHTS,
                population=population,
                shard=shard,
            )
            for population in (layout.ORIGINAL, *oracles)
            for shard in self.graph.shards()
        ]

    def stated(self, population: str) -> dict[str, Any]:
        """Return what says where the files of a published population lie, and what of them is read."""
        role, _, forget_set = population.partition("/")
        experiment, source = self.graph.experiment, self.sources[role]
        return {
            "repository": source.repository,
            "revision": source.revision,
            "layout": source.layout,
            "data_set": experiment.data.name,
            "model": experiment.model.name,
            "epoch": experiment.training.epochs - 1,
            "forget_set": number_of(experiment, forget_set) if forget_set else None,
            "evaluated": source.evaluated,
        }


def _any_of(names: list[str]) -> str:
    return "|".join(map(re.escape, names)) or "(?!)"
