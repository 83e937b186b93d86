"""All that the workflow makes if no target is named."""

from __future__ import annotations

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
