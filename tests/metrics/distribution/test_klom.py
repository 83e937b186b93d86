"""KLOM: acceptance tests 2-5, the published values, properties, refusals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import entropy

from unlearnkit.declarations import declarations
from unlearnkit.errors import MetricError
from unlearnkit.metrics.distribution.klom import MEASURES, VALUES_PER_CHUNK, Settings, UndefinedKlomWarning, klom, score
from unlearnkit.metrics.population import Population
from unlearnkit.registry import METRICS

CEILING = 11.512925464970229  # -log(1e-5)


def normal(seed: int, models: int, samples: int, mean: float = 0.0, sd: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, sd, size=(models, samples))


def published(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The published value KL(first || second), one sample at a time: values on the last edge fall in no bin."""
    values = []
    for a, b in zip(np.clip(first, -100, 100).T, np.clip(second, -100, 100).T, strict=True):
        lowest, highest = min(a.min(), b.min()), max(a.max(), b.max())
        edges = np.linspace(lowest, highest if lowest < highest else lowest + 1, 21)
        p, q = (np.array([np.sum(np.digitize(side, edges) == k) for k in range(1, 21)]) for side in (a, b))
        p, q = (histogram / max(histogram.sum(), 1) for histogram in (p, q))
        with np.errstate(invalid="ignore"):
            values.append(entropy(p, np.where(p > 0, np.maximum(q, 1e-5), q)))
    return np.array(values)


