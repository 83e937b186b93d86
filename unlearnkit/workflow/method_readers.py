"""The files of models that methods read texts with, which are inputs of the jobs that unlearn by these methods."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.config.models.text_readers import source_in
from unlearnkit.facts.base_files import base_files
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.paths import takable


def method_reader_files(graph: Graph, variant: str) -> list[str]:
    """Return the files of the user's folder with the encoder of a variant, if it has one.

    Of a folder without any, config.json, which Snakemake then reports as missing. Raises DataError as `takable` does.
    """
    source = source_in(graph.experiment.settled(variant).settings)
    if source is None or not source.folder:
        return []
    folder = Path(source.folder)
    return [takable(str(path)) for path in base_files(folder) or [folder / "config.json"]]
