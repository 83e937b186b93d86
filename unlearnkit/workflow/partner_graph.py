"""The part of the artifact graph that finds partners: which variants read them, and what they are made of."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.config.data.partners import PartnerSettings, planned_source
from unlearnkit.config.text_experiment import TextExperiment
from unlearnkit.declarations import declarations
from unlearnkit.facts.base_files import base_files
from unlearnkit.registry import PARTNERS, locate, views_of
from unlearnkit.stages import Slice
from unlearnkit.workflow.base_graph import BaseGraph
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.paths import takable


class PartnerGraph:
    """Inputs and parameters of the partners of forget sets; there are none of images."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def read_by(self, variant: str, forget_set: str) -> list[str]:
        """Return the file with the partners of a forget set if the method of a variant reads them."""
        views = views_of(declarations(locate("method", self.graph.variants[variant].method)))
        return [self.graph.path(layout.PARTNERS, forget_set=forget_set)] if PARTNERS in views else []

    @property
    def settings(self) -> PartnerSettings:
        """How partners are found."""
        assert isinstance(self.graph.experiment, TextExperiment)
        return self.graph.experiment.data.partners or PartnerSettings.model_validate({})

    @property
    def of_states(self) -> bool:
        """Whether vectors are states of original 0."""
        return self.settings.embedder.kind == "states"

    def originals(self) -> list[str]:
        """Return the file with original 0 if its states are the vectors."""
        return self.graph.weights(layout.ORIGINAL, 1) if self.of_states else []

    def base(self) -> list[str]:
        """Return the manifest of the base of original 0, likewise."""
        return BaseGraph(self.graph).manifest() if self.of_states else []

    def tokenizer(self) -> list[str]:
        """Return the tokenizer if texts are embedded."""
        return [] if self.of_states else [self.graph.path(layout.TOKENIZER)]

    def reader_files(self) -> list[str]:
        """Return the files of the user's folder with an encoder, if it has one; raises DataError as `takable` does."""
        source = planned_source(self.settings)
        return [takable(str(path)) for path in base_files(Path(source.folder))] if source and source.folder else []

    def slice(self) -> Slice:
        """How partners are found; not where the files of an encoder lie."""
        settings = {"partners": self.settings.model_dump(mode="json", exclude={"embedder": {"source": {"folder"}}})}
        return {**settings, "model": self.graph.model_slice()} if self.of_states else settings

    def code(self) -> str:
        """Fingerprint of finding partners."""
        return self.graph.model_code("partners") if self.of_states else self.graph.code("partners")
