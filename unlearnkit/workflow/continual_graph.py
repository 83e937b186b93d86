"""The part of the artifact graph in which requests to forget come one after another: a chain of forget sets."""

from __future__ import annotations

import re

from unlearnkit import layout
from unlearnkit.seeds import derive_seed
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.pool_graph import PoolGraph

TABLE = "sustainability"
FORMS = ("parquet", "csv", "md", "svg")


class ContinualGraph:
    """Inputs and parameters of forget sets that come after others, and of what is unlearned at each request."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self._pools = graph, PoolGraph(graph)
        self._after = {name: block.after for name, block in graph.experiment.forget_sets.items() if block.after}

    @property
    def names(self) -> list[str]:
        """The forget sets that come after others."""
        return [*self._after]

    def pattern(self) -> str:
        """Return the names of the forget sets that come after others, as a regular expression."""
        return "|".join(map(re.escape, self._after)) or "(?!)"

    def own_rows(self, forget_set: str) -> str:
        """Return the file with the rows that a forget set asks for itself."""
        return self.graph.path(
            layout.REQUEST if forget_set in self._after else layout.FORGET_SET, forget_set=forget_set
        )

    def earlier(self, forget_set: str) -> list[str]:
        """Return the file with the rows of all requests before a forget set, if it comes after others."""
        if forget_set not in self._after:
            return []
        return [self.graph.path(layout.FORGET_SET, forget_set=self._after[forget_set])]

    def start(self, forget_set: str, variant: str, shard: str) -> list[str]:
        """Return the weight files that a shard is unlearned from: of the request before, of a pool, or originals."""
        if forget_set not in self._after:
            return self._pools.start(forget_set, shard)
        wildcards = {"forget_set": self._after[forget_set], "variant": variant, "shard": shard}
        return [self.graph.path(layout.weights_of(layout.UNLEARNED), **wildcards)]

    def reference(self, forget_set: str, shard: str) -> list[str]:
        """Return the originals if methods compare with them and start from other models."""
        continual = self.graph.experiment.continual
        if forget_set not in self._after or continual is None or continual.reference == "previous":
            return []
        return [self.graph.path(layout.weights_of(layout.ORIGINAL), shard=shard)]

    # the table of what metrics show after each request

    def chains(self) -> list[list[str]]:
        """Return the forget sets of every chain in the order of their requests; the first has no `after`."""
        continued = {*self._after.values()}
        return [[*self.graph.experiment.chain(name)] for name in self._after if name not in continued]

    def _members(self) -> list[str]:
        """The forget sets of all chains, each once."""
        return list(dict.fromkeys(name for chain in self.chains() for name in chain))

    def forget_sets(self) -> list[str]:
        """Return the files of the forget sets of all chains."""
        return [self.graph.path(layout.FORGET_SET, forget_set=name) for name in self._members()]

    def scores(self) -> list[str]:
        """Return the score files of all metrics and candidates on the forget sets of all chains."""
        return [
            self.graph.path(layout.SCORES, metric=metric, forget_set=name, candidate=candidate)
            for metric in self.graph.metrics
            for candidate in self.graph.candidates
            for name in self._members()
        ]

    def results(self) -> list[str]:
        """Return the forms of the table; nothing if no forget set comes after another."""
        return [self.graph.path(layout.TABLE, table=f"{TABLE}.{form}") for form in FORMS] if self._after else []

    def table_slice(self) -> Slice:
        """Which requests follow each other."""
        return {
            "table": TABLE,
            "chains": self.chains(),
            "after": {name: self._after.get(name) for name in self._members()},
        }

    # configuration slices and code fingerprints

    def forget_set_slice(self, forget_set: str) -> Slice:
        """How a forget set is chosen; one that comes after others is made of its own rows and theirs."""
        if forget_set not in self._after:
            return self.graph.forget_set_slice(forget_set)
        experiment = self.graph.experiment
        divided = getattr(experiment, "divides_documents", False)
        size = None if divided else experiment.train_size
        return {"after": self._after[forget_set], "train_size": size}

    def unlearning_slice(self, forget_set: str, variant: str) -> Slice:
        """What determines a variant's models beside the models they start from, data, and what they forget."""
        return {**self._pools.unlearning_slice(forget_set, variant), **self._request_slice(forget_set)}

    def _request_slice(self, forget_set: str) -> Slice:
        """Which request of a chain a forget set is, with a base seed of its own: no two requests draw alike."""
        if forget_set not in self._after:
            return {}
        experiment, request = self.graph.experiment, len(self.graph.experiment.chain(forget_set))
        seed = derive_seed(experiment.seed, "unlearned", request, "request")
        block = experiment.continual.model_dump(mode="json") if experiment.continual else {}
        return {"continual": {"request": request, **block, "seed": seed}}
