"""The part of the artifact graph that ends in the report: its pages, what they link, and what they are made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from unlearnkit import layout
from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.sources import described, is_file, source_path
from unlearnkit.workflow.arena_graph import ArenaGraph
from unlearnkit.workflow.attack_graph import AttackGraph
from unlearnkit.workflow.continual_graph import ContinualGraph
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.pool_graph import PoolGraph
from unlearnkit.workflow.pool_scores import PoolScores
from unlearnkit.workflow.report_graph import ReportGraph
from unlearnkit.workflow.search_graph import SearchGraph

SIDES = {"floor": "oracle", "original": "original"}
"""Side of a curve against the number of models -> candidate."""


class SiteGraph:
    """Pages of an experiment's report: one for every forget set, pool, method and metric, and three of the whole."""

    def __init__(self, page: ReportGraph) -> None:
        self.page, self.graph = page, page.graph
        self.on_pools, self.arena = PoolScores(PoolGraph(page.graph)), ArenaGraph(page.graph)

    def pages(self) -> list[str]:
        """Return the names of the pages (`layout.PAGE`), that of the front page first."""
        named = {
            "forget_sets": self.graph.forget_sets,
            "pools": self.on_pools.forget_sets if self.on_pools.metrics else [],
            "methods": dict.fromkeys(variant.method for variant in self.graph.variants.values()),
            "metrics": self.graph.experiment.metric_settings,
        }
        return [
            layout.FRONT_PAGE,
            layout.PROVENANCE_PAGE,
            *(layout.page_of(kind, name) for kind in layout.PAGE_KINDS for name in named[kind]),
        ]

    def files(self) -> list[str]:
        """Return the paths of all pages."""
        return [self.graph.path(layout.PAGE, page=name) for name in self.pages()]

    def linked_files(self) -> dict[str, list[str]]:
        """Return heading -> artifacts that the report links, as the front page addresses them."""
        metrics = self.graph.experiment.metric_settings
        pairs = ((forget_set, figure) for forget_set in self.graph.forget_sets for figure in self.page.figures())
        files = {
            "Tables": [path for table in ("cost", *metrics) for path in self.graph.tables(table)],
            "Figures": [self.graph.path(layout.FIGURE, forget_set=name, figure=figure) for name, figure in pairs],
            f"Values per {'sequence' if self.page.words_slice() else 'sample'} or model": [
                *score_files(self.graph),
                *score_files(self.on_pools),
            ],
        }
        return self._addressed(files)

    def files_on_request(self) -> dict[str, list[str]]:
        """Return target -> addresses of artifacts that the report names, and does not depend on."""
        searches = SearchGraph(self.graph)
        tables = ("arena", "sizes") if self.arena.metrics() else ()
        page = self.graph.path(layout.LEADERBOARD, leaderboard=layout.LEADERBOARD_FILES["page"])
        pairs = getattr(self.graph.experiment, "has_pairs", False)
        # no target of its own is named after what is neither images nor pairs
        ranking = "tofu_all" if pairs else page if self.page.words_slice() else "vision_all"
        files = {
            "report_all": [self.graph.path(layout.ARTIFACT_GRAPH)],
            ranking: [page],
            **{f"{table}_all": self.arena.forms(table) for table in tables},
            "sustainability_all": ContinualGraph(self.graph).results(),
            "durability_all": AttackGraph(self.graph).forms(),
            "search_all": [path for name in searches.names for path in searches.presented(name)],
        }
        return self._addressed({target: paths for target, paths in files.items() if paths})

    def _addressed(self, listed: Mapping[str, list[str]]) -> dict[str, list[str]]:
        folder = Path(self.graph.path(layout.REPORT)).parent
        return {heading: [os.path.relpath(path, folder) for path in paths] for heading, paths in listed.items()}

    def sizes(self) -> list[str]:
        """Return the table of metrics against the number of models, if the configuration says which numbers."""
        asked = self.graph.experiment.arena.sizes is not None and self.arena.metrics()
        return [self.graph.path(layout.TABLE, table="sizes.parquet")] if asked else []

    def references(self) -> dict[str, dict[str, str]]:
        """Return metric -> side of SIDES -> score file on the first forget set, of metrics of single models.

        From their values follows what fewer models would have shown. Nothing of one model.
        """
        if self.graph.unlearned_models() == 1:
            return {}
        first = next(iter(self.graph.forget_sets))
        of_models = [name for name in self.graph.metrics if declarations(locate("metric", name)).AXIS == "models"]
        scores = self.page.scores_of(first)
        return {
            name: {side: scores[name][who] for side, who in SIDES.items() if who in scores[name]} for name in of_models
        }

    def documented(self) -> dict[str, dict[str, list[str]]]:
        """Return "method" and "metric" -> name -> what its docstrings say, which the report shows."""
        return {
            kind: {name: described(module) for name, module in modules.items()}
            for kind, modules in self._used().items()
        }

    def modules(self) -> dict[str, dict[str, str]]:
        """Return "method" and "metric" -> name -> the module it is in, of a file its name."""
        return {
            kind: {name: Path(module).name if is_file(module) else module for name, module in modules.items()}
            for kind, modules in self._used().items()
        }

    def _used(self) -> dict[str, dict[str, str]]:
        used = {
            "method": dict.fromkeys(variant.method for variant in self.graph.variants.values()),
            "metric": self.graph.experiment.metric_settings,
        }
        return {kind: {name: locate(kind, name) for name in names} for kind, names in used.items()}

    def code(self) -> str:
        """Fingerprint of making the report, its templates, style and script included."""
        return f"{self.graph.code('report')} {_templates()}"

    def graph_code(self) -> str:
        """Fingerprint of drawing the artifact graph."""
        return f"{self.graph.code('artifact_graph')} {_templates()}"


def score_files(scores: Graph | PoolScores) -> list[str]:
    """Return the score files of all metrics that are computed."""
    return [path for metric in scores.metrics for path in scores.score_files(metric, layout.SCORES)]


def _templates() -> str:
    folder = source_path("unlearnkit.report.site").with_name("templates")
    parts = b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.name != "leaderboard.html")
    return hashlib.sha256(parts).hexdigest()[:16]
