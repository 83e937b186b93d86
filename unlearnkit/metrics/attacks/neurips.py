"""The score of the NeurIPS-2023 unlearning challenge: how well an attacker distinguishes unlearned models from oracles.

For every forget sample, attacks on the N values under the unlearned models and under the oracles give an epsilon, the
largest that any of them reaches. With the shares FPR of oracles and FNR of unlearned models that an attack calls
wrongly:

    epsilon = max(log((1 - delta - FPR) / FNR), log((1 - delta - FNR) / FPR))        nats
    h       = 2^-floor(epsilon / 0.5),  0 where both rates are 0, as epsilon is infinite
    S       = mean of h over the forget samples * RA_u / RA_r * TA_u / TA_r

The mean of h is the forgetting quality F. RA are the accuracies of unlearned models (u) and oracles (r) on retained
samples, TA those on test samples, for which validation samples stand where the data have none. `compat` has the
published forms of h. Source: Triantafillou et al. 2024 (arXiv 2406.09073).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.attacks.epsilon.notebook import notebook
from unlearnkit.metrics.attacks.epsilon.official import end_of_buckets, official
from unlearnkit.metrics.attacks.epsilon.rates import bucket_score, largest_epsilon, last_bucket_ends
from unlearnkit.metrics.attacks.epsilon.rules import Sides
from unlearnkit.metrics.attacks.epsilon.strongest import strongest
from unlearnkit.metrics.margins import loss_from_margins, require_finite
from unlearnkit.metrics.population import Population, require_same_samples

AXIS = "samples"
READS = ("margins",)
STATES = ("unlearned_from", "test_size")
NEEDS_ORACLE = True
HEADLINE = "score"
STATISTIC = "mean"
MIN_MODELS = 4  # rules are fitted on two and tested on two
MEASURES = {
    "score": {
        "direction": "higher",
        "low": 0.0,
        "high": None,  # unlearned models may be more accurate than oracles
        "unit": "fraction",
        "label": "Challenge score",
        "splits": ("forget",),
    },
    "forgetting": {
        "direction": "higher",
        "low": 0.0,
        "high": None,  # 1, but compat: notebook exceeds it
        "unit": "fraction",
        "label": "Forgetting quality",
        "splits": ("forget",),
    },
    "epsilon": {
        "direction": "lower",
        "low": 0.0,
        "high": None,
        "unit": "nats",
        "label": "Epsilon",
        "splits": ("forget",),
    },
    "no_threshold": {
        "direction": "lower",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Without a valid threshold",
        "splits": ("forget",),
    },
}
FIXED = {
    "official": {"attacks": ("single_grid", "double_grid"), "rates": "in_sample", "delta": 1e-5, "quantity": "margin"},
    "notebook": {"attacks": ("logistic",), "rates": "held_out", "delta": 1e-6, "quantity": "loss"},
}
"""What the published forms fix; the notebook's quantity may be the margin, too."""
VALUES_PER_CHUNK = 50_000  # of both sides: temporary arrays of the sweeps are of 0.4 MB, in the second-level cache


class Settings(BaseSettings):
    """The attacks, and how their error rates are measured."""

    attacks: tuple[Literal["single", "double", "single_grid", "double_grid", "gaussian", "kernel", "logistic"], ...] = (
        Field(
            ("single", "double", "gaussian", "kernel", "logistic"),
            min_length=1,
            description="epsilon is the largest that one of them reaches; arXiv 2406.09073",
        )
    )
    rates: Literal["held_out", "in_sample"] = Field(
        "held_out",
        description="held_out: rules are fitted on half of the models and tested on the others, both ways; in_sample: "
        "fitted and tested on all, as published, which is biased upwards",
    )
    delta: float = Field(1e-5, ge=0, lt=0.5, description="of (epsilon, delta)-closeness; arXiv 2406.09073")
    quantity: Literal["margin", "loss"] = Field(
        "margin", description="margin: the logit-scaled confidence, nats; loss: the cross entropy, nats"
    )
    compat: Literal["official", "notebook"] | None = Field(
        None,
        description="official: the challenge's scoring code; notebook: its re-implementation with all defects, "
        "github.com/AlbinSou/unlearning-challenge-metric; both fix the settings above, but the notebook's quantity may "
        "be margin",
    )
    num_models: int | None = Field(None, ge=4, description="models per side; null: all")

    @model_validator(mode="before")
    @classmethod
    def _as_published(cls, given: Any) -> Any:
        return {**FIXED.get(str(given.get("compat")), {}), **given} if isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _not_changed(self) -> Self:
        for name, value in FIXED.get(self.compat or "", {}).items():
            if getattr(self, name) != value and (self.compat, name) != ("notebook", "quantity"):
                fixed = ", ".join(value) if isinstance(value, tuple) else value
                raise ValueError(f"compat {self.compat} fixes {name} to {fixed}; expected no other, or no compat")
        return self


class Scores(NamedTuple):
    """Of every sample: `epsilon` (nats, an infinite one as `end`), `forgetting`, and `valid`, arrays [samples].

    `end` is where the last bucket of epsilon ends: from there on `forgetting` is 0.
    """

    epsilon: NDArray[np.float64]
    forgetting: NDArray[np.float64]
    valid: NDArray[np.bool_]
    end: float


