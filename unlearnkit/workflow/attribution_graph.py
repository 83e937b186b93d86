"""The part of the artifact graph that says what training samples add to outputs, and the forget sets made of it."""

from __future__ import annotations

from unlearnkit import layout
from unlearnkit.config.attributions.attribution import COMPONENTS, Attribution
from unlearnkit.config.forget_sets.images import ClipNeighboursForgetSet, PrincipalComponentForgetSet
from unlearnkit.config.forget_sets.measured import MemorisedForgetSet, OverlapForgetSet
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.pool_graph import DATAMODEL
from unlearnkit.workflow.raw_files import raw_files

_FIT = {"datamodels": ("models", "regularization"), "trak": ("checkpoints", "curvature", "ridge")}


class AttributionGraph:
    """Inputs and parameters of the attributions of an experiment and of what is made of them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.attributions: dict[str, Attribution] = dict(graph.experiment.attributions)

    def names(self, stage: str = "") -> list[str]:
        """Return the attributions, for a stage that belongs to one kind those of that kind."""
        kind = {"datamodel outputs": "datamodels", "memorisation": "datamodels", "gradients": "trak"}.get(stage)
        return [name for name, settings in self.attributions.items() if kind in (None, settings.kind)]

    def logits(self) -> list[str]:
        """Return the names of the logits, by class."""
        return [layout.logit(label) for label in range(self.graph.experiment.num_classes)]

    def outputs(self) -> list[str]:
        """Return the names of all outputs that are attributed: the logits, by class, and the margin."""
        return [*self.logits(), layout.MARGIN]

    def shards(self, name: str) -> list[str]:
        """Return the shards of an attribution's own files: of models on subsets, or of one original each."""
        settings = self.attributions[name]
        if settings.kind == "datamodels":
            return layout.shard_names(settings.models, self.graph.experiment.shard_size)
        return layout.shard_names(settings.checkpoints, 1)

    def sources(self, name: str) -> list[str]:
        """Return what the matrices of an attribution are computed from: outputs of models on subsets, or gradients."""
        pattern = layout.DATAMODELS if self.attributions[name].kind == "datamodels" else layout.GRADIENTS
        return [self.graph.path(pattern, attribution=name, shard=shard) for shard in self.shards(name)]

    def originals(self, shard: str) -> str:
        """Return the weight file that holds the original of a shard of one."""
        return self.graph.weights(layout.ORIGINAL, layout.shard_indices(shard).stop)[-1]

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
        """Return the artifact that a forget set is chosen by, beside the data set, if any.

        These are principal components, embeddings, or the memorisation of training samples.
        """
        settings = self.graph.experiment.forget_sets[forget_set]
        if isinstance(settings, PrincipalComponentForgetSet):
            return [self.graph.path(layout.COMPONENTS, attribution=settings.attribution)]
        if isinstance(settings, MemorisedForgetSet):
            return [self.graph.path(layout.MEMORISATION, attribution=settings.attribution)]
        embedded = isinstance(settings, ClipNeighboursForgetSet) or getattr(settings, "by", "") == "clip"
        return [self.graph.path(layout.EMBEDDINGS)] if embedded else []

    def forget_set_rule(self, forget_set: str) -> str:
        """Return the rule that makes a forget set of images, which is also the name of its script."""
        settings = self.graph.experiment.forget_sets[forget_set]
        measured = isinstance(settings, MemorisedForgetSet | OverlapForgetSet)
        return "measured_forget_set" if measured else "forget_set"

    def forget_sets_of(self, rule: str) -> list[str]:
        """Return the forget sets that a rule makes."""
        return [name for name in self.graph.forget_sets if self.forget_set_rule(name) == rule]

    def embedding_files(self) -> list[str]:
        """Return the files of the model that images are embedded by, as far as it is a folder."""
        return raw_files("unlearnkit.attribution.embedding", self.graph.experiment.embedding.model)

    # configuration slices and code fingerprints

    def slice_of(self, stage: str, name: str = "") -> Slice:
        """What determines an artifact of a stage (of attribution `name`, where it has one) beside its inputs.

        Models on subsets depend neither on how many there are nor on the regression, so that more of them add files,
        and another regularisation trains none.
        """
        experiment, settings = self.graph.experiment, self.attributions.get(name)
        stated = settings.model_dump(mode="json") if settings else {}
        if stage == "datamodel outputs":
            return self.graph.training_slice(DATAMODEL)
        if stage == "gradients":
            base = self.graph.training_slice("trak")
            chosen = {key: stated[key] for key in ("dimension", "projector")}
            return {**chosen, **{key: base[key] for key in base if key != "training"}}
        if stage == "attributions":
            split = {"train_size": experiment.train_size} if stated["kind"] == "trak" else {}
            return {**{key: stated[key] for key in _FIT[stated["kind"]]}, **split}
        fixed = {"components": {"count": COMPONENTS}, "embeddings": experiment.embedding.model_dump(mode="json")}
        return fixed.get(stage, {})

    def code(self, stage: str, name: str = "") -> str:
        """Fingerprint of making an artifact of a stage (of attribution `name`, where it has one)."""
        if stage in ("datamodel outputs", "gradients"):
            return self.graph.model_code(stage.removesuffix(" outputs"))
        if stage == "attributions":
            return self.graph.code("regression" if self.attributions[name].kind == "datamodels" else "influence")
        return self.graph.code(stage)
