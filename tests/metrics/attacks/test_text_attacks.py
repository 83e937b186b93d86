"""Attacks on text: areas as those of scikit-learn, scores by hand, and PrivLeak within its bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from unlearnkit.errors import MetricError
from unlearnkit.metrics.attacks import gradient_mia, priv_leak, reference_mia, text_mia
from unlearnkit.metrics.attacks.priv_leak import priv_leak as leak_of
from unlearnkit.metrics.attacks.token_attacks import lowest
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.tokens import counted

SPLIT = np.repeat(["forget", "retain", "validation"], [20, 10, 30])
WIDTH = 12
RNG = np.random.default_rng(0)
COUNTS = RNG.integers(2, WIDTH + 1, len(SPLIT))
CLOSED = RNG.random(len(SPLIT)) < 0.5
BYTES = RNG.integers(10, 60, len(SPLIT))


def population(seed: int, models: int = 3, forgotten: float = 1.0, compressed: bool = True) -> Population:
    """Random scores; those of forgotten sequences are `forgotten` times as large, so above 1 they look less likely."""
    rng = np.random.default_rng(seed)
    factor = np.where(SPLIT == "forget", forgotten, 1.0)[:, None]
    drawn = {name: -rng.exponential(size=(models, len(SPLIT), WIDTH)) * factor for name in ("log_p", "standardised")}
    values = {name: np.where(counted(COUNTS, WIDTH), own, np.nan).astype(np.float32) for name, own in drawn.items()}
    of_samples = {"targets": COUNTS, "closed": CLOSED, "compressed": BYTES if compressed else 0 * BYTES}
    shared = {name: np.broadcast_to(own, (models, len(SPLIT))) for name, own in of_samples.items()}
    margins = np.zeros((models, len(SPLIT)))
    seen = {"token_scores": Observation({**values, **shared}, np.arange(len(SPLIT)))}
    return Population(margins, margins == 0, SPLIT, observed=seen)


def scored(module: Any, candidate: Population, oracle: Population | None = None, **settings: Any) -> dict[str, Any]:
    own = module.Settings.model_validate(settings)
    values = module.score(candidate, oracle, settings=own, rng=np.random.default_rng(0))
    return {name: of_splits["forget"] for name, of_splits in values.items()}


def by_hand(scores: Observation, model: int, item: Any, attack: str, share: float) -> float:
    """The score of one sequence, written out from the published definitions."""
    log_p = scores["log_p"][model, item].astype(float)[: COUNTS[item]]
    if attack == "auc_loss":
        return -log_p.mean()
    if attack == "auc_zlib":
        return -log_p.mean() / BYTES[item]
    values = log_p if attack == "auc_min_k" else scores["standardised"][model, item].astype(float)[: COUNTS[item]]
    values = np.sort(values[:-1] if CLOSED[item] else values)
    return -values[: max(1, int(share * len(values)))].mean()


@pytest.mark.parametrize("share", [0.4, 0.05, 1.0])
def test_areas_are_those_of_scikit_learn(share: float) -> None:
    candidate = population(1)
    scores = candidate.observed["token_scores"]
    items = [*np.flatnonzero(SPLIT == "forget"), *np.flatnonzero(SPLIT == "validation")]
    unseen = [SPLIT[item] == "validation" for item in items]
    for attack, values in scored(text_mia, candidate, share=share).items():
        for model, value in enumerate(values):
            expected = roc_auc_score(unseen, [by_hand(scores, model, item, attack, share) for item in items])
            assert value == pytest.approx(expected, rel=1e-12)


def test_forgotten_sequences_that_look_like_members_have_an_area_of_one_and_forgotten_too_much_of_zero() -> None:
    known, lost = scored(text_mia, population(1, forgotten=1e-3)), scored(text_mia, population(1, forgotten=1e3))
    for attack in text_mia.MEASURES:
        assert (known[attack] > 0.99).all() and (lost[attack] < 0.01).all()
        assert text_mia.MEASURES[attack]["direction"] == "match"


def test_without_text_the_attack_by_compression_has_no_value() -> None:
    found = scored(text_mia, population(1, compressed=False))
    assert np.isnan(found["auc_zlib"]).all() and np.isfinite(found["auc_loss"]).all()


def test_what_is_hard_for_every_model_cancels_in_the_attack_by_reference() -> None:
    candidate, oracle = population(1, forgotten=50), population(2, models=5, forgotten=50)
    found = scored(reference_mia, candidate, oracle)["auc_reference"]
    means = [-np.nanmean(side.observed["token_scores"]["log_p"].astype(float), axis=-1) for side in (candidate, oracle)]
    beyond = means[0] - means[1].mean(axis=0)
    members, others = (beyond[:, name == SPLIT] for name in ("forget", "validation"))
    for model in range(3):
        labels = np.repeat([False, True], [20, 30])
        expected = roc_auc_score(labels, np.concatenate([members[model], others[model]]))
        assert found[model] == pytest.approx(expected, rel=1e-12)
    assert scored(text_mia, candidate)["auc_loss"].max() < 0.1 < found.min()


def test_an_oracle_leaks_nothing_and_both_ends_have_their_sign() -> None:
    oracle = population(2, models=4)
    assert scored(priv_leak, oracle, oracle)["priv_leak"].mean() == pytest.approx(0, abs=1e-10)
    under, over = (scored(priv_leak, population(1, forgotten=f), oracle)["priv_leak"] for f in (1e-4, 1e4))
    assert (under < -99).all() and (over > 50).all() and (over <= 100).all()
    found = scored(priv_leak, population(1), oracle)
    areas = scored(text_mia, population(1)), scored(text_mia, oracle)
    np.testing.assert_array_equal(found["auc"], areas[0]["auc_min_k"])
    np.testing.assert_allclose(found["auc_oracles"], areas[1]["auc_min_k"].mean())


@pytest.mark.parametrize(
    ("auc", "reference", "expected"),
    [
        *((0.5, 0.5, 0), (1.0, 0.5, -100), (0.0, 0.5, 100), (0.75, 0.5, -50), (2e-5, 0.98, 100)),
        *((0.5, 0.999, 100), (0.9995, 0.999, -50), (1.0, 1.0, 0), (0.3, 1.0, 100), (0.6, 0.2, -50)),
    ],
)
def test_priv_leak_by_hand_and_limited(auc: float, reference: float, expected: float) -> None:
    assert leak_of(np.array([auc]), np.array([reference])) == pytest.approx([expected])


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_priv_leak_stays_within_what_it_declares(auc: float, reference: float) -> None:
    (value,) = leak_of(np.array([auc]), np.array([reference]))
    assert -100 <= value <= 100
    assert (value > 0) == (auc < reference) or abs(auc - reference) < 1e-9


def test_min_k_of_one_token_is_that_token_and_of_none_nothing() -> None:
    assert lowest(np.array([[-3.0, np.nan]]), np.array([1]), 0.1) == [3]
    assert np.isnan(lowest(np.array([[-3.0, np.nan]]), np.array([0]), 0.1))


def test_other_samples_are_refused() -> None:
    short = population(2).take_samples(np.arange(59))
    for module in (reference_mia, priv_leak):
        with pytest.raises(MetricError, match="differ in their samples"):
            scored(module, population(1), short)


@pytest.mark.parametrize(("factor", "low", "high"), [(1.0, 0.3, 0.7), (0.01, 0.95, 1.0), (100.0, 0.0, 0.05)])
def test_short_gradients_are_those_of_members(factor: float, low: float, high: float) -> None:
    norms = np.random.default_rng(4).exponential(size=(3, len(SPLIT))) * np.where(SPLIT == "forget", factor, 1.0)
    margins = np.zeros(norms.shape)
    seen = {"gradient_norms": Observation({"norm": norms}, np.arange(len(SPLIT)))}
    areas = scored(gradient_mia, Population(margins, margins == 0, SPLIT, observed=seen))["auc_gradnorm"]
    unseen, both = SPLIT == "validation", np.isin(SPLIT, ("forget", "validation"))
    expected = [roc_auc_score(unseen[both], own[both]) for own in norms]
    np.testing.assert_allclose(areas, expected, rtol=1e-12)
    assert (areas >= low).all() and (areas <= high).all()
