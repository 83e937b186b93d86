"""Which forgotten samples resisted: their values beside the noise floor, tested and corrected for their number."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from unlearnkit.artifacts.scores import read_final_samples, read_final_scores
from unlearnkit.layout import REFERENCE_CANDIDATES
from unlearnkit.ranking.significance import LEVEL, false_discovery
from unlearnkit.report.numbers import number

MOST_SAMPLES = 60
"""Samples that a page shows of a forget set, those that resisted most."""


class Excerpt(Protocol):
    """What a sample looks like: `data.excerpts.Excerpt`, which the report does not import."""

    @property
    def label(self) -> str:
        """Name of the class of an image."""
        ...

    @property
    def picture(self) -> NDArray[np.uint8] | None:
        """Pixels [height, width] or [height, width, 3] of an image."""
        ...

    @property
    def text(self) -> str:
        """Text of a sequence."""
        ...


Values = Mapping[str, NDArray[np.float64]]
"""Split -> a value per sample, NaN where undefined."""


@dataclass(frozen=True)
class SampleValue:
    """A sample's value under a variant; `resists` if it is above the floor after correction."""

    text: str
    order: float | None
    resists: bool


@dataclass(frozen=True)
class Sample:
    """A forgotten sample: its index in the training split, what it looks like, and its values."""

    index: int
    label: str
    picture: str
    text: str
    resists: int
    references: tuple[SampleValue, ...]
    values: tuple[SampleValue, ...]


@dataclass(frozen=True)
class Explorer:
    """The forgotten samples of a forget set by one metric, those first that resist most variants.

    `resisting` variant -> how many samples resist, `tested` variant -> how many have a value that could be tested, both
    of all `total`; `null` floor values each is compared with.
    """

    metric: str
    label: str
    unit: str
    references: tuple[str, ...]
    variants: tuple[str, ...]
    samples: tuple[Sample, ...]
    resisting: Mapping[str, int]
    tested: Mapping[str, int]
    total: int
    null: int

    @property
    def untested(self) -> bool:
        """Whether nothing can be said: no variant has a value, or the floor has none."""
        return not any(self.tested.values())


def resistance(
    scores: Mapping[str, Values], variants: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return values and corrected p values [variants, forget samples], and the floor values that they are tested by.

    p = (1 + floor values >= x) / (1 + floor values),    then corrected by Benjamini and Hochberg, each variant's alone

    A sample that is forgotten has a value like those of the floor, oracles against other oracles, here of all splits: p
    is how rarely one of them is as large. The floor of all samples is taken for that of each. Larger values are farther
    from the oracles. Corrected together, what bad variants leave would let samples of a perfect one resist by chance.
    A value that is undefined has no p value, and without a floor none has. Source: conformal p values, Bates et al.
    2023 (Ann. Statist. 51).
    """
    values = np.array([scores[variant]["forget"] for variant in variants], float)
    floor = np.concatenate(list(scores["oracle"].values()))
    floor = np.sort(floor[np.isfinite(floor)])
    at_least = len(floor) - np.searchsorted(floor, values, side="left")
    p = np.where(np.isfinite(values) & (len(floor) > 0), (1 + at_least) / (1 + len(floor)), np.nan)
    return values, np.array([false_discovery(of_variant) for of_variant in p]).reshape(p.shape), floor


def resisting(scores: Mapping[str, Values]) -> list[int]:
    """Return the positions of the forget samples to show, those first that resist most variants, then by mean value."""
    values, corrected, _ = resistance(scores, variants_of(scores))
    known = np.where(np.isfinite(values), values, 0.0)
    order = np.lexsort((-known.mean(axis=0), -(corrected < LEVEL).sum(axis=0)))
    return order[:MOST_SAMPLES].tolist()


def variants_of(scores: Mapping[str, Values]) -> tuple[str, ...]:
    """Return the candidates that are variants."""
    return tuple(candidate for candidate in scores if candidate not in REFERENCE_CANDIDATES)


def explorer(
    files: Mapping[str, str], name: str, metric: ModuleType, look: Callable[[Sequence[int]], Sequence[Excerpt]]
) -> Explorer:
    """Return the explorer of one forget set by a metric of samples where lower is better.

    `files` candidate -> score file, among them "oracle"; `look` returns excerpts of training samples by their indices.
    """
    scores = {candidate: read_final_scores(path, metric.HEADLINE) for candidate, path in files.items()}
    indices = (read_final_samples(files["oracle"]) or {})["forget"]
    chosen = resisting(scores)
    return explored(name, metric, scores, dict(zip(chosen, indices[chosen].tolist(), strict=True)), look)


def explored(
    name: str,
    metric: ModuleType,
    scores: Mapping[str, Values],
    chosen: Mapping[int, int],
    look: Callable[[Sequence[int]], Sequence[Excerpt]],
) -> Explorer:
    """Return the explorer of values: candidate -> split -> values, and of the samples `chosen`, position -> index."""
    variants = variants_of(scores)
    references = tuple(candidate for candidate in REFERENCE_CANDIDATES if candidate in scores)
    values, corrected, floor = resistance(scores, variants)
    resists = corrected < LEVEL
    samples = []
    for (at, index), excerpt in zip(chosen.items(), look([*chosen.values()]), strict=True):
        samples.append(
            Sample(
                index,
                excerpt.label,
                "" if excerpt.picture is None else thumbnail(excerpt.picture),
                excerpt.text,
                int(resists[:, at].sum()),
                tuple(_value(scores[name]["forget"][at], resists=False) for name in references),
                tuple(_value(values[row, at], resists=bool(resists[row, at])) for row in range(len(variants))),
            )
        )
    declared = metric.MEASURES[metric.HEADLINE]
    return Explorer(
        name,
        declared["label"],
        declared["unit"],
        references,
        variants,
        tuple(samples),
        dict(zip(variants, resists.sum(axis=1).tolist(), strict=True)),
        dict(zip(variants, np.isfinite(corrected).sum(axis=1).tolist(), strict=True)),
        values.shape[1],
        len(floor),
    )


def thumbnail(picture: NDArray[np.uint8]) -> str:
    """Return a picture as the address of a PNG that contains it, the same for the same pixels."""
    stream = io.BytesIO()
    # colours of a grey map are rounded: grey pixels are written as three equal channels
    colours = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    no_version: Any = {"Software": None}
    imsave(stream, colours, format="png", metadata=no_version)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _value(value: float, *, resists: bool) -> SampleValue:
    return SampleValue(number(value), float(value), resists) if np.isfinite(value) else SampleValue("", None, False)
