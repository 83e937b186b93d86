"""An experiment: the whole configuration, typed and checked before any job starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from pydantic import Field, ValidationError, create_model, field_validator

from unlearnkit.config.attribution import Attribution, Embedding
from unlearnkit.config.attribution_rules import attribution_problems
from unlearnkit.config.blocks import (
    MethodBlock,
    MetricsBlock,
    ModelBlock,
    data_block,
    declared,
    methods_block,
    metrics_block,
    model_block,
    own_settings,
)
from unlearnkit.config.data import DataBlock, SplitSizes, shape_of, split_sizes
from unlearnkit.config.execution import Execution
from unlearnkit.config.forget_set import ForgetSet
from unlearnkit.config.names import Name, Slug
from unlearnkit.config.problems import combined, from_validation, unwanted_booleans
from unlearnkit.config.recipe import Recipe
from unlearnkit.config.reference_rules import reference_problems
from unlearnkit.config.rules import (
    data_problems,
    forget_set_problems,
    method_problems,
    model_problems,
    name_problems,
    oracle_problems,
    sample_problems,
    shard_problems,
)
from unlearnkit.config.settings import ModelSettings, Settings
from unlearnkit.config.variant_rules import variant_problems
from unlearnkit.config.variants import Variant, variants_of
from unlearnkit.errors import ConfigError


class Experiment(Settings):
    """Data set, model, recipe, forget sets, methods and metrics: all that `results/<experiment>/` depends on."""

    experiment: Slug = Field(description="name of the experiment; its artifacts lie in results/<experiment>/")
    seed: int = Field(0, ge=0, description="base seed, from which the seed of every random draw is derived")
    data: DataBlock = Field(description="the data set and how much of it is used")
    model: ModelBlock = Field(description="the architecture and its settings")
    training: Recipe = Field(description="how originals and oracles are trained")
    num_models: int = Field(
        ge=2, description="N: originals, oracles per forget set, and unlearned models per variant and forget set"
    )
    held_out_oracles: int = Field(
        0,
        ge=0,
        description="further oracles per forget set, for methods that read oracles and for the noise floor only",
    )
    shard_size: int = Field(ge=1, description="models per job and file; divides num_models and held_out_oracles")
    forget_sets: dict[Name, ForgetSet] = Field(min_length=1, description="what is to be unlearned: name -> forget set")
    attributions: dict[Name, Attribution] = Field(
        {}, description="what training samples add to outputs, for methods and forget sets: name -> attribution"
    )
    embedding: Embedding = Field(
        Embedding.model_validate({}), description="for forget sets of the kind clip_neighbours"
    )
    methods: dict[Name, MethodBlock] = Field(description="what is to be evaluated: variant -> method and settings")
    metrics: MetricsBlock = Field(description="what is to be computed: metric -> settings ({} for the defaults)")
    execution: Execution = Field(Execution.model_validate({}), description="how jobs run; changes no result")

    @field_validator("forget_sets", mode="before")
    @classmethod
    def _left_out(cls, forget_sets: Any) -> Any:
        """An overlay takes a forget set out of the file below it by giving null in its place."""
        if not isinstance(forget_sets, Mapping):
            return forget_sets
        return {name: block for name, block in forget_sets.items() if block is not None}

    @cached_property
    def variants(self) -> dict[str, Variant]:
        """Every variant by name, grids expanded, in the order of the configuration."""
        blocks = self.methods.items()
        return {
            variant.name: variant
            for name, block in blocks
            for variant in variants_of(name, block, self.training.epochs)
        }

    @cached_property
    def metric_settings(self) -> dict[str, Settings]:
        """The settings of every metric to compute, in the order of the registry."""
        chosen = [name for name in type(self.metrics).model_fields if name in self.metrics.model_fields_set]
        return {name: declared("metric", name).Settings(**getattr(self.metrics, name).model_dump()) for name in chosen}

    @cached_property
    def model_settings(self) -> ModelSettings:
        """The settings of the model."""
        return declared("model", self.model.name).Settings(**own_settings(self.model))

    @property
    def split_sizes(self) -> SplitSizes:
        """Number of samples in each split of the whole data set."""
        declares = declared("data set", self.data.name)
        return split_sizes(self.data.split, declares.TRAIN_SIZE, declares.VALIDATION_SIZE)

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
    def num_classes(self) -> int:
        """Number of classes of the data set."""
        return declared("data set", self.data.name).NUM_CLASSES

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image, pixels."""
        return shape_of(self.data.image, declared("data set", self.data.name).IMAGE_SHAPE)

    def models_compared(self, metric: str) -> int:
        """Return how many models of each side `metric` compares: its own `num_models`, else the experiment's."""
        return getattr(self.metric_settings[metric], "num_models", None) or self.num_models


def load_experiment(raw: Mapping[str, Any]) -> Experiment:
    """Return the experiment that a configuration, as read from YAML, describes.

    Raises ConfigError that lists every problem: those of single keys or, if there are none, those between keys.
    """
    model, raw = experiment_class(), _plain(raw)
    try:
        experiment = model.model_validate(raw)
    except ValidationError as error:
        raise combined(from_validation(error, model), _standing_alone(raw)) from None
    if problems := list(unwanted_booleans(raw, experiment.model_dump())) or list(_problems_between_keys(experiment)):
        raise combined(problems)
    return experiment


def experiment_class() -> type[Experiment]:
    """Return Experiment with the blocks of all registered plug-ins typed: what validates and what the schema shows."""
    types = {"data": data_block(), "model": model_block(), "methods": methods_block(), "metrics": metrics_block()}
    fields: dict[str, Any] = {
        key: (kind, Field(description=Experiment.model_fields[key].description)) for key, kind in types.items()
    }
    return create_model("Experiment", __base__=Experiment, __doc__=Experiment.__doc__, **fields)


def _problems_between_keys(experiment: Experiment) -> Iterator[ConfigError]:
    rules = (name_problems, data_problems, model_problems, forget_set_problems, sample_problems, shard_problems)
    for rule in (*rules, attribution_problems, method_problems, oracle_problems):
        yield from rule(experiment)
    yield from variant_problems(experiment.methods, experiment.training.epochs, experiment.num_classes)
    attributions = getattr(experiment, "attributions", {})
    yield from reference_problems(experiment.methods, experiment.held_out_oracles, experiment.shard_size, attributions)


def _standing_alone(raw: Mapping[str, Any]) -> str:
    """Return what to do if most required keys are missing because the configuration replaces config.yaml unasked."""
    required = [key for key, field in Experiment.model_fields.items() if field.is_required() and key != "experiment"]
    missing = [key for key in required if key not in raw]
    if "experiment" not in raw or 2 * len(missing) <= len(required):
        return ""
    return (
        "A configuration that names its `experiment` stands alone: leave that key out to change single values of "
        "config.yaml, or pass `--configfile config.yaml` beside it"
    )


def _plain(value: Any) -> Any:
    """Return `value` in plain dictionaries and lists.

    Inside a nested `--config` value Snakemake leaves "null" as text, so it is taken for None here.
    """
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if value == "null" else value
