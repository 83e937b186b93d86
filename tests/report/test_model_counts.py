"""Values against the number of models: how wide intervals are, trials where there are some, else a reason."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.metrics.attacks import mia
from unlearnkit.metrics.distribution import klom
from unlearnkit.report.model_counts import counts_of, resampled


@pytest.fixture(scope="module")
def values() -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    return {"floor": {"forget": rng.normal(0.5, 0.1, 64)}, "original": {"forget": rng.normal(0.9, 0.1, 64)}}


def test_intervals_are_those_of_a_mean_of_so_many_models(values):
    points = resampled({side: own["forget"] for side, own in values.items()}, "mean", seed=1)
    assert [point["models"] for point in points] == [2, 4, 8, 16, 32, 64]
    sd = values["floor"]["forget"].std()
    for point in points[1:]:
        width = point["floor_high"] - point["floor_low"]
        assert width == pytest.approx(2 * 1.96 * sd / np.sqrt(point["models"]), rel=0.15)
        assert point["floor"] == pytest.approx(values["floor"]["forget"].mean(), abs=0.02)
    assert points[-1]["original_low"] > points[-1]["floor_high"]


def test_the_seed_decides_the_draws(values):
    own = {side: by_split["forget"] for side, by_split in values.items()}
    assert resampled(own, "p95", seed=1) == resampled(own, "p95", seed=1) != resampled(own, "p95", seed=2)


def test_a_curve_comes_from_values_per_model_and_leaves_out_undefined_ones(values):
    broken = {side: {"forget": np.append(own["forget"], np.nan)} for side, own in values.items()}
    found = counts_of(mia, "mia", None, broken, "nines", seed=1)
    assert found.points[-1]["models"] == 64 and not found.why and 'aria-label="Indiscernibility' in found.drawn


def test_trials_go_before_values_per_model(values):
    ends = {f"{side}{end}": 1.0 for side in ("floor", "original") for end in ("", "_low", "_high")}
    row = {"metric": "klom", "measure": "klom", "forget_set": "nines", **ends, "detectable": 0.1, "recommended": 9}
    trials = [{**row, "models": size} for size in (2, 4)] + [{**row, "models": 8, "forget_set": "eights"}]
    found = counts_of(klom, "klom", trials, {}, "nines", seed=1)
    assert found.from_trials and [point["models"] for point in found.points] == [2, 4]


@pytest.mark.parametrize(
    ("metric", "trials", "models", "reason"),
    [
        (klom, None, 0, "snakemake sizes_all"),
        (klom, [], 0, "tables/sizes.md"),
        (mia, None, 0, "one model of each kind"),
        (mia, None, 2, "too few models"),
    ],
)
def test_without_a_curve_there_is_a_reason(values, metric, trials, models, reason):
    few = {side: {"forget": own["forget"][:models]} for side, own in values.items()} if models else {}
    found = counts_of(metric, "any", trials, few, "nines", seed=1)
    assert not found.points and reason in found.why
