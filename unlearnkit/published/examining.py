"""What `unlearnkit check` finds in a published pool: whether the files that an experiment needs are listed there.

One listing is requested, and no file but the manifest of a publication of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from unlearnkit.errors import ArtifactError, DataError, HubError
from unlearnkit.published.ours import refuse_twice, shards_in
from unlearnkit.published.pool import OURS, Pool
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.published_models import PublishedGraph


def pool_findings(graph: Graph, role: str) -> Iterator[tuple[str, ...]]:
    """Yield level, fact and remedy on the populations of a role ("original", "oracle") that come from the hub.

    A hub that cannot be asked is a warning: files may be in the client's cache.
    """
    published = PublishedGraph(graph)
    for population in published.populations(role):
        pool, models = Pool(published.stated(population), _silent), range(published.models(role))
        try:
            missing = _missing(pool, population, models)
        except HubError as error:
            yield "warning", f"{pool.place} could not be examined: {error}".rstrip(".")
            return
        except (ArtifactError, DataError) as error:
            yield "error", error.fact, error.remedy or "name another repository or commit"
            return
        if missing:
            others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            yield "error", f"{pool.place} has no {missing[0]}{others}", f"lower {role}s.models, or train these here"
        else:
            yield "ok", f"{pool.place} has {len(models)} models of {population}"
    if role == "oracle" and published.populations(role) and graph.experiment.shard_size == 1:
        fact = "whether published oracles lack their forget sets is not tested, since a shard has a single model"
        yield "warning", fact, "set shard_size to 2 or more, better 10"


def _missing(pool: Pool, population: str, models: range) -> list[str]:
    """Return what a pool lacks of some models: paths, or a model of a population that we published."""
    kind = pool.stated["evaluated"]
    if pool.stated["layout"] == OURS:
        ending = ".safetensors" if kind == "weights" else ".margins.parquet"
        shards = shards_in(pool.paths, population, ending)
        refuse_twice(shards, pool.place)
        there = {model for shard in shards.values() for model in shard}
        return [f"{population}/<shard>{ending} with model {model}" for model in models if model not in there]
    if kind == "weights":
        wanted = [pool.layout.weights(pool.names, pool.number, model) for model in models]
    else:
        wanted = [piece.path for piece in getattr(pool.layout, kind)(pool.names, pool.number, models)]
    paths = set(pool.paths)
    return [one for one in wanted if one not in paths and not any(fnmatchcase(p, one) for p in paths if "*" in one)]


def _silent(line: str) -> None:
    """Take a line of progress and show it to nobody."""
