"""The part of the artifact graph that makes the bases of models: that of pretrained models, and that of a judge."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.config.blocks import declared
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.config.observations.judges import judge_with_files
from unlearnkit.declarations import declarations
from unlearnkit.errors import renamed
from unlearnkit.facts.base_files import base_files, refuse_unusable_base
from unlearnkit.facts.judging import BLOCK
from unlearnkit.judges import JUDGES
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.paths import takable

MODEL = "model"
"""The block of the configuration whose key `source` says where the base of the models comes from."""


class BaseGraph:
    """The base of an experiment's models; `source` is None where its models have none."""

    pattern, block = layout.BASE, MODEL

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        has_base = getattr(declared("model", graph.experiment.model.name), "BASE", False)
        self.source: BaseSource | None = graph.experiment.model_settings.source if has_base else None  # pyright: ignore

    def manifest(self) -> list[str]:
        """Return the manifest of the base, which jobs with models read; nothing where models have no base."""
        return [self.graph.path(self.pattern)] if self.source else []

    def files(self) -> list[str]:
        """Return the files of the user's folder that are the base, as far as they are there.

        Raises DataError for a name that Snakemake cannot take.
        """
        folder = self.source.folder if self.source else None
        return [takable(str(path)) for path in base_files(Path(folder))] if folder else []

    def slice(self) -> Slice:
        """Where the base comes from; not the path of a folder, whose files are inputs."""
        return {"source": self.graph.model_slice().get("source")}


class JudgeBase(BaseGraph):
    """The files of a language model that judges answers; `source` is None where the judge has none of its own."""

    pattern = layout.JUDGE

    def __init__(self, graph: Graph) -> None:
        self.graph, self._models = graph, BaseGraph(graph)
        judges = graph.experiment.judges
        name = judge_with_files(judges)
        self.block, judge = BLOCK.format(name), judges[name]
        self._reads_files = declarations(JUDGES[judge.kind]).HAS_BASE
        self.source = judge.source if self._reads_files else None

    @property
    def is_own(self) -> bool:
        """Whether a rule makes these files, and not that of the models' base: that is another, or there is none."""
        return self.source is not None and self.source != self._models.source

    def manifest(self) -> list[str]:
        """Return the manifest of the judge; without a source, or with the same one, that of the models' base."""
        if self.is_own or not self._reads_files:
            return super().manifest()
        return self._models.manifest()

    def slice(self) -> Slice:
        """Where the judge comes from; not the path of a folder, whose files are inputs."""
        return {"source": self.source and self.source.model_dump(mode="json", exclude={"folder"})}


def refuse_unusable_source(base: BaseGraph) -> None:
    """Raise DataError if the folder of a base cannot be a model, and the base is not made yet."""
    folder = base.source.folder if base.source else None
    if folder and not Path(base.manifest()[0]).exists():
        with renamed(f"{MODEL}.source", f"{base.block}.source"):
            refuse_unusable_base(Path(folder), folder)
