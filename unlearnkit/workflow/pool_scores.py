"""The part of the artifact graph that scores metrics on pools, whose models forget samples of their own."""

from __future__ import annotations

import itertools

from unlearnkit import layout
from unlearnkit.config.blocks import declared
from unlearnkit.config.pools.sizes import draws_of, source_of
from unlearnkit.registry import ALWAYS_OBSERVED, POOLS, REGISTRIES, locate, scored_on
from unlearnkit.stages import Slice
from unlearnkit.workflow.pool_graph import PoolGraph


class PoolScores:
    """Inputs and parameters of scores on pools: what `Graph` is for scores on forget sets, under the same names.

    The name of a pool stands where a forget set's name does.
    """

    def __init__(self, pools: PoolGraph) -> None:
        self._pools, self.graph = pools, pools.graph
        self.metrics = self.graph.experiment.metrics_on(POOLS)
        self.forget_sets = pools.forgetting()

    @property
    def candidates(self) -> list[str]:
        """The models before they forget, retrained models, and the variants that can be applied to a pool."""
        references = [name for name in self.graph.candidates if name in layout.REFERENCE_CANDIDATES]
        return [*references, *self._pools.variants()]

    def selection(self, metric: str, side: str, pool: str, candidate: str) -> list[tuple[str, range]]:
        """Return (population folder, model indices) of a side of a score: "candidate" or "oracle", all of the pool."""
        models, fill = range(self._pools.models(pool)), {"forget_set": pool, "variant": candidate}
        if side == "oracle":
            needed = declared("metric", metric).NEEDS_ORACLE
            return [(self.graph.path(layout.ORACLE, **fill), models)] if needed else []
        if candidate == "original":
            source = source_of(self._pools.pools, pool)
            return [(self.graph.path(layout.POOL, pool=source), range(self._pools.models(source)))]
        return [(self.graph.path(layout.ORACLE if candidate == "oracle" else layout.UNLEARNED, **fill), models)]

    def score_margins(self, metric: str, side: str, pool: str, candidate: str) -> list[str]:
        """Return the margin files that one side of a score reads."""
        return [
            path
            for population, models in self.selection(metric, side, pool, candidate)
            for path in self.graph.observed(ALWAYS_OBSERVED, population, models)
        ]

    def membership(self, pool: str) -> list[str]:
        """Return the files that state what the models of a pool are trained on and forget."""
        return [self.graph.path(layout.MEMBERSHIP, pool=pool, shard=shard) for shard in self._pools.shards(pool)]

    def score_slice(self, metric: str, pool: str, candidate: str) -> Slice:
        """The metric's settings, which models it compares, and how many of them come from one."""
        sides = {
            side: [[name, models.start, models.stop] for name, models in self.selection(metric, side, pool, candidate)]
            for side in ("candidate", "oracle")
        }
        settings = self.graph.experiment.settings_of(metric).model_dump(mode="json")
        stated = {"metric": metric, "settings": settings, **sides, "draws": draws_of(self._pools.pools, pool)}
        return {**stated, **self.graph.seed_slice()}

    def score_code(self, metric: str) -> str:
        """Fingerprint of computing and summarising a metric."""
        return self.graph.code("score_pool", locate("metric", metric))

    def score_files(self, metric: str, pattern: str = layout.SUMMARY) -> list[str]:
        """Return the score (or summary) files of a metric over all pools whose models forget, and candidates."""
        pairs = itertools.product(self.forget_sets, self.candidates)
        return [self.graph.path(pattern, metric=metric, forget_set=pool, candidate=name) for pool, name in pairs]

    def results(self, *metrics: str) -> list[str]:
        """Return the margins, scores and summaries of some metrics, and their tables, each file once."""
        scored = itertools.product(metrics, ("candidate", "oracle"), self.forget_sets, self.candidates)
        margins = itertools.chain.from_iterable(itertools.starmap(self.score_margins, scored))
        kinds = (layout.SCORES, layout.SUMMARY)
        scores = [path for metric in metrics for kind in kinds for path in self.score_files(metric, kind)]
        return [*dict.fromkeys(margins), *scores, *(path for metric in metrics for path in self.graph.tables(metric))]


def on_pools() -> list[str]:
    """Return the registered metrics that are scored on pools."""
    return [name for name in REGISTRIES["metric"] if scored_on(declared("metric", name)) == POOLS]
