"""The challenge score: its parts, planted leaks, the floor, and what it refuses."""

from __future__ import annotations

import tracemalloc
from typing import Any, get_args

import numpy as np
import pytest

from unlearnkit.declarations import declarations
from unlearnkit.errors import MetricError
from unlearnkit.metrics.attacks import neurips
from unlearnkit.metrics.attacks.epsilon import double_grid, notebook, official
from unlearnkit.metrics.attacks.epsilon.attacks import ATTACKS
from unlearnkit.metrics.attacks.neurips import Settings, forgetting_scores, score, utility_factor
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.scoring import score_candidate
from unlearnkit.registry import METRICS

FORMS = [{}, {"rates": "in_sample"}, {"compat": "official"}, {"compat": "notebook"}]


def settings_of(**changes: Any) -> Settings:
    return Settings.model_validate(changes)


def population(margins: np.ndarray, accuracy: float = 1.0, test: int = 0) -> Population:
    """The margins [models, samples] of the forget samples, with ten retained and ten validation samples beside them."""
    rest = np.ones((len(margins), 20 + test))
    rest[:, : round((1 - accuracy) * 10)] = -1
    split = np.repeat(["retain", "validation", "test", "forget"], [10, 10, test, margins.shape[1]])
    own = np.concatenate([rest, margins], axis=1)
    return Population(own, own > 0, split)


def pools(models: int, samples: int, shift: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(models, samples)) + shift, rng.normal(size=(models, samples))


def scored(candidate: Population, oracle: Population, **changes: Any) -> dict[str, np.ndarray]:
    values = score(candidate, oracle, settings=settings_of(**changes), rng=np.random.default_rng(0))
    assert {measure: tuple(own) for measure, own in values.items()} == dict.fromkeys(neurips.MEASURES, ("forget",))
    return {measure: own["forget"] for measure, own in values.items()}


def test_the_final_score_is_forgetting_times_both_ratios_of_accuracies() -> None:
    u, o = pools(20, 15, 1.0)
    candidate, oracle = population(u, accuracy=0.6), population(o, accuracy=0.8)
    for form in FORMS:
        found = scored(candidate, oracle, **form)
        expected = 1.0 if form.get("compat") == "notebook" else 0.6 / 0.8
        np.testing.assert_allclose(found["score"], found["forgetting"] * expected)
        if not form:
            summary = score_candidate(neurips, settings_of(), {1: candidate}, oracle, seed=0)[1]
            row: dict[str, Any] = next(row for row in summary.rows if row["measure"] == neurips.HEADLINE)
            assert row["mean"] == pytest.approx(found["forgetting"].mean() * expected)
            assert row["mean_models_low"] < row["mean"] < row["mean_models_high"]


def test_accuracy_is_that_on_test_samples_where_there_are_some() -> None:
    u, o = pools(6, 4, 0.0)
    candidate, oracle = population(u, accuracy=0.5, test=5), population(o, test=5)
    candidate.correct[:, candidate.split == "test"] = False
    candidate.correct[:2, candidate.split == "test"] = True
    assert utility_factor(candidate, oracle) == pytest.approx(0.5 * 2 / 6)
    without = candidate.split != "test"
    of_two = (side.take_samples(np.flatnonzero(without)) for side in (candidate, oracle))
    assert utility_factor(*of_two) == pytest.approx(0.5)


def test_planted_leaks_are_found_in_their_order_and_none_at_the_floor() -> None:
    """Unlearned models that are oracles are at the floor; the more they differ, the lower they score."""
    floor, *leaks = ([scored(*map(population, pools(60, 80, shift)), **form) for form in FORMS[:3]] for shift in LEAKS)
    for form in range(3):
        assert floor[form]["no_threshold"].mean() < 0.02
        forgetting = [found[form]["forgetting"].mean() for found in (floor, *leaks)]
        epsilon = [found[form]["epsilon"].mean() for found in (floor, *leaks)]
        assert (np.diff(forgetting) < 0).all() and (np.diff(epsilon) > 0).all()
    assert floor[0]["forgetting"].mean() > 0.7 and floor[1]["forgetting"].mean() < 0.2  # the bias in sample


LEAKS = (0.0, 0.7, 1.5, 3.0)


def test_a_share_of_models_that_leak_is_found_in_its_order() -> None:
    u, o = pools(100, 60, 6.0, seed=1)
    clean = pools(100, 60, 0.0, seed=2)[0]
    found = []
    for share in (0, 10, 50, 100):
        mixed = np.where(np.arange(100)[:, None] * 37 % 100 < share, u, clean)
        found.append(scored(population(mixed), population(o))["epsilon"].mean())
    assert (np.diff(found) > 0.3).all()


@pytest.mark.parametrize(("form", "end"), [({}, 5.0), ({"compat": "official"}, 50.0), ({"compat": "notebook"}, 4.0)])
def test_infinity_is_shown_as_a_number_with_a_meaning(form: dict[str, str], end: float) -> None:
    u, o = pools(100, 3, 20.0)
    u[:, 1:] -= 20
    found = forgetting_scores(unlearned=u, oracle=o, settings=settings_of(quantity="margin", **form))
    assert found.epsilon[0] == end and (found.epsilon[1:] < 2.5).all()
    if form.get("compat") != "notebook":
        assert found.forgetting[0] == 0


def test_models_whose_margins_have_exploded_have_an_official_score() -> None:
    u, o = pools(12, 4, 0.0)
    u[:, 0], u[:6, 1], o[0, 2] = -1e6, 1e6, -1e6
    found = forgetting_scores(unlearned=u, oracle=o, settings=settings_of(compat="official"))
    assert found.epsilon[0] == 50 and np.isfinite(found.epsilon).all()


