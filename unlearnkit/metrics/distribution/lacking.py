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


class Evidence(NamedTuple):
    """What margins say about oracles, in nats.

    originals, oracles      mean margin on the forget set, less that on validation samples
    drop, low, high         difference of the two, and one-sided bounds of it
    memorised               what being trained on a sample adds to its margin: retained less validation samples
    """

    originals: float
    oracles: float
    drop: float
    low: float
    high: float
    memorised: float

    @property
    def verdict(self) -> str:
        """ "lack it" where the drop is above 0, "trained on it" where it is clearly none, else "cannot be told"."""
        if self.low > 0:
            return "lack it"
        return "trained on it" if self.high < LEAST_SHARE * self.memorised else "cannot be told"


def evidence(originals: NDArray[np.floating], oracles: NDArray[np.floating], split: NDArray[np.str_]) -> Evidence:
    """Return what margins of originals and oracles [models, samples] say, both of two models or more.

    `split` [samples] is "forget", "retain" or "validation". Per model the mean margin on the forget set, less that on
    validation samples, so that neither a better recipe nor a luckier model counts; models are the independent draws.
    The bounds are those of Welch's t test. `memorised` is the lower bound of the same difference of retained samples.
    Source: the margins of a forget set fall where models were not trained on it (Georgiev et al. 2024, arXiv
    2410.23232).
    """
    trained, without = (_excess(side, split, "forget") for side in (originals, oracles))
    interval = stats.ttest_ind(trained, without, equal_var=False).confidence_interval(2 * CONFIDENCE - 1)
    known = _excess(originals, split, "retain")
    memorised = known.mean() - stats.t.ppf(CONFIDENCE, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known))
    drop = float(trained.mean() - without.mean())
    # where no model differs from another, the drop itself is all that there is
    low, high = (drop if np.isnan(bound) else float(bound) for bound in (interval.low, interval.high))
    return Evidence(float(trained.mean()), float(without.mean()), drop, low, high, float(memorised))


def require_lacking(
    originals: NDArray[np.floating], oracles: NDArray[np.floating], split: NDArray[np.str_], name: str, place: str
) -> dict[str, Any]:
    """Return what a record states of oracles: the evidence, the verdict, and the 95th percentile of KLOM by split.

    Arrays are those of `evidence`; of one model of either kind nothing can be told. `name` is the forget set, `place`
    where the oracles come from. Raises DataError if the oracles were trained on the forget set.
    """
    if min(len(originals), len(oracles)) < 2:
        return {"verdict": "cannot be told", "models": len(oracles)}
    found = evidence(originals, oracles, split)
    if found.verdict == "trained on it":
        raise DataError(
            f"the oracles of {place} were trained on forget set '{name}': their mean margin on its "
            f"{np.count_nonzero(split == 'forget')} samples, less that on validation samples, is {found.oracles:.2f} "
            f"nats and that of originals {found.originals:.2f}, a drop of {found.high:.2f} at most (99.9 % confidence)",
            expected=f"a clear drop: being trained on a sample adds {found.memorised:.2f} nats or more to its margin",
            remedy="name a commit with oracles that lack it (EasyDUB's of before May 2025 do not), or train these "
            f"here: oracles.forget_sets: {{{name}: null}}",
        )
    values = klom(unlearned=originals.astype(np.float64), oracle=oracles.astype(np.float64))
    by_split = {part: round(float(np.percentile(values[split == part], 95)), 3) for part in np.unique(split)}
    facts = {key: round(value, 4) for key, value in found._asdict().items()}
    return {"verdict": found.verdict, "models": len(oracles), **facts, "klom_p95_of_originals": by_split}


def _excess(margins: NDArray[np.floating], split: NDArray[np.str_], part: str) -> NDArray[np.float64]:
    """Return per model the mean margin on a split less that on validation samples."""
    own, unseen = (margins[:, split == name].mean(axis=1, dtype=np.float64) for name in (part, "validation"))
    return own - unseen