def score(
    candidate: Population, oracle: Population, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the four measures of every forget sample, {measure: {"forget": [samples]}}.

    The mean of `score` is S: it is `forgetting` times both ratios of accuracies (compat "notebook" leaves them out).
    `rng` is unused. Raises MetricError as `forgetting_scores` does, for oracles without a correct prediction, and for
    populations of different samples.
    """
    require_same_samples(candidate, oracle)
    candidate, oracle = (side.first_models(settings.num_models) for side in (candidate, oracle))
    utility = 1.0 if settings.compat == "notebook" else utility_factor(candidate, oracle)
    unlearned, reference = (_quantity(side.of_split("forget"), settings) for side in (candidate, oracle))
    found = forgetting_scores(unlearned=unlearned, oracle=reference, settings=settings)
    values = {
        "score": found.forgetting * utility,
        "forgetting": found.forgetting,
        "epsilon": found.epsilon,
        "no_threshold": (~found.valid).astype(np.float64),
    }
    return {measure: {"forget": of_samples} for measure, of_samples in values.items()}


def forgetting_scores(
    *, unlearned: NDArray[np.floating], oracle: NDArray[np.floating], settings: Settings | None = None
) -> Scores:
    """Return epsilon and score of every sample from a value under N unlearned models and under N oracles.

    `unlearned` [models, samples] and `oracle` [models, samples], floating, finite; at least 4 models each, equally many
    with `compat`. `settings` are the defaults if None. Scores are in [0, 1] (above 1 only with compat "notebook"),
    higher is better. Raises MetricError for fewer models, NaN or infinite values, and samples whose value is the same
    under all models of both sides.

    >>> ours, theirs = np.arange(0.0, 100)[:, None], np.arange(200.0, 300)[:, None]
    >>> scores = forgetting_scores(unlearned=ours, oracle=theirs)
    >>> scores.forgetting.tolist(), scores.epsilon.tolist(), scores.end
    ([0.0], [5.0], 5.0)
    """
    settings = settings or Settings.model_validate({})
    sides = Sides(np.asarray(unlearned, np.float64), np.asarray(oracle, np.float64))
    _require_attackable(sides, settings.compat)
    end = _end(sides, settings)
    if settings.compat == "notebook":
        scored = notebook(sides)
        return Scores(scored.epsilon, scored.score, scored.valid, end)
    width = max(1, VALUES_PER_CHUNK // sum(sides.sizes))
    chunks = [slice(start, start + width) for start in range(0, sides.unlearned.shape[1], width)]
    found = [_found(Sides(*(side[:, chunk] for side in sides)), settings) for chunk in chunks]
    epsilon, valid = (np.concatenate(parts) for parts in zip(*found, strict=True))
    shown = epsilon if settings.compat else np.minimum(epsilon, end)
    return Scores(shown, bucket_score(epsilon, end=end), valid, end)


def utility_factor(candidate: Population, oracle: Population) -> float:
    """Return RA_u / RA_r * TA_u / TA_r, the accuracies of candidate and oracles averaged over models and samples.

    TA is that on test samples, or on validation samples where there are no test samples. Raises MetricError if the
    oracles' is 0.
    """
    factor = 1.0
    for split in ("retain", (*candidate.present(("test",)), "validation")[0]):
        accuracy, reference = (
            float(side.of_split(split).correct.mean(dtype=np.float64)) for side in (candidate, oracle)
        )
        if reference == 0:
            raise MetricError(
                f"the oracles predict no {split} sample correctly, so accuracies cannot be compared with theirs",
                expected="oracles with an accuracy above 0",
                remedy="train them for longer",
            )
        factor *= accuracy / reference
    return factor


def _found(sides: Sides, settings: Settings) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if settings.compat == "official":
        return official(sides)
    return strongest(sides, settings.attacks, delta=settings.delta, held_out=settings.rates == "held_out")


def _end(sides: Sides, settings: Settings) -> float:
    oracles, unlearned = sides.sizes
    if settings.compat == "official":
        return end_of_buckets(oracles)
    tested = 2 if settings.compat else 1  # the notebook's folds are not added up
    return last_bucket_ends(
        largest_epsilon(oracles=oracles // tested, unlearned=unlearned // tested, delta=settings.delta)
    )


def _quantity(population: Population, settings: Settings) -> NDArray[np.floating]:
    if settings.quantity == "margin":
        return population.margins
    if population.losses is not None:
        return population.losses
    # in float32 all losses of confident samples would be zero, hence tied
    return loss_from_margins(population.margins.astype(np.float64))


def _require_attackable(sides: Sides, compat: str | None) -> None:
    for name, side in (("unlearned", sides.unlearned), ("oracle", sides.oracle)):
        require_finite(side, name)
    oracles, unlearned = sides.sizes
    if min(oracles, unlearned) < MIN_MODELS:
        raise MetricError(
            f"the challenge score got {unlearned} unlearned models and {oracles} oracles",
            expected=f"at least {MIN_MODELS} of each: fewer leave a single bucket of epsilon",
            remedy="train more models",
        )
    if compat and oracles != unlearned:
        raise MetricError(
            f"the challenge score with compat: {compat} got {unlearned} unlearned models but {oracles} oracles",
            expected="equally many, since its buckets follow from one N",
            remedy="set num_models to the smaller number, or leave compat out",
        )
    same = (np.ptp(np.concatenate(sides), axis=0) == 0).sum()
    if same:
        raise MetricError(
            f"{same} of {sides.oracle.shape[1]} forget samples have the same value under all models of both sides",
            expected="values that differ, so that models can be distinguished by them",
            remedy="look at the margins of these samples: the models may not depend on their input",
        )
