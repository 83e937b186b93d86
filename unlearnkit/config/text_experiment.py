"""An experiment with language models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from unlearnkit.config.attributions.attribution import Attribution
from unlearnkit.config.blocks import declared
from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.config.data.text import TextDataBlock
from unlearnkit.config.experiment import Experiment
from unlearnkit.config.forget_sets.units import PairListForgetSet, TextForgetSet
from unlearnkit.config.names import Name
from unlearnkit.config.pools.pool import Pool
from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.facts.reader_names import embedder_name, reader_name
from unlearnkit.facts.splits import SplitSizes

CHARACTERS = 128
"""Vocabulary size that plans assume where it is not known before the text is read."""


class TextExperiment(Experiment):
    """Text, model, recipe, forget sets, methods and metrics: everything that `results/<experiment>/` depends on.

    Samples are sequences of tokens.
    """

    data: TextDataBlock = Field(description="the text, its tokens and its sequences")  # pyright: ignore
    training: TextRecipe = Field(description="how originals and oracles are trained")  # pyright: ignore
    forget_sets: dict[Name, TextForgetSet] = Field(  # pyright: ignore
        min_length=1, description="what is to be unlearned: name -> forget set"
    )
    attributions: dict[Name, Attribution] = Field({}, description="must be empty: attributions exist only for images")
    pools: dict[Name, Pool] = Field({}, description="must be empty: pools exist only for images")
    value: Literal["margin_mean", "margin_min", "loss_mean"] = Field(
        "margin_mean",
        description="value of a sequence that metrics compare: the mean or the smallest margin of its targets, or its "
        "negative mean loss; nats",
    )

    @property
    def split_sizes(self) -> SplitSizes:
        """Number of sequences in each split."""
        return SplitSizes(self.data.train_size, self.data.validation_size, 0)

    @property
    def has_pairs(self) -> bool:
        """Whether samples are question-answer pairs."""
        return getattr(declared("data set", self.data.name), "PAIRS", False)

    @property
    def pair_settings(self) -> PairSettings:
        """How pairs become text, and which are taken."""
        return self.data.pairs or PairSettings.model_validate({})

    @property
    def generates_alternatives(self) -> bool:
        """Whether wrong answers to forget questions are written by a model."""
        return self.has_pairs and self.pair_settings.alternatives.kind == "generated"

    @property
    def test_size(self) -> int:
        """No sequences: text has two splits."""
        return 0

    @property
    def further_splits(self) -> Mapping[str, int]:
        """Number of pairs of the splits that are evaluated and never trained on, beside validation."""
        most = self.pair_settings.further_size
        sizes = getattr(declared("data set", self.data.name), "FURTHER_SPLITS", {})
        return {name: size if most is None else min(size, most) for name, size in sizes.items()}

    @property
    def divides_documents(self) -> bool:
        """Whether documents among pairs become several sequences each."""
        how = self.pair_settings.documents
        return self.has_pairs and how is not None and how.cut == "all"

    @property
    def num_classes(self) -> int:
        """Number of tokens that a model chooses from; CHARACTERS if it is not known before the text is read."""
        tokenizer = self.data.tokenizer
        if tokenizer is None:  # `text_rules` reports data sets that are not tokens
            return getattr(declared("data set", self.data.name), "VOCABULARY_SIZE", CHARACTERS)
        return tokenizer.planned_vocabulary() or CHARACTERS

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The context length."""
        return (self.data.sequence_length,)

    @property
    def retain_evaluated(self) -> int | None:
        """Retained sequences that models are evaluated on for every forget set; None: all."""
        return self.data.retain_evaluated

    @property
    def compared_value(self) -> str:
        """The value of a sequence that metrics compare."""
        return self.value

    def planned_size(self, forget_set: str) -> int | None:
        """Return the number of sequences of a forget set if it is known before any data is read, else None."""
        block = self.forget_sets[forget_set]
        if self.divides_documents and block.kind != "file":
            return None
        if isinstance(block, PairListForgetSet):
            return self._planned_list(block.name)
        units = block.planned_size()
        per_unit = 1 if block.kind == "file" else self.planned_unit_size
        return None if units is None or per_unit is None else units * per_unit

    def _planned_list(self, name: str) -> int | None:
        """Return the number of pairs of a published list, None if it is not known or some pairs are left out."""
        declares = declared("data set", self.data.name)
        size = getattr(declares, "FORGET_LISTS", {}).get(name)
        return size if self.data.train_size == getattr(declares, "TRAIN_SIZE", None) else None

    @property
    def embedded_by(self) -> str:
        """What turns answers into vectors, for tables."""
        settings: Any = self.observation_settings("similarities")
        return embedder_name(settings.embedder)

    @property
    def entailed_by(self) -> str | None:
        """The classifier of entailment, for tables; None without one."""
        return self._reader("entailments")

    @property
    def classified_by(self) -> str | None:
        """The classifier of texts, for tables; None without one."""
        return self._reader("classified")

    def _reader(self, observation: str) -> str | None:
        settings: Any = self.observation_settings(observation)
        return reader_name(settings.source) if settings.source else None

    @property
    def planned_unit_size(self) -> int | None:
        """Number of sequences of every forget unit; None for documents and groups, which differ."""
        return {"sequence": 1, "step": self.training.batch_size}.get(self.data.forget_unit)

    @property
    def unit_sequences(self) -> int | None:
        """Number of sequences of a forget unit if units are training steps, else None."""
        return self.training.batch_size if self.data.forget_unit == "step" else None
