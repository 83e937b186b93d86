"""Margin files: the observation `margins` as metrics and figures use it.

Columns of images: `model_0000`, ... float32 margins in nats, and `correct_0000`, ... bool: whether the label was the
model's first choice, which a margin below zero leaves open. Files that were made of published margins alone state
`gaps`, and have nulls where a margin leaves it open.

A sequence has many labels. Files of sequences hold `targets` int32, how many one has; `model_0000` is the mean of their
margins, `correct_0000` float32 the share of them that is the model's first choice, `margin_min_0000` the smallest
margin and `loss_sum_0000` the sum of their losses, float32 in nats.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unlearnkit.artifacts import observations
from unlearnkit.artifacts.observations import Observed, read_observation, write_observation
from unlearnkit.errors import ArtifactError
from unlearnkit.registry import ALWAYS_OBSERVED


@dataclass(frozen=True)
class Margins:
    """Margins of some models on samples: float32 `margins` and `correct` [models, samples], at one epoch.

    `correct` is bool, or float32: where a sample has several targets, the share that is right; where it is not known of
    every sample, NaN there. Samples with several targets have `others`, "margin_min" and "loss_sum" -> float32 [models,
    samples], and `targets` int32 [samples].
    """

    margins: np.ndarray
    correct: np.ndarray
    model_indices: tuple[int, ...]
    split: np.ndarray
    sample_index: np.ndarray
    others: Mapping[str, np.ndarray] = field(default_factory=dict)
    targets: np.ndarray | None = None

    @classmethod
    def of(cls, observed: Observed) -> Margins:
        """Return the margins that were observed."""
        others = {name: values for name, values in observed.values.items() if name not in ("model", "correct")}
        margins, correct = observed.values["model"], observed.values["correct"]
        where = observed.model_indices, observed.split, observed.sample_index
        return cls(margins, correct, *where, others, observed.of_samples.get("targets"))

    @property
    def observed(self) -> Observed:
        """The same as a file holds it."""
        of_samples = {} if self.targets is None else {"targets": self.targets.astype(np.int32)}
        values = {"model": self.margins, "correct": self.correct, **self.others}
        return Observed(values, self.model_indices, self.split, self.sample_index, of_samples)

    @property
    def losses(self) -> np.ndarray | None:
        """Mean losses over the targets, float64 [models, samples] in nats; None where margins alone are stored."""
        return None if self.targets is None else self.others["loss_sum"].astype(np.float64) / self.targets

    def value(self, name: str) -> np.ndarray:
        """Return what metrics compare, float32 [models, samples] in nats, higher for more confident models.

        `name` is "margin_mean" (for images: the margin), "margin_min", or "loss_mean", the negative mean loss. Raises
        ArtifactError if the samples are images, which have one target each, and another value than the first is asked.
        """
        if name == "margin_mean":
            return self.margins
        if (losses := self.losses) is None:
            raise ArtifactError(f"there is no value {name}", expected="margin_mean, the only value of images")
        return -losses.astype(np.float32) if name == "loss_mean" else self.others[name]

    def take_samples(self, rows: np.ndarray) -> Margins:
        """Return the margins on the samples at `rows` (indices or mask)."""
        return Margins.of(self.observed.take_samples(rows))

    def take_models(self, models: Sequence[int]) -> Margins:
        """Return the margins of the models with the indices `models`, in that order; raises ValueError if one lacks."""
        return Margins.of(self.observed.take_models(models))


def write_margins(path: str | os.PathLike[str], margins: Mapping[int, Margins], facts: Mapping[str, Any]) -> None:
    """Write the margins of one shard, keyed by epoch, as one Parquet file."""
    write_observation(path, {epoch: part.observed for epoch, part in margins.items()}, facts)


def read_margins(paths: Sequence[str | os.PathLike[str]]) -> dict[int, Margins]:
    """Read the shards of one population and return epoch -> Margins; raises as `read_observation` does."""
    return {epoch: Margins.of(part) for epoch, part in read_observation(paths, ALWAYS_OBSERVED).items()}


def read_selection(
    paths: Sequence[str | os.PathLike[str]], selection: Sequence[tuple[str, int, int]]
) -> dict[int, Margins]:
    """Read models from one or more populations, for metrics; raises as `observations.read_selection` does.

    What a file leaves open of `correct` is False, so that the array has the type of all others: the configuration
    refuses metrics that read it of such files (`unlearnkit.config.models.publication.without_correctness`).
    """
    parts = observations.read_selection(paths, selection, ALWAYS_OBSERVED)
    return {epoch: _decided(Margins.of(part)) for epoch, part in parts.items()}


def _decided(margins: Margins) -> Margins:
    shares = margins.correct.dtype != bool and margins.targets is None
    return replace(margins, correct=margins.correct == 1) if shares else margins
