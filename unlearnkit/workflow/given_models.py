"""Files with the weights of models that were trained elsewhere: inputs of the rule that brings them into the graph."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

from unlearnkit import layout
from unlearnkit.facts.given_weights import refuse_unusable
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.paths import takable

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
"""Files of a folder that are taken for weights."""


def weight_files(path: str) -> list[str]:
    """Return the file at `path`, the weights in that folder, or the files that match that pattern, in order of path.

    Raises DataError for a path that Snakemake cannot take.
    """
    place = Path(path)
    if place.is_dir():
        found = [str(file) for file in place.iterdir() if file.suffix in SUFFIXES and file.is_file()]
    elif place.is_file():
        found = [path]
    else:
        found = [file for file in glob.glob(path, recursive=True) if Path(file).is_file()]  # noqa: PTH207
    return [takable(file) for file in sorted(found)]


def given_path(graph: Graph, population: str) -> str:
    """Return where the weights of a given population lie: "original", or "oracle/<forget set>"."""
    role, _, forget_set = population.partition("/")
    path = graph.experiment.given[role].path
    if not forget_set:
        return path
    named = Path(path) / forget_set
    return next(
        (str(file) for suffix in SUFFIXES if (file := named.with_name(named.name + suffix)).is_file()), str(named)
    )


def given_files(graph: Graph, population: str, shard: str) -> list[str]:
    """Return the files with the weights of a shard of a given population, as far as they are there.

    `refuse_unusable_files` states what is missing. Raises DataError as `weight_files` does.
    """
    models = layout.shard_indices(shard)
    return weight_files(given_path(graph, population))[models.start : models.stop]


def given_populations(graph: Graph) -> list[str]:
    """Return the populations whose weights are given, as `given_path` takes them."""
    of_role = {"original": ["original"], "oracle": [f"oracle/{name}" for name in graph.forget_sets]}
    return [population for role in graph.experiment.given for population in of_role[role]]


def given_shards(graph: Graph) -> Iterator[tuple[str, Slice, list[str]]]:
    """Yield (weight file, its settings, the files that it is made of) for every shard of every given population."""
    for population in given_populations(graph):
        for shard in graph.shards():
            weights = graph.path(layout.WEIGHTS, population=population, shard=shard)
            yield weights, graph.training_slice(population.partition("/")[0]), given_files(graph, population, shard)


def refuse_unusable_files(graph: Graph) -> None:
    """Raise DataError if files of given models are missing or cannot be referred to, and their weights are not made.

    Weights that were made, and removed since, have a record; a run may go on without their files.
    """
    for population in given_populations(graph):
        place, settings = given_path(graph, population), graph.training_slice(population.partition("/")[0])
        for shard in graph.shards():
            weights = graph.path(layout.WEIGHTS, population=population, shard=shard)
            if not Path(weights).exists() and not Path(layout.provenance(weights)).exists():
                refuse_unusable(given_files(graph, population, shard), layout.shard_indices(shard), settings, place)
