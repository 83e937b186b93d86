"""The part of the artifact graph that ends in the leaderboard: who is ranked, by what, and under which protocol."""

from __future__ import annotations

import hashlib

from unlearnkit import layout
from unlearnkit.config.models.rules import READ_ORACLES
from unlearnkit.sources import source_path
from unlearnkit.stages import Slice
from unlearnkit.workflow.report_graph import BASELINES, ReportGraph


class LeaderboardGraph:
    """Inputs and parameters of the leaderboard of an experiment."""

    def __init__(self, page: ReportGraph) -> None:
        self.page, self.graph = page, page.graph

    def files(self) -> dict[str, str]:
        """Return json, csv, markdown, page and figure -> path."""
        return {
            name: self.graph.path(layout.LEADERBOARD, leaderboard=file)
            for name, file in layout.LEADERBOARD_FILES.items()
        }

    def tables(self) -> list[str]:
        """Return the tables that are ranked by: one per metric."""
        metrics = self.graph.experiment.metric_settings
        return [self.graph.path(layout.TABLE, table=f"{metric}.parquet") for metric in metrics]

    def outside(self) -> dict[str, str]:
        """Return variant -> why it is not ranked: baselines, methods that read oracles, all of single models."""
        contenders = {*self.page.contenders()}
        return {name: self._reason(name) for name in self.graph.variants if name not in contenders}

    def settings(self) -> Slice:
        """What a leaderboard states beside values; the protocol is what two leaderboards must have in common."""
        graph, experiment = self.graph, self.graph.experiment
        return {
            "experiment": experiment.experiment,
            "protocol": self._protocol(),
            "metrics": {
                name: settings.model_dump(mode="json") for name, settings in experiment.metric_settings.items()
            },
            "variants": {name: experiment.settled(name).described() for name in graph.variants},
            "outside": self.outside(),
            **self.page.words_slice(),
            **self.page.tuned_slice(),
            **graph.seed_slice(),
        }

    def code(self) -> str:
        """Fingerprint of making the leaderboard, the template of its page included."""
        folder = source_path("unlearnkit.report.leaderboard").with_name("templates")
        template = folder.joinpath("leaderboard.html").read_bytes()
        return f"{self.graph.code('leaderboard')} {hashlib.sha256(template).hexdigest()[:16]}"

    def _protocol(self) -> Slice:
        graph, trained = self.graph, self.graph.training_slice("original")
        more = graph.experiment.model_dump(mode="json", include={"held_out_oracles", "pools"})
        return {
            "data": self.page.described_data(),
            "model": graph.model_slice(),
            "originals": {name: value for name, value in trained.items() if not name.startswith("seed")},
            "num_models": graph.experiment.num_models,
            "unlearned_from": graph.experiment.unlearned_from,
            "forget_sets": {name: graph.forget_set_slice(name) for name in graph.forget_sets},
            **{name: value for name, value in more.items() if value},
        }

    def _reason(self, variant: str) -> str:
        if READ_ORACLES & {*self.graph.needs(variant)}:
            return "reads oracles"
        if self.graph.variants[variant].method in BASELINES:
            return "a baseline"
        return "single models: a difference between two of them may be chance"
