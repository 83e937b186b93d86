"""All that the workflow makes if no target is named, and what that is made of."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.workflow.present import Present


def everything(present: Present) -> list[str]:
    """Return the page and the files of all metrics, observations, searches, chains, stops, tasks and attacks."""
    graph, observed = present.graph, present.graph.experiment.observed
    return [
        *present.site.files(),
        *graph.results(*graph.metrics),
        *present.pool_scores.results(*present.pool_scores.metrics),
        *present.observations.files(*observed[1:]),
        *present.observations.read_by_all(*graph.metrics),
        *present.searches.results(),
        *present.continual.results(),
        *present.stops.results(),
        *present.harness.results(),
        *present.attacks.results(),
    ]


def expected(present: Present) -> list[str]:
    """Return the names, from the experiment's folder, of all that the configuration asks for, with what it is made of.

    Of what is made on the way, data, forget sets, weights, figures and tables: whatever else there is has a record.
    """
    graph = present.graph
    figures = [
        graph.path(layout.FIGURE, forget_set=name, figure=figure)
        for name in graph.forget_sets
        for figure in present.page.figures()
    ]
    records = [path.removesuffix(".json") for path in present.page.provenance_records()]
    root = graph.path(layout.ROOT)
    return [str(Path(path).relative_to(root)) for path in dict.fromkeys([*records, *figures, *everything(present)])]