def corrected(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The definition in words: inclusive histogram in float64, floor where p > 0, no renormalisation."""
    values = []
    for a, b in zip(np.clip(first, -100, 100).astype(float).T, np.clip(second, -100, 100).astype(float).T, strict=True):
        lowest, highest = min(a.min(), b.min()), max(a.max(), b.max())
        edges = np.linspace(lowest, highest if lowest < highest else lowest + 1, 21)
        p, q = (np.histogram(side, edges)[0] / len(side) for side in (a, b))
        values.append(sum(x * np.log(x / max(y, 1e-5)) for x, y in zip(p, q, strict=True) if x > 0))
    return np.array(values)


def case_table(models: int, oracles: int, dtype: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Unlearned and oracle margins of every kind that once made a difference."""
    rng, samples = np.random.default_rng(models), 12
    u, o = rng.normal(size=(models, samples)), rng.normal(size=(oracles, samples))
    cases = {
        "gaussian": (u, o + 0.5),
        "ties": (np.round(u), np.round(o)),
        "quarter ties": (np.round(4 * u) / 4, np.round(4 * o) / 4),
        "constant": (0 * u + 3, 0 * o + 3),
        "different constants": (0 * u + 3, 0 * o - 2),
        "different constants, reversed": (0 * u - 2, 0 * o + 3),
        "some beyond the clip": (u * 80, o * 80),
        "all beyond the clip": (u + 500, o + 700),
        "opposite beyond the clip": (u - 500, o + 700),
        "unlearned beyond the clip": (u + 500, o),
        "oracle beyond the clip": (u, o + 500),
        "disjoint": (u, o + 40),
        "tiny spread": (5 + 1e-6 * u, 5 + 1e-6 * o),
    }
    return {name: (a.astype(dtype), b.astype(dtype)) for name, (a, b) in cases.items()}


def all_cases() -> list[Any]:
    sizes = [(2, 2), (16, 16), (100, 100), (40, 300), (300, 40)]
    return [
        pytest.param(*pair, id=f"{name}-{models}-{oracles}-{dtype}")
        for models, oracles in sizes
        for dtype in ("float32", "float64")
        for name, pair in case_table(models, oracles, dtype).items()
    ]


@pytest.mark.parametrize(("u", "o"), all_cases())
def test_easydub_equals_the_published_value_and_default_the_definition(u: np.ndarray, o: np.ndarray) -> None:
    for direction, (first, second) in {"unlearned||oracle": (u, o), "oracle||unlearned": (o, u)}.items():
        default = klom(unlearned=u, oracle=o, direction=direction)
        np.testing.assert_allclose(default, corrected(first, second), atol=1e-12)
        expected = published(first, second)
        if np.isnan(expected).any():
            with pytest.warns(UndefinedKlomWarning, match=f"NaN for {np.isnan(expected).sum()} of 12 samples"):
                compatible = klom(unlearned=u, oracle=o, direction=direction, compat="easydub")
        else:
            compatible = klom(unlearned=u, oracle=o, direction=direction, compat="easydub")
        np.testing.assert_allclose(compatible, np.where(np.isnan(expected), default, expected), atol=1e-12)


def test_hand_computed_values() -> None:
    """The largest margin stays in the last bin; the reference drops it and all that equal it (D-26)."""
    u, o = np.array([[0.0], [0.0], [0.0], [20.0]]), np.array([[0.0], [20.0], [20.0], [20.0]])
    assert klom(unlearned=u, oracle=o)[0] == pytest.approx(0.5 * np.log(3))  # p = (3/4, 1/4), q = (1/4, 3/4)
    assert klom(unlearned=u, oracle=o, compat="easydub")[0] == pytest.approx(0.0)  # the twenties are dropped


def test_hand_computed_value_in_two_bins_with_a_floor() -> None:
    u, o = np.array([[0.0], [1.0], [9.0], [10.0]]), np.array([[0.0], [1.0]])
    expected = 0.5 * np.log(0.5 / 1) + 0.5 * np.log(0.5 / 0.1)
    assert klom(unlearned=u, oracle=o, bins=2, floor=0.1)[0] == pytest.approx(expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_edges_of_close_float32_margins_are_not_rounded(dtype: str) -> None:
    """Bins of 5/3 steps of float32 around -60: steps 0 and 1, 2 and 3, 4 and 5 share one."""
    step = np.spacing(np.float32(60))
    u, o = (-60 + step * np.array(steps, dtype)[:, None] for steps in ([0, 1, 2, 3], [2, 2, 4, 5]))
    assert u.dtype == dtype
    assert klom(unlearned=u, oracle=o, bins=3)[0] == pytest.approx(0.5 * np.log(0.5 / 1e-5))
    assert klom(unlearned=o, oracle=u, bins=3)[0] == pytest.approx(0.5 * np.log(0.5 / 1e-5))


def test_identical_pools_and_equal_constants_are_at_zero() -> None:
    u = normal(0, 100, 500)
    assert (klom(unlearned=u, oracle=u) == 0).all()
    np.testing.assert_allclose(klom(unlearned=u, oracle=u[::-1], compat="easydub"), 0, atol=1e-12)
    assert (klom(unlearned=np.full((5, 3), 2.0), oracle=np.full((9, 3), 2.0)) == 0).all()


@pytest.mark.parametrize("direction", ["unlearned||oracle", "oracle||unlearned", "symmetric"])
def test_disjoint_point_masses_are_at_the_ceiling(direction: str) -> None:
    low, high = np.full((6, 2), -1.0), np.full((6, 2), 4.0)
    for u, o in ((low, high), (high, low)):
        np.testing.assert_allclose(klom(unlearned=u, oracle=o, direction=direction), CEILING, atol=1e-4)


@pytest.mark.parametrize("compat", [None, "easydub"])
@pytest.mark.parametrize(
    ("models", "mean", "mean_by", "p95", "p95_by"), [(100, 0.34, 0.02, 0.67, 0.04), (200, 0.145, 0.01, 0.28, 0.02)]
)
def test_noise_floor(models: int, mean: float, mean_by: float, p95: float, p95_by: float, compat: str | None) -> None:
    values = klom(unlearned=normal(1, models, 20_000), oracle=normal(2, models, 20_000), compat=compat)
    assert values.mean() == pytest.approx(mean, abs=mean_by)
    assert np.percentile(values, 95) == pytest.approx(p95, abs=p95_by)


@pytest.mark.parametrize("compat", [None, "easydub"])
@pytest.mark.parametrize("direction", ["unlearned||oracle", "oracle||unlearned"])
@pytest.mark.parametrize(("shift", "expected"), [(0.5, 0.56), (1, 1.19), (2, 3.6), (3, 6.57), (5, 9.33)])
def test_mean_shift_table(shift: float, expected: float, direction: str, compat: str | None) -> None:
    u, o = normal(3, 100, 4000, mean=shift), normal(4, 100, 4000)
    values = klom(unlearned=u, oracle=o, direction=direction, compat=compat)
    assert values.mean() == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize(("sd", "forward", "reverse"), [(0.25, 0.97, 3.8), (4, 3.81, 0.96)])
def test_scale_table(sd: float, forward: float, reverse: float) -> None:
    u, o = normal(5, 100, 4000, sd=sd), normal(6, 100, 4000)
    assert klom(unlearned=u, oracle=o).mean() == pytest.approx(forward, abs=0.08)
    assert klom(unlearned=u, oracle=o, direction="oracle||unlearned").mean() == pytest.approx(reverse, abs=0.08)


def test_oracles_beyond_the_clip() -> None:
    u, o = normal(7, 100, 200, mean=5), normal(8, 100, 200, mean=300)
    inclusive, compatible = klom(unlearned=u, oracle=o), klom(unlearned=u, oracle=o, compat="easydub")
    assert ((inclusive > 11.0) & (inclusive < 11.5130)).all()
    assert ((compatible >= 0) & (compatible <= 0.7)).all()


def test_unlearned_beyond_the_clip_warns_instead_of_nan() -> None:
    u, o = normal(9, 100, 20, mean=300), normal(10, 100, 20, mean=5)
    assert klom(unlearned=u, oracle=o) == pytest.approx(CEILING)
    with pytest.warns(UndefinedKlomWarning, match="20 of 20 samples"):
        compatible = klom(unlearned=u, oracle=o, compat="easydub")
    assert compatible == pytest.approx(CEILING)


MARGINS = st.floats(-150, 150, width=32)
POOLS = array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=7).flatmap(
    lambda shape: st.tuples(*(arrays(np.float32, shape, elements=MARGINS),) * 2)
)


@hypothesis_settings(max_examples=60)
@given(pools=POOLS, compat=st.sampled_from([None, "easydub"]))
def test_any_finite_margins_give_values_in_range_that_swap_with_the_direction(
    pools: tuple[np.ndarray, np.ndarray], compat: str | None
) -> None:
    u, o = pools
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedKlomWarning)
        forward = klom(unlearned=u, oracle=o, compat=compat)
        reverse = klom(unlearned=u, oracle=o, direction="oracle||unlearned", compat=compat)
        symmetric = klom(unlearned=u, oracle=o, direction="symmetric", compat=compat)
        swapped = klom(unlearned=o, oracle=u, compat=compat)
    above = 1e-9 if compat is None else 2e-4  # renormalising the floored histogram lowers it everywhere else
    assert (forward >= -1e-12).all() and (forward <= CEILING + above).all()
    np.testing.assert_array_equal(reverse, swapped)
    if compat is None:
        np.testing.assert_allclose(symmetric, (forward + reverse) / 2, atol=1e-12)
        assert (klom(unlearned=u, oracle=u) == 0).all()


