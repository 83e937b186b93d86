"""What a paper is made from: the finished results of one experiment, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from unlearnkit.artifacts.tables import read_table
from unlearnkit.declarations import declarations
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.layout import REFERENCE_CANDIDATES
from unlearnkit.paper.bibliography import Sources, sources_of
from unlearnkit.publication.selection import Selection
from unlearnkit.ranking.leaderboard import leaderboard
from unlearnkit.registry import locate
from unlearnkit.report.words import Words, words_of
from unlearnkit.seeds import derive_seed
from unlearnkit.workflow.present import Present

Row = Mapping[str, Any]
STATISTICAL = (
    "unlearnkit.metrics.jackknife",
    "unlearnkit.report.critical_difference",
)
"""Modules of intervals and of the ranking, which have sources, too."""


@dataclass(frozen=True)
class Material:
    """Tables by metric, costs, ranking, provenance records and sources of an experiment.

    `shown` are the forget sets, and pools, that the paper shows; a ranking rests on all of them.
    """

    present: Present
    folder: Path
    tables: Mapping[str, Sequence[Row]]
    costs: Sequence[Row]
    board: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    sources: Sources
    shown: Sequence[str]

    @property
    def words(self) -> Words:
        """What samples are called."""
        return words_of({**self.present.page.words_slice(), **self.present.graph.value_slice()})

    def metric(self, name: str) -> ModuleType:
        """Return what a metric declares."""
        return declarations(locate("metric", name))

    def groups(self, candidates: Sequence[str]) -> dict[str, list[str]]:
        """Return candidates by what they are: floor, originals, unranked (baselines, oracles' readers), ranked."""
        outside = self.board["outside"]
        return {
            "floor": [name for name in candidates if name == "oracle"],
            "originals": [name for name in candidates if name in REFERENCE_CANDIDATES and name != "oracle"],
            "unranked": [name for name in candidates if name in outside],
            "ranked": [name for name in candidates if name not in outside and name not in REFERENCE_CANDIDATES],
        }


def gathered(
    selection: Selection, present: Present, metrics: Sequence[str] = (), forget_sets: Sequence[str] = ()
) -> Material:
    """Return the material of finished results, of all metrics and forget sets unless some are named.

    Raises ConfigError for a name that the experiment does not have.
    """
    experiment, folder = present.graph.experiment, selection.results.folder
    known = list(experiment.metric_settings)
    tables = {name: read_table(folder / f"tables/{name}.parquet")[0].to_pylist() for name in known}
    settings = present.leaderboard.settings()
    board = leaderboard(
        settings,
        {name: declarations(locate("metric", name)) for name in known},
        tables,
        seed=derive_seed(experiment.seed, "leaderboard", 0, "bootstrap"),
    )
    sets = list(dict.fromkeys(row["forget_set"] for rows in tables.values() for row in rows))
    named = _named(metrics, known, "metric") or known
    used = [
        ("data set", experiment.data.name),
        ("model", experiment.model.name),
        *(("method", variant.method) for variant in present.graph.variants.values()),
        *(("metric", name) for name in named),
    ]
    return Material(
        present,
        folder,
        {name: tables[name] for name in named},
        read_table(folder / "tables/cost.parquet")[0].to_pylist(),
        board,
        list(selection.results.records.values()),
        sources_of(used, STATISTICAL),
        _named(forget_sets, sets, "forget set") or sets,
    )


def _named(names: Sequence[str], known: Sequence[str], kind: str) -> list[str]:
    for name in names:
        if name not in known:
            raise ConfigError(f"the experiment has no {kind} '{name}'", remedy=suggest(name, known))
    return list(dict.fromkeys(names))
