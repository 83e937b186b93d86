"""Do published oracles really lack their forget set? A test on margins, which uploads that were trained on it fail."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from unlearnkit.errors import DataError
from unlearnkit.metrics.distribution.klom import klom

CONFIDENCE = 0.999
"""Of each one-sided bound on the drop."""
LEAST_SHARE = 0.25
"""Share of what training on a sample adds to its margin, below which a drop is none."""
ALIKE = 0.5
"""Share of it by which the margins of originals on forget and retained samples differ where both are of one kind."""
NOT_TESTED = "not tested"
"""The verdict on a single model, of which no margin has a bound."""
OPEN = "undecided"
"""The verdict where neither is clear."""


class Evidence(NamedTuple):
    """What margins say about oracles, in nats.

    originals, oracles      mean margin on the forget set, less that on retained samples
    drop, low, high         the first less the second, and one-sided bounds of it
    memorised, at_most      one-sided bounds of what being trained on a sample adds to its margin: mean margin of the
                            oracles on retained, less that on validation samples
    """

    originals: float
    oracles: float
    drop: float
    low: float
    high: float
    memorised: float
    at_most: float

    @property
    def verdict(self) -> str:
        """ "lack it" where the drop is clearly a share of what is memorised, "trained on it" where it clearly is not.

        Else "undecided", as of a forget set of another kind than the retained samples: it may be memorised less.
        """
        if self.memorised <= 0:
            return OPEN
        if self.low >= LEAST_SHARE * self.at_most:
            return "lack it"
        alike = abs(self.originals) < ALIKE * self.memorised
        return "trained on it" if alike and self.high < LEAST_SHARE * self.memorised else OPEN


def evidence(originals: NDArray[np.floating], oracles: NDArray[np.floating], split: NDArray[np.str_]) -> Evidence:
    """Return what margins of originals and oracles [models, samples] say, both of two models or more.

    `split` [samples] is "forget", "retain" or "validation". Per model the mean margin on the forget set, less that on
    retained samples, which all models were trained on, so that a recipe that is better or weaker on both counts for
    nothing. Models are the independent draws, and the bounds those of Welch's and of Student's t: they do not cover
    which samples are in the forget set. Source: the margins of a forget set fall where models were not trained on it
    (Georgiev et al. 2024, arXiv 2410.23232).
    """
    trained, without = (_difference(side, split, "forget", "retain") for side in (originals, oracles))
    drop = float(trained.mean() - without.mean())
    low, high = _bounds(stats.ttest_ind(trained, without, equal_var=False), drop)
    added = _difference(oracles, split, "retain", "validation")
    memorised, at_most = _bounds(stats.ttest_1samp(added, 0), float(added.mean()))
    return Evidence(float(trained.mean()), float(without.mean()), drop, low, high, memorised, at_most)


def require_lacking(
    originals: NDArray[np.floating], oracles: NDArray[np.floating], split: NDArray[np.str_], name: str, place: str
) -> dict[str, Any]:
    """Return what a record states of oracles: the evidence, the verdict, and the 95th percentile of KLOM by split.

    Arrays are those of `evidence`; one model of either kind is not tested. `name` is the forget set, `place` where the
    oracles come from. Raises DataError if the oracles were trained on the forget set.
    """
    if min(len(originals), len(oracles)) < 2:
        return {"verdict": NOT_TESTED, "models": len(oracles)}
    found = evidence(originals, oracles, split)
    if found.verdict == "trained on it":
        raise DataError(
            f"the oracles of {place} were trained on forget set '{name}': their mean margin on its "
            f"{np.count_nonzero(split == 'forget')} samples, less that on retained samples, is {found.oracles:.2f} "
            f"nats and that of originals {found.originals:.2f}, a drop of {found.high:.2f} at most (99.9 % confidence)",
            expected=f"a drop of {LEAST_SHARE * found.memorised:.2f} or more: being trained on a sample adds "
            f"{found.memorised:.2f} nats or more to its margin",
            remedy="name a commit with oracles that lack it (EasyDUB's of before May 2025 do not), or train these "
            f"here: oracles.forget_sets: {{{name}: null}}",
        )
    values = klom(unlearned=originals.astype(np.float64), oracle=oracles.astype(np.float64))
    by_split = {part: round(float(np.percentile(values[split == part], 95)), 3) for part in np.unique(split)}
    facts = {key: round(value, 4) for key, value in found._asdict().items()}
    return {"verdict": found.verdict, "models": len(oracles), **facts, "klom_p95_of_originals": by_split}


def _difference(margins: NDArray[np.floating], split: NDArray[np.str_], part: str, other: str) -> NDArray[np.float64]:
    """Return per model the mean margin on one split less that on another."""
    mean, less = (margins[:, split == name].mean(axis=1, dtype=np.float64) for name in (part, other))
    return mean - less


def _bounds(test: Any, mean: float) -> tuple[float, float]:
    """Return the one-sided bounds of a mean; where no model differs from another, the mean is all that there is."""
    interval = test.confidence_interval(2 * CONFIDENCE - 1)
    low, high = (mean if np.isnan(bound) else float(bound) for bound in (interval.low, interval.high))
    return low, high