@hypothesis_settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), models=st.integers(2, 60), shift=st.floats(-60, 60))
def test_order_of_models_and_a_common_shift_do_not_matter(seed: int, models: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    u, o = rng.normal(size=(2, models, 5))
    values = klom(unlearned=u, oracle=o)
    np.testing.assert_array_equal(values, klom(unlearned=rng.permutation(u), oracle=rng.permutation(o)))
    np.testing.assert_allclose(values, klom(unlearned=u + shift, oracle=o + shift), atol=1e-9)


@hypothesis_settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), models=st.integers(4, 40), power=st.integers(-9, 3))
def test_every_model_that_leaves_the_oracles_raises_it_and_the_scale_does_not_matter(
    seed: int, models: int, power: int
) -> None:
    factor = 2.0**power  # which rounds nothing
    o = np.random.default_rng(seed).normal(size=(models, 3))
    left = [np.where(np.arange(models)[:, None] < count, 9.0, o) for count in range(1, models + 1)]
    values = np.array([klom(unlearned=u, oracle=o) for u in left])
    assert (np.diff(values, axis=0) > 0).all()
    np.testing.assert_allclose(values[-1], CEILING)
    np.testing.assert_array_equal(klom(unlearned=factor * left[0], oracle=factor * o), values[0])


def test_pools_of_different_size_are_compared_by_shares() -> None:
    u, o = normal(11, 50, 30), normal(12, 50, 30)
    values = klom(unlearned=np.repeat(u, 6, axis=0), oracle=o)
    np.testing.assert_allclose(values, klom(unlearned=u, oracle=o), atol=1e-12)


