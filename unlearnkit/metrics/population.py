"""A population: the outputs of N models of one kind on the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import MetricError

OPTIONAL = (
    "test",
    "authors",
    "facts",
    "forget_passages",
    "forget_questions",
    "retain_questions",
    "choices",
    "wikitext",
    "lambada",
    "dialogue",
)
"""Splits that only some data have: metrics that declare them have values for them where there are such samples."""
SPLITS = ("forget", "retain", "validation", *OPTIONAL)

ALL = "all"
"""What a measure over models declares as its split if it belongs to no single one; its samples are those of all."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What the models of a population show beside margins, on some of its samples: pure arrays.

    `values` are arrays [models, items] or [models, items, width] by name, `samples` [items] the position in the
    population of the sample that each item is, rising.
    """

    values: Mapping[str, NDArray]
    samples: NDArray[np.integer]

    def __getitem__(self, name: str) -> NDArray:
        """Return a value by its name, [models, items, ...]."""
        return self.values[name]

    def take_models(self, indices: NDArray[np.integer] | list[int] | slice) -> Observation:
        """Return what the models at `indices` show."""
        return Observation({name: values[indices] for name, values in self.values.items()}, self.samples)

    def take_samples(self, indices: NDArray[np.integer] | list[int], samples: int) -> Observation:
        """Return the items that are samples at `indices` of a population of `samples`, in that order."""
        item_of = np.full(samples, -1)
        item_of[self.samples] = np.arange(len(self.samples))
        items = item_of[indices]
        there = np.flatnonzero(items >= 0)
        return Observation({name: values[:, items[there]] for name, values in self.values.items()}, there)


@dataclass(frozen=True, eq=False)
class Population:
    """Margins and correctness of N models (originals, oracles or unlearned models) on the same samples.

    `margins` [models, samples] floating, nats, or another value that is higher for more confident models; `correct`
    [models, samples] bool, whether the prediction is the label, or floating in [0, 1], the share of a sample's
    predictions that are (a sequence has one per token); `split` [samples] str, one of SPLITS; `losses` [models,
    samples] floating, nats, where they are known beside the margins. `member` and `forgotten` [models, samples] bool
    state where models differ in what they were trained on and what they are to forget (models of a pool, and what is
    unlearned from them); None where all have the same, which then follows from `split` (`trained_on`, `forgets`).
    `origin` [models] integer numbers the independent model that each comes from, where several come from one (requests
    to a model of a pool, each of which starts from it again); None where each has its own.
    `observed` holds what else the metric declares in READS, by name. Non-finite margins are allowed: they mark failed
    models, which `failed_models` lists. Raises MetricError, naming the array, if types, shapes or shares do not fit.
    """

    margins: NDArray[np.floating]
    correct: NDArray[np.bool_] | NDArray[np.floating]
    split: NDArray[np.str_]
    losses: NDArray[np.floating] | None = None
    member: NDArray[np.bool_] | None = None
    forgotten: NDArray[np.bool_] | None = None
    origin: NDArray[np.integer] | None = None
    observed: Mapping[str, Observation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.margins.ndim != 2 or not np.issubdtype(self.margins.dtype, np.floating):
            raise MetricError(
                f"population margins are {self.margins.dtype} of shape {self.margins.shape}",
                expected="floating [models, samples]",
            )
        shares = np.issubdtype(self.correct.dtype, np.floating)
        if self.correct.shape != self.margins.shape or not (shares or self.correct.dtype == bool):
            raise MetricError(
                f"population 'correct' is {self.correct.dtype} of shape {self.correct.shape}",
                expected=f"bool or floating of shape {self.margins.shape}, like the margins",
            )
        if shares and not ((self.correct >= 0) & (self.correct <= 1)).all():
            raise MetricError("population 'correct' holds values outside [0, 1]", expected="shares")
        if self.losses is not None and self.losses.shape != self.margins.shape:
            raise MetricError(
                f"population 'losses' have shape {self.losses.shape}",
                expected=f"{self.margins.shape}, like the margins",
            )
        for name in ("member", "forgotten"):
            matrix = getattr(self, name)
            if matrix is not None and (matrix.shape != self.margins.shape or matrix.dtype != bool):
                raise MetricError(
                    f"population '{name}' is {matrix.dtype} of shape {matrix.shape}",
                    expected=f"bool of shape {self.margins.shape}, like the margins",
                )
        if self.origin is not None and self.origin.shape != (self.models,):
            raise MetricError(
                f"population 'origin' has shape {self.origin.shape}",
                expected=f"one number for each of {self.models} models",
            )
        if self.split.shape != (self.samples,):
            raise MetricError(
                f"population 'split' has shape {self.split.shape}",
                expected=f"one name for each of {self.samples} samples",
            )
        unknown = self.split[~np.logical_or.reduce([self.split == name for name in SPLITS])]
        if unknown.size:
            raise MetricError(f"population 'split' holds '{unknown[0]}'", expected=f"only {', '.join(SPLITS)}")

        for name, observation in self.observed.items():
            self._require_fitting(name, observation)

    def _require_fitting(self, name: str, observation: Observation) -> None:
        for value, array in observation.values.items():
            if array.shape[:2] != (self.models, len(observation.samples)):
                raise MetricError(
                    f"population '{name}' holds '{value}' of shape {array.shape}",
                    expected=f"{self.models} models and {len(observation.samples)} items",
                )

    @property
    def models(self) -> int:
        """Number of models."""
        return self.margins.shape[0]

    @property
    def units(self) -> NDArray[np.intp]:
        """Which of the independent models each comes from, 0, 1, ..., [models]: itself, unless `origin` is stated."""
        if self.origin is None:
            return np.arange(self.models)
        return np.unique(self.origin, return_inverse=True)[1]

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.margins.shape[1]

    @property
    def failed_models(self) -> NDArray[np.intp]:
        """Positions of the models with at least one non-finite margin."""
        return np.flatnonzero(~np.isfinite(self.margins).all(axis=1))

    def take_models(self, indices: NDArray[np.integer] | list[int] | slice) -> Population:
        """Return the population of the models at `indices` (repeats allowed), in that order."""
        observed = {name: each.take_models(indices) for name, each in self.observed.items()}
        taken = self._taken((indices,), self.split, observed)
        return taken if self.origin is None else replace(taken, origin=self.origin[indices])

    def first_models(self, count: int | None) -> Population:
        """Return the first `count` models, or all if None; raises MetricError if there are fewer."""
        if count is None or count == self.models:
            return self
        if count > self.models:
            raise MetricError(
                f"num_models asks for {count} models but the population has {self.models}",
                expected=f"num_models of at most {self.models}",
                remedy="lower num_models or train more models",
            )
        return self.take_models(slice(count))

    def take_samples(self, indices: NDArray[np.integer] | list[int]) -> Population:
        """Return the population restricted to the samples at `indices`."""
        observed = {name: each.take_samples(indices, self.samples) for name, each in self.observed.items()}
        return replace(self._taken((slice(None), indices), self.split[indices], observed), origin=self.origin)

    def trained_on(self, splits: Sequence[str]) -> NDArray[np.bool_]:
        """Return which samples each model was trained on before it forgot any, bool [models, samples].

        It is `member`, or, where all models have the same, the samples of `splits`: ("forget", "retain") for originals
        and for what is unlearned from them, ("retain",) for oracles.
        """
        if self.member is not None:
            return self.member
        return np.broadcast_to(np.isin(self.split, splits), self.margins.shape)

    def forgets(self) -> NDArray[np.bool_]:
        """Return which samples each model is to forget, bool [models, samples]: `forgotten`, else the forget split."""
        if self.forgotten is not None:
            return self.forgotten
        return np.broadcast_to(self.split == "forget", self.margins.shape)

    def samples_of(self, name: str) -> NDArray[np.intp]:
        """Return the positions of the samples of one split, or of ALL; raises MetricError if it has none."""
        indices = np.arange(self.samples) if name == ALL else np.flatnonzero(self.split == name)
        if not indices.size:
            raise MetricError(
                f"the population has no sample of split '{name}'",
                expected=f"samples of each of {', '.join(name for name in SPLITS if name not in OPTIONAL)}",
            )
        return indices

    def present(self, splits: Sequence[str]) -> tuple[str, ...]:
        """Return `splits`, without those of OPTIONAL that no sample belongs to."""
        return tuple(name for name in splits if name not in OPTIONAL or (self.split == name).any())

    def of_split(self, name: str) -> Population:
        """Return the population restricted to one split; raises MetricError if it has no sample."""
        return self.take_samples(self.samples_of(name))

    def seen(self, name: str, split: str) -> Observation:
        """Return what the observation `name` holds of the samples of a split.

        Raises MetricError if the split has no sample, or some of its samples were not observed.
        """
        part = self.of_split(split)
        found = part.observed[name]
        if len(found.samples) == part.samples:
            return found
        raise MetricError(
            f"of {part.samples} {split} samples {len(found.samples)} have {name}",
            expected=f"{name} of every sample of a split",
            remedy=f"add {split} to observations.{name}.items, or remove that key",
        )

    def _taken(self, where: Any, split: NDArray[np.str_], observed: Mapping[str, Observation]) -> Population:
        """Return the part of every array [models, samples] at `where`, with the split of its samples."""
        optional = ("losses", "member", "forgotten")
        given = {name: array[where] for name in optional if (array := getattr(self, name)) is not None}
        return type(self)(self.margins[where], self.correct[where], split, **given, observed=observed)


def require_same_samples(candidate: Population, oracle: Population) -> None:
    """Raise MetricError unless both populations were evaluated on the same samples, as far as the splits show."""
    if not np.array_equal(candidate.split, oracle.split):
        raise MetricError(
            f"candidate ({candidate.samples} samples) and oracle ({oracle.samples}) differ in their samples or splits",
            expected="both evaluated on the same samples of the same forget set, in the same order",
        )


def require_comparable(unlearned: NDArray, oracle: NDArray, metric: str) -> None:
    """Raise MetricError unless both are floating [models, samples], of the same samples, with at least two models."""
    for name, margins in (("unlearned", unlearned), ("oracle", oracle)):
        if margins.ndim != 2 or not np.issubdtype(margins.dtype, np.floating):
            raise MetricError(
                f"{name} margins are {margins.dtype} of shape {margins.shape}", expected="floating [models, samples]"
            )
        if len(margins) < 2:
            raise MetricError(
                f"{metric} got too few {name} models ({len(margins)})",
                expected="at least 2 models per side, and 80 or more for stable values",
                remedy="train more models",
            )
    if unlearned.shape[1] != oracle.shape[1]:
        raise MetricError(
            f"unlearned margins have {unlearned.shape[1]} samples but oracle margins {oracle.shape[1]}",
            expected="the same samples in the same order",
            remedy="transpose them: margins are [models, samples]" if len(unlearned) == len(oracle) else None,
        )
