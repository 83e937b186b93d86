"""An experiment: the whole configuration, typed and checked before any job starts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, field_validator

from unlearnkit import registry
from unlearnkit.config.arena.arena import Arena
from unlearnkit.config.attacks.durability import WithAttacks
from unlearnkit.config.attributions.attribution import Attribution, Embedding
from unlearnkit.config.blocks import MethodBlock, MetricsBlock, ModelBlock, ObservationsBlock, declared, own_settings
from unlearnkit.config.data.images import DataBlock
from unlearnkit.config.data.measured import image_facts
from unlearnkit.config.execution import Execution
from unlearnkit.config.forget_sets.continual import Continual, chain_of
from unlearnkit.config.forget_sets.measured import ImageForgetSet
from unlearnkit.config.harness.harness import Harness
from unlearnkit.config.methods.variants import Variant, variants_of
from unlearnkit.config.models.published import PublishedModels
from unlearnkit.config.models.sources import GivenModels, Oracles, Originals, Trained
from unlearnkit.config.names import Name, Slug
from unlearnkit.config.observations.judges import JUDGED, described_judge
from unlearnkit.config.pools.pool import Pool
from unlearnkit.config.reading import OVERLAID
from unlearnkit.config.searches.search import Search
from unlearnkit.config.settings import ModelSettings, ObservationSettings, Settings
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.facts.image_facts import ImageFacts
from unlearnkit.facts.image_shape import image_shape
from unlearnkit.facts.splits import SplitSizes, split_sizes


class Experiment(WithAttacks):
    """Data set, model, recipe, forget sets, methods and metrics: all that `results/<experiment>/` depends on."""

    experiment: Slug = Field(description="name of the experiment; its artifacts lie in results/<experiment>/")
    seed: int = Field(0, ge=0, description="base seed, from which the seed of every random draw is derived")
    data: DataBlock = Field(description="the data set and how much of it is used")
    model: ModelBlock = Field(description="the architecture and its settings")
    training: Recipe = Field(description="how originals and oracles are trained")
    num_models: int = Field(
        ge=1, description="N: originals, oracles per forget set, and unlearned models per variant and forget set"
    )
    unlearned_from: Literal["each", "first"] = Field(
        "each",
        description="each: unlearned model k starts from original k; first: all start from original 0, and differ by "
        "their own draws only; EasyDUB, Deep Unlearn: each, NeurIPS-2023 challenge: first",
    )
    originals: Originals = Field(
        Trained(source="train"),
        description="train: originals are trained by the recipe in `training`; a block with source: path: they were "
        "trained elsewhere, and files hold their weights; one with source: published: they are fetched from the hub",
    )
    oracles: Oracles = Field(
        Trained(source="train"),
        description="train: oracles are trained by the recipe in `training`; none: there are no oracles, and what "
        "compares with them is left out; a block with source: path: files hold their weights; one with source: "
        "published: they are fetched from the hub",
    )
    held_out_oracles: int = Field(
        0,
        ge=0,
        description="further oracles per forget set, for methods that read oracles and for the noise floor only",
    )
    shard_size: int = Field(ge=1, description="models per job and file; divides num_models and held_out_oracles")
    forget_sets: dict[Name, ImageForgetSet] = Field(
        min_length=1, description="what is to be unlearned: name -> forget set"
    )
    continual: Continual | None = Field(
        None,
        exclude_if=lambda block: block is None,
        description="how forget sets are unlearned one after another; stated where any of them has `after`",
    )
    attributions: dict[Name, Attribution] = Field(
        {}, description="what training samples add to outputs, for methods and forget sets: name -> attribution"
    )
    pools: dict[Name, Pool] = Field(
        {}, description="models that are trained on samples of their own, and forget some of their own: name -> pool"
    )
    embedding: Embedding = Field(
        Embedding.model_validate({}), description="for forget sets of the kinds clip_neighbours and overlap"
    )
    searches: dict[Name, Search] = Field(
        {}, description="searches for the settings of methods, which variants use by `tuned_by`: name -> search"
    )
    methods: dict[Name, MethodBlock] = Field(description="what is to be evaluated: variant -> method and settings")
    observations: ObservationsBlock = Field(
        ObservationsBlock.model_validate({}),
        description="what is noted of the models beside margins: observation -> settings ({} for the defaults)",
    )
    harness: Harness | None = Field(
        None,
        exclude_if=lambda block: block is None,
        description="tasks of lm-evaluation-harness that every language model is asked",
    )
    arena: Arena = Field(
        Arena.model_validate({}), description="how metrics are tried on planted candidates and on fewer models"
    )
    metrics: MetricsBlock = Field(description="what is to be computed: metric -> settings ({} for the defaults)")
    execution: Execution = Field(Execution.model_validate({}), description="how jobs run; changes no result")

    @field_validator(*OVERLAID, mode="before")
    @classmethod
    def _left_out(cls, blocks: Any) -> Any:
        """An overlay takes an entry out of the file below it by giving null in its place."""
        if not isinstance(blocks, Mapping):
            return blocks
        return {name: block for name, block in blocks.items() if block is not None}

    @cached_property
    def variants(self) -> dict[str, Variant]:
        """Every variant by name, grids expanded, in the order of the configuration."""
        return self.read_variants()

    def settled(self, variant: str) -> Variant:
        """Return a variant with its settings as they are now, if a rule makes them."""
        return (self.read_variants() if self.variants[variant].made_file else self.variants)[variant]

    def read_variants(self) -> dict[str, Variant]:
        """Return the variants with the files of settings as they are now."""
        blocks = self.methods.items()
        return {
            variant.name: variant
            for name, block in blocks
            for variant in variants_of(name, block, self.training.epochs)
        }

    def tuned_on(self, variant: str) -> tuple[str, ...]:
        """Return the forget sets that the settings of a variant were searched on, if they were."""
        search = self.variants[variant].tuned_by
        return self.searches[search].forget_sets if search else ()

    @cached_property
    def metric_settings(self) -> dict[str, Settings]:
        """The settings of every metric to compute, in the order of the registry."""
        chosen = [name for name in type(self.metrics).model_fields if name in self.metrics.model_fields_set]
        return {name: self.settings_of(name) for name in chosen}

    def metrics_on(self, subjects: str) -> list[str]:
        """Return the metrics to compute that are scored on "forget sets" or on "pools"."""
        return [name for name in self.metric_settings if registry.scored_on(declared("metric", name)) == subjects]

    def settings_of(self, metric: str) -> Settings:
        """Return the settings of a metric: its defaults where the configuration does not ask for it."""
        block = getattr(self.metrics, metric)
        return declared("metric", metric).Settings(**(block.model_dump() if block else {}))

    def stated(self, metric: str) -> dict[str, dict[str, Any]]:
        """Return "stated" -> what scores and tables of a metric state beside its settings: its STATES, if any."""
        names = getattr(declared("metric", metric), "STATES", ())
        return {"stated": {name: getattr(self, name, None) for name in names}} if names else {}

    def reads(self, metric: str) -> tuple[str, ...]:
        """Return the observations that a metric reads; margins, which every metric has, come first."""
        declares = declared("metric", metric)
        others = (name for name in getattr(declares, "READS", ()) if name != registry.ALWAYS_OBSERVED)
        if_asked = (name for name in getattr(declares, "READS_IF_ASKED", ()) if name in self.observed)
        return (registry.ALWAYS_OBSERVED, *others, *if_asked)

    def read_settings(self, metric: str) -> dict[str, dict[str, Any]]:
        """Return the settings of the observations that a metric reads beside margins, as slices have them."""
        return {name: self.described_observation(name) for name in self.reads(metric)[1:]}

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """The observations that all models have: margins, and those that the configuration asks for."""
        asked = [name for name in type(self.observations).model_fields if name in self.observations.model_fields_set]
        return (registry.ALWAYS_OBSERVED, *asked)

    def observation_settings(self, observation: str) -> ObservationSettings:
        """Return the settings of an observation: its defaults where the configuration does not ask for it."""
        block = getattr(self.observations, observation, None)
        return declared("observation", observation).Settings(**(block.model_dump() if block else {}))

    def described_observation(self, observation: str) -> dict[str, Any]:
        """Return the settings of an observation without those that its module calls IMMATERIAL."""
        left_out = getattr(declared("observation", observation), "IMMATERIAL", None)
        return self.observation_settings(observation).model_dump(mode="json", exclude=left_out)

    @property
    def judges(self) -> dict[str, Any]:
        """The settings of who judges, by the observation that is made so."""
        settings: dict[str, Any] = {name: self.observation_settings(name) for name in JUDGED}
        return {name: block.judge for name, block in settings.items()}

    @property
    def judged_by(self) -> str:
        """Who judges answers, for tables."""
        return described_judge(self.judges["judged"])

    @property
    def continuations_judged_by(self) -> str:
        """Who judges continuations, for tables."""
        return described_judge(self.judges["judged_continuations"])

    @cached_property
    def model_settings(self) -> ModelSettings:
        """The settings of the model."""
        return declared("model", self.model.name).Settings(**own_settings(self.model))

    @property
    def described_model(self) -> dict[str, Any]:
        """The name of the model, and its settings without those that its module calls IMMATERIAL."""
        left_out = getattr(declared("model", self.model.name), "IMMATERIAL", None)
        return {"name": self.model.name, **self.model_settings.model_dump(mode="json", exclude=left_out)}

    def planned_size(self, forget_set: str) -> int | None:
        """Return the samples of a forget set as far as they are known before any data is read, else None."""
        return self.forget_sets[forget_set].planned_size()

    def chain(self, forget_set: str) -> tuple[str, ...]:
        """Return a forget set and those that were unlearned before it, the first one first."""
        return chain_of({name: block.after for name, block in self.forget_sets.items()}, forget_set)

    @property
    def given(self) -> dict[str, GivenModels]:
        """Where the weights of the populations come from that were not trained here: role -> their source."""
        sources = {"original": self.originals, "oracle": self.oracles}
        return {role: source for role, source in sources.items() if isinstance(source, GivenModels)}

    @property
    def published(self) -> dict[str, PublishedModels]:
        """Where the populations come from that were published on the hub: role -> their source."""
        sources = {"original": self.originals, "oracle": self.oracles}
        return {role: source for role, source in sources.items() if isinstance(source, PublishedModels)}

    @property
    def has_oracles(self) -> bool:
        """Whether there are oracles to compare with."""
        return self.oracles.source != "none"

    @property
    def retain_evaluated(self) -> int | None:
        """Retained samples that models are evaluated on for every forget set; None: all."""
        return None

    @property
    def compared_value(self) -> str | None:
        """The value of a sample that metrics compare, where there are several; None: the margin."""
        return None

    @property
    def task(self) -> str:
        """What the models learn: "image" or "text"."""
        return registry.task_of(declared("data set", self.data.name))

    @cached_property
    def image_facts(self) -> ImageFacts:
        """Sizes, classes and shape of the whole data set of images, as published."""
        return image_facts(self.data)

    @property
    def split_sizes(self) -> SplitSizes:
        """Number of samples in each split of the whole data set."""
        facts = self.image_facts
        return split_sizes(self.data.split, facts.train_size, facts.validation_size, facts.test_size)

    @property
    def train_size(self) -> int:
        """Number of training samples that are used."""
        return self.data.train_size or self.split_sizes.train

    @property
    def validation_size(self) -> int:
        """Number of validation samples that are used."""
        return self.data.validation_size or self.split_sizes.validation

    @property
    def test_size(self) -> int:
        """Number of test samples that are used; 0 where the split has none."""
        return self.data.test_size or self.split_sizes.test

    @property
    def has_pairs(self) -> bool:
        """Whether samples are question-answer pairs."""
        return False

    @property
    def further_splits(self) -> Mapping[str, int]:
        """Samples of the splits that are evaluated and never trained on, beside validation and test; images: none."""
        return {}

    @property
    def num_classes(self) -> int:
        """Number of classes of the data set."""
        return len(self.image_facts.class_names)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Channels, height and width of an image, pixels."""
        published, image = self.image_facts.image_shape, self.data.image
        return image_shape(published, image.side, image.channels) if image else published

    def models_compared(self, metric: str) -> int:
        """Return how many models of each side `metric` compares: its own `num_models`, else the experiment's."""
        return getattr(self.settings_of(metric), "num_models", None) or self.num_models