def test_chunks_do_not_matter() -> None:
    u, o = normal(13, 100, 5000).astype(np.float32), normal(14, 100, 5000).astype(np.float32)
    assert u.size > 2 * VALUES_PER_CHUNK
    whole = klom(unlearned=u, oracle=o)
    for start in range(0, 5000, 777):
        part = slice(start, start + 777)
        np.testing.assert_array_equal(whole[part], klom(unlearned=u[:, part], oracle=o[:, part]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unlearned": np.array([[0.0], [np.nan]])}, r"unlearned margins have 1 non-finite .* 1 of 2 models .*1\)"),
        (
            {"oracle": np.array([[np.inf], [0.0], [-np.inf]])},
            "oracle margins have 2 non-finite values, in 2 of 3 models",
        ),
        ({"unlearned": np.zeros((1, 1))}, r"KLOM got too few unlearned models \(1\).*at least 2"),
        ({"oracle": np.zeros((0, 1))}, r"KLOM got too few oracle models \(0\)"),
        ({"oracle": np.zeros((2, 3))}, "1 samples but oracle margins 3"),
        ({"oracle": np.zeros(2)}, r"oracle margins are float64 of shape \(2,\)"),
        ({"oracle": np.zeros((2, 1), int)}, "oracle margins are int64"),
        ({"direction": "forward"}, "direction='forward'.*unlearned||oracle"),
        ({"bins": 1}, "bins=1"),
        ({"clip": 0.0}, "clip=0.0"),
        ({"floor": 1.0}, "floor=1.0"),
        ({"compat": "a2d"}, "compat='a2d'.*easydub"),
    ],
)
def test_refusals_name_the_offender(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"unlearned": np.zeros((2, 1)), "oracle": np.zeros((2, 1))} | changes
    with pytest.raises(MetricError, match=message):
        klom(**arguments)


def settings_of(**changes: Any) -> Settings:
    return Settings.model_validate(changes)


def population(margins: np.ndarray, kinds: tuple[str, ...] = ("retain", "forget", "validation")) -> Population:
    split = np.repeat(kinds, margins.shape[1] // len(kinds))
    return Population(margins, margins > 0, split)


def test_score_gives_both_directions_of_each_split() -> None:
    u, o, rng = normal(15, 12, 30), normal(16, 12, 30), np.random.default_rng(0)
    values = score(population(u), population(o), settings=settings_of(direction="oracle||unlearned"), rng=rng)
    forward, reverse = klom(unlearned=u, oracle=o), klom(unlearned=o, oracle=u)
    assert {measure: tuple(splits) for measure, splits in values.items()} == dict.fromkeys(
        MEASURES, ("forget", "retain", "validation")
    )
    np.testing.assert_array_equal(values["klom"]["forget"], reverse[10:20])
    np.testing.assert_array_equal(values["klom_reverse"]["retain"], forward[:10])


def test_test_samples_are_scored_where_there_are_some() -> None:
    u, o, rng = normal(19, 12, 40), normal(20, 12, 40), np.random.default_rng(0)
    ours, theirs = (population(side, ("retain", "forget", "test", "validation")) for side in (u, o))
    values = score(ours, theirs, settings=settings_of(), rng=rng)
    assert {measure: tuple(splits) for measure, splits in values.items()} == {
        measure: declared["splits"] for measure, declared in MEASURES.items()
    }
    np.testing.assert_array_equal(values["klom"]["test"], klom(unlearned=u, oracle=o)[20:30])


def test_score_takes_the_first_models_when_asked() -> None:
    u, o, rng = normal(17, 12, 3), normal(18, 9, 3), np.random.default_rng(0)
    values = score(population(u), population(o), settings=settings_of(num_models=8), rng=rng)
    np.testing.assert_array_equal(values["klom"]["forget"], klom(unlearned=u[:8], oracle=o[:8])[1:2])
    with pytest.raises(MetricError, match="asks for 10 models but the population has 9"):
        score(population(u), population(o), settings=settings_of(num_models=10), rng=rng)


def test_score_refuses_populations_of_different_samples() -> None:
    with pytest.raises(MetricError, match="differ in their samples"):
        score(
            population(normal(0, 4, 6)),
            population(normal(0, 4, 9)),
            settings=settings_of(),
            rng=np.random.default_rng(0),
        )


@pytest.mark.parametrize("metric", METRICS)
def test_declarations_are_read_without_importing_the_metric(metric: str) -> None:
    declared = declarations(METRICS[metric])
    assert declared.AXIS in ("samples", "models", "population") and declared.HEADLINE in declared.MEASURES
    assert isinstance(declared.NEEDS_ORACLE, bool) and declared.STATISTIC in ("p95", "mean")
    for measure in declared.MEASURES.values():
        assert set(measure) - {"interval", "undefined"} == {"direction", "low", "high", "unit", "label", "splits"}
        assert measure["direction"] in ("lower", "higher", "match")
    assert all(field.description for field in declared.Settings.model_fields.values())
