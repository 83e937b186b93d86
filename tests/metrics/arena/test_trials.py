"""Trials of metrics whose answer is known, and what follows from their values."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from unlearnkit.errors import MetricError
from unlearnkit.metrics.arena.detection import area, detections, power
from unlearnkit.metrics.arena.sizes import REACH, curves, extrapolated
from unlearnkit.metrics.arena.trials import Pools, on_some_samples, plants_of, run_trials
from unlearnkit.metrics.distribution import klom, relative
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.utility import margin

SPLIT = np.repeat(["forget", "retain", "validation"], [20, 10, 10])


def population(seed: int, models: int, shift: float = 0.0) -> Population:
    rng = np.random.default_rng(seed)
    margins = (rng.normal(size=(models, len(SPLIT))) + shift * (SPLIT == "forget")).astype(np.float32)
    return Population(margins, margins > 0, SPLIT)


POOLS = Pools(population(0, 60), population(1, 30, shift=2))


def trials_of(metric: Any, **changes: Any) -> list[dict[str, Any]]:
    own: dict[str, Any] = {"plants": plants_of([0.1, 0.5]), "sizes": [8, 16], "trials": 19}
    settings = metric.Settings.model_validate({"permutations": 99} if metric is relative else {})
    return run_trials(metric, settings, changes.pop("pools", POOLS), rng=np.random.default_rng(0), **{**own, **changes})


def means(rows: list[dict[str, Any]], measure: str, models: int) -> dict[tuple[str, float], float]:
    own = [row for row in rows if (row["measure"], row["models"]) == (measure, models)]
    kinds = dict.fromkeys((row["kind"], row["share"]) for row in own)
    return {key: float(np.mean([row["value"] for row in own if (row["kind"], row["share"]) == key])) for key in kinds}


@pytest.mark.parametrize(("metric", "measure"), [(klom, "klom"), (relative, "statistic"), (margin, "margin")])
def test_more_originals_and_a_larger_leak_are_worse(metric: Any, measure: str) -> None:
    rows = trials_of(metric)
    found = means(rows, measure, 16)
    assert found["none", 0] < found["models", 0.5] < found["models", 1]
    assert found["none", 0] < found["leak", 0.5]
    assert found["none", 0] < found["samples", 0.5]
    assert {(row["kind"], row["models"], row["trial"]) for row in rows} >= {("leak", 8, 0), ("leak", 16, 18)}
    assert rows == trials_of(metric)


def test_rows_state_the_share_that_is_planted_and_nothing_is_planted_under_another_name() -> None:
    rows = trials_of(klom, plants=plants_of([0.01, 0.05, 0.1, 0.25, 0.5]), sizes=[12], trials=2)
    own = {
        kind: [(row["share"], row["planted"]) for row in rows if row["kind"] == kind] for kind in ("models", "samples")
    }
    # of 12 models 1 % is none, and one is nearer to 10 % than to 5 %
    assert [*dict.fromkeys(own["models"])] == [(0.1, 1 / 12), (0.25, 0.25), (0.5, 0.5), (1.0, 1.0)]
    assert [*dict.fromkeys(own["samples"])] == [(0.05, 0.05), (0.1, 0.1), (0.25, 0.25), (0.5, 0.5)]
    found = detections(trials_of(klom, sizes=[12]))
    assert {(row["kind"], row["planted"]) for row in found if row["share"] == 0.1} >= {
        ("models", 1 / 12),
        ("leak", 0.1),
    }


def test_of_higher_values_the_lower_ones_are_worse() -> None:
    found = means(trials_of(relative, sizes=[16]), "p_same", 16)
    assert -1 <= found["none", 0] < found["models", 1] <= 0


def test_a_metric_without_oracles_is_read_against_the_oracles_of_the_trial() -> None:
    pools = Pools(population(0, 60), population(1, 30, shift=2))
    found = means(trials_of(margin, pools=pools, sizes=[16]), "margin", 16)
    assert found["models", 1] == pytest.approx(2, abs=0.1)
    assert found["none", 0] < 0.1


def test_oracles_that_kept_a_part_are_a_candidate() -> None:
    pools = Pools(POOLS.oracles, POOLS.originals, kept=population(5, 20, shift=1))
    found = means(trials_of(klom, pools=pools, sizes=[16]), "klom", 16)
    assert found["none", 0] < found["kept", 1] < found["models", 1]


def test_limits_of_a_metric_on_its_models_do_not_count_and_too_few_models_are_refused() -> None:
    settings = klom.Settings.model_validate({"num_models": 50})
    rows = run_trials(klom, settings, POOLS, plants=[], sizes=[8], trials=2, rng=np.random.default_rng(0))
    assert len(rows) == 2 * len(klom.MEASURES)
    with pytest.raises(MetricError, match="60 oracles and 30 originals for trials of 31 models; expected at least 62"):
        trials_of(klom, sizes=[31])


def test_failed_models_are_no_truth() -> None:
    failed = population(3, 10)
    failed.margins[4, 2] = np.nan
    with pytest.raises(MetricError, match="original"):
        Pools(population(0, 20), failed)


def test_undefined_values_are_no_values() -> None:
    def score(candidate: Population, *_: Any, **__: Any) -> Any:
        return {"gap": {"forget": np.array([np.nan])}}

    metric = SimpleNamespace(
        score=score,
        NEEDS_ORACLE=True,
        STATISTIC="mean",
        MEASURES={"gap": {"direction": "lower"}},
        Settings=klom.Settings,
    )
    with pytest.raises(MetricError, match="not finite"):
        trials_of(metric)


def test_some_samples_are_the_same_ones_of_all_models() -> None:
    some = on_some_samples(POOLS, 12, np.random.default_rng(0))
    names, counts = np.unique(some.oracles.split, return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"forget": 12, "retain": 10, "validation": 10}
    columns = [np.flatnonzero(POOLS.originals.margins[0] == value) for value in some.originals.margins[0]]
    np.testing.assert_array_equal(POOLS.oracles.margins[:, np.concatenate(columns)], some.oracles.margins)


values = st.lists(st.integers(0, 6), min_size=1, max_size=30)


@given(values, values)
def test_the_area_is_that_of_scikit_learn(clean: list[int], planted: list[int]) -> None:
    labels = [0] * len(clean) + [1] * len(planted)
    assert area(clean, planted) == pytest.approx(roc_auc_score(labels, [*clean, *planted]))


def test_power_by_hand() -> None:
    clean = np.arange(1, 20)  # 19 values: at 5 % the threshold is the largest, 19
    assert power(clean, [18, 19, 20, 21]) == 0.5
    assert power(np.arange(1, 101), [96, 97, 98]) == pytest.approx(2 / 3)  # 5 of 101 are above 96
    assert np.isnan(power(np.arange(18), [100]))


def test_false_alarms_are_at_most_those_stated() -> None:
    rng = np.random.default_rng(0)
    alarms = [power(rng.normal(size=39), rng.normal(size=50)) for _ in range(2000)]
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.005)


def rows_of(power_at: dict[int, float]) -> list[dict[str, Any]]:
    rows = []
    for models, share in power_at.items():
        own = {"measure": "m", "models": models}
        rows += [{**own, "trial": t, "kind": "none", "share": 0.0, "planted": 0.0, "value": t} for t in range(19)]
        found = round(20 * share)
        planted = [100] * found + [9] * (20 - found)
        rows += [
            {**own, "trial": t, "kind": "leak", "share": 0.5, "planted": 0.5, "value": v} for t, v in enumerate(planted)
        ]
    return rows


@pytest.mark.parametrize(
    ("power_at", "needed"),
    [
        ({5: 0.1, 10: 0.8, 20: 1.0}, 10),
        ({5: 0.9, 10: 0.2, 20: 0.9}, 20),
        ({5: 1.0, 10: 0.7}, None),
    ],
)
def test_models_needed_are_those_from_which_on_the_power_stays(power_at: dict[int, float], needed: int | None) -> None:
    found = detections(rows_of(power_at))
    assert {row["models_needed"] for row in found} == {needed}
    assert [row["power"] for row in found] == pytest.approx([*power_at.values()])


def test_a_plant_that_looks_like_chance_is_a_blind_spot() -> None:
    blind = {row["models"]: row["blind"] for row in detections(rows_of({5: 0.0, 10: 1.0}))}
    assert blind == {5: True, 10: False}


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_a_power_law_is_found_and_inverted(exponent: float) -> None:
    sizes = [10, 20, 40, 80]
    detectable = [3 * size**-exponent for size in sizes]
    count, note = extrapolated(sizes, detectable, 3 * 100**-exponent)
    assert (count, note) == (100, "")


@pytest.mark.parametrize(
    ("sizes", "detectable", "wanted", "note"),
    [
        ([10, 20, 40], [1, 0.5, 0.25], -1, "originals are not worse than the floor"),
        ([10, 20], [1, 0.5], 0.1, "fewer than 3 sizes at which the floor varies"),
        ([10, 20, 40], [1, 0, 0.25], 0.1, "fewer than 3 sizes at which the floor varies"),
        ([10, 20, 40], [1, 1.1, 1], 0.1, "the detectable difference follows no power law of N"),
        ([10, 20, 40], [1, 0.7, 0.5], 0.01, "more than ten times the 40 models that were tried"),
    ],
)
def test_what_cannot_be_said_is_not_said(sizes: list[int], detectable: list[float], wanted: float, note: str) -> None:
    assert extrapolated(sizes, detectable, wanted) == (None, note)


def test_the_detectable_difference_of_a_mean_falls_with_the_root_of_the_models() -> None:
    rng, rows = np.random.default_rng(0), []
    for models in (10, 20, 40, 80):
        for kind, share, shift in (("none", 0.0, 0.0), ("models", 1.0, 1.0), ("leak", 0.5, 9.0)):
            drawn = shift + rng.normal(size=2000) / np.sqrt(models)
            own = {"measure": "mean", "models": models, "kind": kind, "share": share, "distance": False}
            rows += [{**own, "trial": t, "value": float(v)} for t, v in enumerate(drawn)]
    found = curves(rows, 0.1)
    assert [row["models"] for row in found] == [10, 20, 40, 80]
    for row in found:
        assert row["detectable"] == pytest.approx(2.486 / np.sqrt(row["models"]), rel=0.06)
        assert row["original"] == pytest.approx(1, abs=0.02)
        assert (row["floor_low"], row["floor_high"]) == pytest.approx(
            (-1.96 / np.sqrt(row["models"]), 1.96 / np.sqrt(row["models"])), rel=0.15
        )
        assert row["recommended"] == pytest.approx((REACH / 0.1) ** 2, rel=0.15)
    # what is said to be detectable is detected in 80 % of the cases
    floor = rng.normal(size=10_000) / 4
    assert power(floor, floor + REACH / 4) == pytest.approx(0.8, abs=0.02)


def test_what_is_detectable_of_a_distance_is_detected_in_four_of_five_cases() -> None:
    rng, own = np.random.default_rng(0), {"measure": "gap", "models": 20, "distance": True}
    floor = np.abs(rng.normal(size=4000))
    rows = [{**own, "kind": "none", "share": 0.0, "trial": t, "value": float(v)} for t, v in enumerate(floor)]
    rows += [{**own, "kind": "models", "share": 1.0, "trial": t, "value": 9.0} for t in range(4000)]
    (found,) = curves(rows, 0.1)
    shift = found["floor"] + found["detectable"]
    assert power(floor, np.abs(shift + rng.normal(size=10_000))) == pytest.approx(0.8, abs=0.02)


def test_values_of_measures_to_match_are_distances() -> None:
    assert {row["measure"]: row["distance"] for row in trials_of(klom)} == dict.fromkeys(klom.MEASURES, False)
    assert {row["distance"] for row in trials_of(margin)} == {True}


def test_nothing_is_detectable_where_the_floor_does_not_vary() -> None:
    own = {"measure": "gap", "trial": 0, "distance": False}
    kinds = (("none", 0.0), ("models", 1.0))
    rows = [
        {**own, "models": n, "kind": k, "share": s, "value": s} for n in (5, 10, 20) for k, s in kinds for _ in "ab"
    ]
    assert {row["detectable"] for row in curves(rows, 0.1)} == {None}
