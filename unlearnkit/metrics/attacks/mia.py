"""Population membership inference: can an attacker distinguish forget samples from unseen ones by loss?

Forget samples are the attack's members, validation samples its non-members. The target of every measure is the oracles'
own value, not chance: a model that never saw the forget set may still have different losses on it and on the
validation set.

The loss is that of the population where it has one (sequences: the mean over targets), else it follows from the margin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.attacks.logistic import fit_logistic
from unlearnkit.metrics.margins import loss_from_margins, require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins",)
NEEDS_ORACLE = False
HEADLINE = "indiscernibility"
STATISTIC = "mean"
MIN_MODELS = 1
MIN_SAMPLES = 2  # to train on one and test on another
MEASURES = {
    "accuracy": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Accuracy",
        "splits": ("forget", "retain", "validation", "test"),
    },
    "mia_accuracy": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "MIA accuracy",
        "splits": ("forget",),
    },
    "indiscernibility": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Indiscernibility",
        "splits": ("forget",),
    },
    "mia_auc": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "MIA AUC",
        "splits": ("forget",),
    },
    "mia_tpr_at_fpr": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "MIA TPR at set FPR",
        "splits": ("forget",),
    },
}
VALUES_PER_FIT = 2**20  # losses fitted in one call: 8 MB per temporary array


class Settings(BaseSettings):
    """The attacks' settings."""

    splits: int = Field(10, ge=1, description="train/test splits of the logistic attack; arXiv 2410.01276")
    test_fraction: float = Field(
        0.1, gt=0, lt=1, description="share of each class tested on in a split; arXiv 2410.01276"
    )
    fpr: float = Field(0.01, gt=0, lt=1, description="false-positive rate at which the true-positive rate is reported")


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return accuracies and attack results of every candidate model, {measure: {split: [models]}}; `oracle` is unused.

        l                = loss of a sample, nats: log(1 + exp(-margin)), of a sequence the mean over its targets
        mia_auc          = P(l of a member < l of a non-member), ties count half
        mia_tpr_at_fpr   = largest share of members with l < t, t such that at most fpr of the non-members have l < t
        mia_accuracy     = share of test samples that logistic regression on l is right about, mean over splits
        indiscernibility = 1 - |mia_accuracy - 0.5| / 0.5
        accuracy         = share of correct samples, of sequences the mean share of correct tokens

    All are in [0, 1]. The logistic attack draws its samples and splits from `rng`; the threshold attacks use all forget
    and validation samples. Raises MetricError for non-finite margins, a split without samples, or fewer than two
    samples to attack.
    """
    require_finite(candidate.margins, "candidate")
    members, non_members = (_losses(candidate.of_split(name)) for name in ("forget", "validation"))
    attack_accuracy = logistic_attack_accuracy(
        members, non_members, splits=settings.splits, test_fraction=settings.test_fraction, rng=rng
    )
    splits = candidate.present(MEASURES["accuracy"]["splits"])
    return {
        "accuracy": {name: candidate.of_split(name).correct.mean(axis=1, dtype=np.float64) for name in splits},
        "mia_accuracy": {"forget": attack_accuracy},
        "indiscernibility": {"forget": indiscernibility(attack_accuracy)},
        "mia_auc": {"forget": attack_auc(members, non_members)},
        "mia_tpr_at_fpr": {"forget": attack_tpr(members, non_members, fpr=settings.fpr)},
    }


def indiscernibility(attack_accuracy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - |accuracy - 0.5| / 0.5 of an attack: 1 at chance, 0 if it is always right or always wrong.

    Source: Cadet et al. 2024 (arXiv 2410.01276).
    """
    return 1 - np.abs(attack_accuracy - 0.5) / 0.5


