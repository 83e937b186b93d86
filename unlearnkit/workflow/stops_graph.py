"""The part of the artifact graph that shows when runs stopped which judge single sequences between their epochs."""

from __future__ import annotations

import re

from unlearnkit import layout
from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph

TABLE = "stops"
FORMS = ("parquet", "csv", "md", "svg")


class StopsGraph:
    """Inputs and parameters of the table `stops`, and which variants have a stop file beside their weights."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        methods = {name: declarations(locate("method", variant.method)) for name, variant in graph.variants.items()}
        self.variants = [name for name, method in methods.items() if getattr(method, "STOPS", False)]

    def pattern(self) -> str:
        """Return the variants with a stop file as a regular expression."""
        return "|".join(map(re.escape, self.variants)) or "(?!)"

    def files(self) -> list[str]:
        """Return the stop files of all variants on all forget sets."""
        return [
            self.graph.path(layout.STOPS, forget_set=name, variant=variant, shard=shard)
            for name in self.graph.forget_sets
            for variant in self.variants
            for shard in self.graph.shards(self.graph.unlearned_models())
        ]

    def results(self) -> list[str]:
        """Return the forms of the table; nothing if no variant has a stop file."""
        return [self.graph.path(layout.TABLE, table=f"{TABLE}.{form}") for form in FORMS] if self.variants else []

    def table_slice(self) -> Slice:
        """Which variants the table shows."""
        return {"table": TABLE, "forget_sets": self.graph.forget_sets, "variants": self.variants}