def test_a_deterministic_unlearner_is_found_by_the_corrected_and_the_official_form() -> None:
    o = pools(100, 40, 0.0)[1]
    u = np.broadcast_to(o[0] + 0.01, o.shape)
    for form in ({}, {"rates": "in_sample"}, {"compat": "official"}):
        assert forgetting_scores(unlearned=u, oracle=o, settings=settings_of(**form)).forgetting.mean() < 0.02


def test_loss_and_margin_are_the_same_to_threshold_attacks_in_sample() -> None:
    u, o = (population(side) for side in pools(12, 20, 1.0))
    both = [scored(u, o, quantity=q, rates="in_sample", attacks=["single", "double"]) for q in ("margin", "loss")]
    np.testing.assert_array_equal(both[0]["epsilon"], both[1]["epsilon"])


def test_losses_of_sequences_are_used_where_they_are_known() -> None:
    u, o = pools(12, 5, 0.0)
    with_losses = [
        Population(side.margins, side.correct, side.split, losses=-side.margins + 3 * (number == 0))
        for number, side in enumerate(map(population, (u, o)))
    ]
    apart, same = (scored(*with_losses, quantity=quantity)["epsilon"].mean() for quantity in ("loss", "margin"))
    assert apart > same + 1


def test_chunks_do_not_matter_and_memory_is_bounded() -> None:
    u, o = pools(20, 4000, 0.5)
    assert u.size + o.size > 2 * neurips.VALUES_PER_CHUNK
    settings = settings_of(attacks=["single", "double", "gaussian", "logistic"])
    tracemalloc.start()
    whole = forgetting_scores(unlearned=u, oracle=o, settings=settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 40 * neurips.VALUES_PER_CHUNK
    for part in (slice(0, 1), slice(1240, 1260), slice(3999, None)):
        own = forgetting_scores(unlearned=u[:, part], oracle=o[:, part], settings=settings)
        np.testing.assert_array_equal(whole.epsilon[part], own.epsilon)


def test_grids_do_not_depend_on_how_many_edges_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    u, o = pools(8, 3, 1.0)
    together = forgetting_scores(unlearned=u, oracle=o, settings=settings_of(compat="official"))
    monkeypatch.setattr(double_grid, "VALUES_PER_STEP", 1)
    one_by_one = forgetting_scores(unlearned=u, oracle=o, settings=settings_of(compat="official"))
    np.testing.assert_array_equal(together.epsilon, one_by_one.epsilon)


def test_a_score_takes_the_first_models_when_asked() -> None:
    u, o = pools(12, 6, 1.0)
    limited = scored(population(u), population(o[:9]), num_models=8)
    np.testing.assert_array_equal(limited["epsilon"], scored(population(u[:8]), population(o[:8]))["epsilon"])


@pytest.mark.parametrize(
    ("change", "form", "message"),
    [
        (lambda u, o: (u[:3], o), {}, r"3 unlearned models and 12 oracles.*at least 4 of each"),
        (lambda u, o: (u, o[:3]), {}, r"12 unlearned models and 3 oracles"),
        (lambda u, o: (u, o[:9]), {"compat": "official"}, "compat: official got 12 unlearned models but 9 oracles"),
        (lambda u, o: (u[:9], o), {"compat": "notebook"}, "compat: notebook got 9 unlearned models but 12 oracles"),
        (lambda u, o: (u * 0 + 2, o * 0 + 2), {}, "5 of 5 forget samples have the same value under all models"),
        (lambda u, o: (np.where(u == u[3], np.nan, u), o), {}, "unlearned .* non-finite"),
        (lambda u, o: (u, np.where(o == o[0], np.inf, o)), {}, "oracle .* non-finite"),
    ],
)
def test_refusals_state_the_reason(change: Any, form: dict[str, str], message: str) -> None:
    u, o = change(*pools(12, 5, 0.0))
    with pytest.raises(MetricError, match=message):
        scored(population(u), population(o), **form)


def test_unequal_numbers_have_a_value_without_compat() -> None:
    u, o = pools(40, 30, 40.0)
    found = scored(population(u[:20]), population(o))
    assert (found["forgetting"] == 0).all() and (found["epsilon"] == 4.0).all()  # log(40 - 1) = 3.66


def test_oracles_that_predict_nothing_are_refused() -> None:
    u, o = map(population, pools(6, 4, 0.0))
    o.correct[:, o.split == "retain"] = False
    with pytest.raises(MetricError, match="oracles predict no retain sample correctly"):
        scored(u, o)
    assert (scored(u, o, compat="notebook")["score"] >= 0).all()  # which skips the accuracies


def test_failed_models_leave_no_number() -> None:
    u, o = map(population, pools(6, 4, 0.0))
    u.margins[2, 3] = np.nan
    rows = score_candidate(neurips, settings_of(), {1: u}, o, seed=0)[1].rows
    assert {(row["n_failed"], row["mean"]) for row in rows} == {(1, None)}


def test_published_forms_fix_their_settings() -> None:
    for name, module in (("official", official), ("notebook", notebook)):
        own = settings_of(compat=name)
        assert (own.attacks, own.delta) == (module.ATTACKS, module.DELTA)
        assert settings_of(**own.model_dump()) == own
    for change in ({"delta": 1e-3}, {"attacks": ["single"]}, {"rates": "held_out"}, {"quantity": "loss"}):
        with pytest.raises(ValueError, match=f"compat official fixes {next(iter(change))} to"):
            settings_of(compat="official", **change)
    assert settings_of(compat="notebook", quantity="margin").quantity == "margin"


def test_every_attack_can_be_chosen() -> None:
    assert declarations(METRICS["neurips"]).MEASURES == neurips.MEASURES
    choices = get_args(get_args(Settings.model_fields["attacks"].annotation)[0])
    assert set(choices) == set(ATTACKS)
