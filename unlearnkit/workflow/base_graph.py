"""The part of the artifact graph that makes the base of pretrained models: its files, settings and checks."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.config.blocks import declared
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.facts.base_files import base_files, refuse_unusable_base
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.paths import takable


class BaseGraph:
    """The base of an experiment's models; `source` is None where its models have none."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        has_base = getattr(declared("model", graph.experiment.model.name), "BASE", False)
        self.source: BaseSource | None = graph.experiment.model_settings.source if has_base else None  # pyright: ignore

    def manifest(self) -> list[str]:
        """Return the manifest of the base, which jobs with models read; nothing where models have no base."""
        return [self.graph.path(layout.BASE)] if self.source else []

    def files(self) -> list[str]:
        """Return the files of the user's folder that are the base, as far as they are there.

        Raises DataError for a name that Snakemake cannot take.
        """
        folder = self.source.folder if self.source else None
        return [takable(str(path)) for path in base_files(Path(folder))] if folder else []

    def slice(self) -> Slice:
        """Where the base comes from; not the path of a folder, whose files are inputs."""
        return {"source": self.graph.model_slice().get("source")}


def refuse_unusable_source(base: BaseGraph) -> None:
    """Raise DataError if the folder of a base cannot be a model, and the base is not made yet."""
    folder = base.source.folder if base.source else None
    if folder and not Path(base.manifest()[0]).exists():
        refuse_unusable_base(Path(folder), folder)