def logistic_attack_accuracy(
    member_losses: NDArray[np.floating],
    non_member_losses: NDArray[np.floating],
    *,
    splits: int = 10,
    test_fraction: float = 0.1,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return per model the test accuracy of logistic regression on the loss, averaged over random balanced splits.

    `member_losses` [models, members] and `non_member_losses` [models, non_members]. Each model gets its own draws,
    which do not depend on the number of models: the larger class is cut to a random subset of the smaller one's size n;
    each split tests on the nearest whole number to test_fraction * n samples of each class, at least one, and trains on
    the rest. Returns [models] in [0, 1]; 0.5 is chance. Raises MetricError if a class has fewer than two samples.
    Source: Cadet et al. 2024 (arXiv 2410.01276).
    """
    size = min(member_losses.shape[1], non_member_losses.shape[1])
    if size < 2:
        raise MetricError(
            f"the attack got {member_losses.shape[1]} forget and {non_member_losses.shape[1]} validation samples",
            expected="at least two of each: one to train on and one to test on",
        )
    tested = min(max(1, round(test_fraction * size)), size - 1)
    accuracy, generators = np.empty(len(member_losses)), rng.spawn(len(member_losses))
    models_per_fit = max(1, VALUES_PER_FIT // (2 * size * splits))
    for start in range(0, len(accuracy), models_per_fit):
        chunk = slice(start, start + models_per_fit)
        per_model = zip(member_losses[chunk], non_member_losses[chunk], generators[chunk], strict=True)
        shuffled = np.stack([[_shuffled(losses, size, splits, r) for losses in pair] for *pair, r in per_model])
        # [models, class, splits, size]
        correct = _held_out_accuracy(shuffled[..., tested:], shuffled[..., :tested])
        accuracy[chunk] = correct.mean(axis=-1)
    return accuracy


def attack_auc(member_losses: NDArray[np.floating], non_member_losses: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return per model the probability that a member has a lower loss than a non-member, ties counting half.

    Losses [models, members] and [models, non_members]; returns [models], the area under the ROC curve of all threshold
    attacks "low loss means member", in [0, 1]; 0.5 is chance.
    """
    areas = np.empty(len(member_losses))
    for model, (members, non_members) in enumerate(zip(member_losses, np.sort(non_member_losses), strict=True)):
        lower, not_higher = (np.searchsorted(non_members, members, side=side) for side in ("left", "right"))
        areas[model] = 1 - np.mean(lower + not_higher) / (2 * len(non_members))
    return areas


def attack_tpr(
    member_losses: NDArray[np.floating], non_member_losses: NDArray[np.floating], *, fpr: float = 0.01
) -> NDArray[np.float64]:
    """Return per model the largest share of members found by a threshold that accuses at most `fpr` of the non-members.

    Losses [models, members] and [models, non_members]; returns [models] in [0, 1]; an attack at chance has `fpr`. Equal
    losses fall on the same side of every threshold, so a tie across the limit counts as not found. With fewer than 1 /
    fpr non-members no false accusation is allowed at all. Raises MetricError unless 0 <= fpr < 1.
    """
    if not 0 <= fpr < 1:
        raise MetricError(f"the threshold attack got fpr={fpr}", expected="a false-positive rate in [0, 1)")
    count = non_member_losses.shape[1]
    allowed = np.searchsorted(np.arange(count + 1) / count, fpr, side="right") - 1
    threshold = np.partition(non_member_losses, allowed, axis=1)[:, allowed, None]
    return (member_losses < threshold).mean(axis=1)


def _losses(population: Population) -> NDArray[np.floating]:
    if population.losses is not None:
        return population.losses
    # in float32 all losses of confident samples would be zero, hence tied
    return loss_from_margins(population.margins.astype(np.float64))


def _shuffled(losses: NDArray, size: int, splits: int, rng: np.random.Generator) -> NDArray:
    """A random subset of `size` losses in `splits` random orders, [splits, size]."""
    subset = rng.choice(losses, size, replace=False)
    return rng.permuted(np.tile(subset, (splits, 1)), axis=1)


def _held_out_accuracy(train: NDArray, test: NDArray) -> NDArray[np.float64]:
    """Test accuracy [..., splits] of one fit per split; `train` and `test` are [..., class, splits, samples]."""
    members, non_members = train[..., 0, :, :], train[..., 1, :, :]
    labels = np.repeat([True, False], train.shape[-1])
    slope, intercept = fit_logistic(np.concatenate([members, non_members], axis=-1), labels)
    accused = slope[..., None, :, None] * test + intercept[..., None, :, None] > 0
    return (accused == np.array([True, False])[:, None, None]).mean(axis=(-3, -1))
