"""The part of the artifact graph that says what training samples add to outputs, and the forget sets made of it."""

from __future__ import annotations

from typing import Any

from unlearnkit import layout
from unlearnkit.config.attribution import COMPONENTS, Attribution, DatamodelAttribution, TrakAttribution
from unlearnkit.config.forget_set import ClipNeighboursForgetSet, PrincipalComponentForgetSet
from unlearnkit.graph import Graph, Slice

SCRIPTS = {
    "datamodel outputs": "datamodel",
    "gradients": "gradients",
    "components": "components",
    "effects": "effects",
    "embeddings": "embeddings",
}
"""Stage -> workflow script, where the stage alone tells it."""


class AttributionGraph:
    """Inputs and parameters of the attributions of an experiment and of what is made of them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.attributions: dict[str, Attribution] = dict(graph.experiment.attributions)

    def names(self, kind: type[Any]) -> list[str]:
        """Return the attributions of a kind (its class of settings)."""
        return [name for name, settings in self.attributions.items() if isinstance(settings, kind)]

    def logits(self) -> list[str]:
        """Return the names of the logits, by class."""
        return [layout.logit(label) for label in range(self.graph.experiment.num_classes)]

    def outputs(self) -> list[str]:
        """Return the names of all outputs that are attributed: the logits, by class, and the margin."""
        return [*self.logits(), layout.MARGIN]

    def shards(self, name: str) -> list[str]:
        """Return the shards of an attribution's own files: of models on subsets, or of one original each."""
        settings = self.attributions[name]
        if isinstance(settings, DatamodelAttribution):
            return layout.shard_names(settings.models, self.graph.experiment.shard_size)
        return layout.shard_names(settings.checkpoints, 1)

    def sources(self, name: str) -> list[str]:
        """Return what the matrices of an attribution are computed from: outputs of models on subsets, or gradients."""
        trained = isinstance(self.attributions[name], DatamodelAttribution)
        pattern = layout.DATAMODELS if trained else layout.GRADIENTS
        return [self.graph.path(pattern, attribution=name, shard=shard) for shard in self.shards(name)]

    def originals(self, shard: str) -> str:
        """Return the weight file that holds the original of a shard of one."""
        size = self.graph.experiment.shard_size
        first = layout.shard_indices(shard).start // size * size
        own = layout.shard_name(first, first + size - 1)
        return self.graph.path(layout.weights_of(layout.ORIGINAL), shard=own)

    def matrices(self, name: str) -> list[str]:
        """Return the matrices of all logits, by class."""
        return [self.graph.path(layout.MATRIX, attribution=name, output=output) for output in self.logits()]

    def results(self) -> list[str]:
        """Return what attributions are for: the effects of every forget set, and the components."""
        return [
            self.graph.path(pattern, attribution=name, forget_set=forget_set)
            for name in self.attributions
            for forget_set in self.graph.forget_sets
            for pattern in (layout.EFFECTS, layout.COMPONENTS)
        ]

    def forget_set_sources(self, forget_set: str) -> list[str]:
        """Return the artifact that a forget set is chosen by, beside the data set: components or embeddings, if any."""
        settings = self.graph.experiment.forget_sets[forget_set]
        if isinstance(settings, PrincipalComponentForgetSet):
            return [self.graph.path(layout.COMPONENTS, attribution=settings.attribution)]
        return [self.graph.path(layout.EMBEDDINGS)] if isinstance(settings, ClipNeighboursForgetSet) else []

    # configuration slices

    def models_slice(self, name: str) -> Slice:
        """What determines the models on subsets beside the data: not how many there are, nor the regression."""
        training = self.graph.training_slice("datamodel")
        return {"fraction": self._settings(name, DatamodelAttribution).fraction, **training}

    def gradients_slice(self, name: str) -> Slice:
        """What determines projected gradients beside data and original."""
        base = self.graph.training_slice("trak")
        own = {key: base[key] for key in ("role", "model", "seed", "seed_scheme")}
        return {"dimension": self._settings(name, TrakAttribution).dimension, **own}

    def matrix_slice(self, name: str) -> Slice:
        """What determines a matrix beside outputs or gradients."""
        settings = self.attributions[name]
        if isinstance(settings, DatamodelAttribution):
            return {"models": settings.models, "regularization": list(settings.regularization)}
        own = settings.model_dump(mode="json", include={"checkpoints", "curvature", "ridge"})
        return {**own, "train_size": self.graph.experiment.train_size}

    def components_slice(self) -> Slice:
        """How many components there are."""
        return {"count": COMPONENTS}

    def embeddings_slice(self) -> Slice:
        """The embedding model."""
        return self.graph.experiment.embedding.model_dump(mode="json")

    # code fingerprints

    def code(self, stage: str, name: str = "") -> str:
        """Fingerprint of making an artifact of a stage (of attribution `name`, where it has one)."""
        if stage in ("datamodel outputs", "gradients"):
            return self.graph.model_code(SCRIPTS[stage])
        if stage == "attributions":
            trained = isinstance(self.attributions[name], DatamodelAttribution)
            return self.graph.code("regression" if trained else "influence")
        return self.graph.code(SCRIPTS[stage])

    def _settings(self, name: str, kind: type[Any]) -> Any:
        settings = self.attributions[name]
        assert isinstance(settings, kind), f"attribution '{name}' is of another kind"
        return settings
