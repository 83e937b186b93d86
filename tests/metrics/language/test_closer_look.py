"""Closer look: numbers written out from the published definitions, and names for what has fewer kinds of numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import hmean

from unlearnkit.errors import MetricError
from unlearnkit.metrics.language import closer_look, gibberish
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.summary import summarise
from unlearnkit.report.tables import metric_markdown, metric_rows

SPLIT = np.repeat(["forget", "retain", "validation", "authors", "facts"], [3, 4, 2, 3, 2])
ITEMS, MODELS = len(SPLIT), 3
LABELS = np.array(["entailment", "neutral", "none"])


def population(seed: int = 0, entailed: bool = True, further: bool = True) -> Population:
    """Random answers; wrong ones are three to a question."""
    rng = np.random.default_rng(seed)

    def labels() -> np.ndarray:
        return rng.choice(LABELS, (MODELS, ITEMS)).astype(np.dtypes.StringDType())

    values = {
        "answers": {
            "given": -rng.exponential(size=(MODELS, ITEMS)),
            "wrong": -rng.exponential(size=(MODELS, ITEMS, 3)),
        },
        "generations": {name: rng.random((MODELS, ITEMS)) for name in ("rougeL_recall", "entropy")},
        "similarities": {"similarity": rng.random((MODELS, ITEMS))},
        "entailments": {"answer_label": labels(), "generated_label": labels()},
        "classified": {"probability": rng.random((MODELS, ITEMS))},
    }
    values["answers"]["paraphrase"] = -rng.exponential(size=(MODELS, ITEMS))
    every = np.arange(ITEMS)
    seen = {name: Observation(own, every) for name, own in values.items() if entailed or name != "entailments"}
    margins = np.zeros((MODELS, ITEMS))
    whole = Population(margins, margins == 0, SPLIT, observed=seen)
    return whole if further else whole.take_samples(np.flatnonzero(~np.isin(SPLIT, ("authors", "facts"))))


def scored(own: Population, module: Any = closer_look) -> dict[str, dict[str, np.ndarray]]:
    return module.score(own, None, settings=module.Settings(), rng=np.random.default_rng(0))


def six(own: Population, model: int, split: str) -> list[float]:
    """Probability, ROUGE, truth ratio, similarity, entailment and entropy of one model on one split, written out."""
    at = np.flatnonzero(own.split == split)
    answers, written = own.observed["answers"], own.observed["generations"]
    given, wrong = np.exp(answers["given"][model, at]), np.exp(answers["wrong"][model, at])
    ratio = wrong.prod(axis=1) ** (1 / 3) / np.exp(answers["paraphrase"][model, at])
    truth = 1 - np.minimum(ratio, 1 / ratio) if split == "forget" else np.maximum(0, 1 - ratio)
    among = given / (given + wrong.sum(axis=1)) if split in ("authors", "facts") else given
    labels = own.observed["entailments"]["answer_label" if split == "forget" else "generated_label"][model, at]
    numbers = [among.mean(), written["rougeL_recall"][model, at].mean(), truth.mean()]
    numbers += [own.observed["similarities"]["similarity"][model, at].mean(), np.mean(labels == "entailment")]
    return [*map(float, numbers), float(written["entropy"][model, at].mean())]


def test_utility_is_the_harmonic_mean_of_18_numbers_and_efficacy_of_the_mean_of_5() -> None:
    own = population()
    found = scored(own)
    for model in range(MODELS):
        kept = [number for split in ("retain", "authors", "facts") for number in six(own, model, split)]
        expected = 0.0 if 0 in kept else hmean(kept)
        assert found["utility"]["all"][model] == pytest.approx(expected)
        retained = six(own, model, "retain")
        assert found["retain_utility"]["all"][model] == pytest.approx(0.0 if 0 in retained else hmean(retained))
        lost = six(own, model, "forget")[:5]
        assert found["forget_efficacy"]["forget"][model] == pytest.approx(1 - np.mean(lost))
        without = lost[:4]
        assert found["forget_efficacy_without_entailment"]["forget"][model] == pytest.approx(1 - np.mean(without))
        assert found["entailment"]["forget"][model] == pytest.approx(lost[4])
        assert found["similarity"]["facts"][model] == pytest.approx(six(own, model, "facts")[3])


def test_a_number_of_zero_makes_a_utility_zero() -> None:
    own = population()
    own.observed["similarities"]["similarity"][0, SPLIT == "facts"] = 0
    found = scored(own)
    assert found["utility"]["all"][0] == found["utility_without_entailment"]["all"][0] == 0
    assert found["retain_utility_without_entailment"]["all"][0] > 0


def test_without_a_classifier_what_has_five_kinds_has_another_name() -> None:
    full, less = scored(population()), scored(population(entailed=False))
    for name in ("utility", "retain_utility", "forget_efficacy"):
        assert all(np.isnan(own).all() for own in less[name].values())
        (split,) = less[name]
        np.testing.assert_array_equal(
            less[f"{name}_without_entailment"][split], full[f"{name}_without_entailment"][split]
        )
    kept = [six(population(), 0, split) for split in ("retain", "authors", "facts")]
    fifteen = [number for own in kept for number in (*own[:4], own[5])]
    assert less["utility_without_entailment"]["all"][0] == pytest.approx(hmean(fifteen))


def test_without_authors_and_facts_there_is_the_utility_of_retained_questions_alone() -> None:
    found = scored(population(further=False))
    assert np.isnan(found["utility"]["all"]).all() and np.isnan(found["utility_without_entailment"]["all"]).all()
    assert np.isfinite(found["retain_utility"]["all"]).all()


def test_tables_state_what_is_skipped_and_why() -> None:
    own = population(entailed=False)
    summary = summarise(
        closer_look.score,
        own,
        None,
        settings=closer_look.Settings(),
        measures=closer_look.MEASURES,
        axis=closer_look.AXIS,
        rng=np.random.default_rng(0),
    )
    identity = {"forget_set": "some", "candidate": "original", "epoch": 1}
    rows = metric_rows([{**identity, **row} for row in summary.rows], [], has_floor=False)
    text = metric_markdown(rows, closer_look, options={"embedded_by": "wordllama", "entailed_by": None})
    assert "Forget efficacy of 5 numbers is empty where observations.entailments names no classifier of" in text
    assert "Model utility of 18 numbers is empty where" in text and 'embedded_by="wordllama"' in text
    assert "Forget efficacy of 4 numbers, without entailment is empty" not in text and "nan" not in text.lower()


def test_answers_that_were_not_observed_are_refused() -> None:
    own = population()
    part = own.observed["similarities"].take_samples(list(range(3)), ITEMS)
    with pytest.raises(MetricError, match="retain samples 0 have similarities"):
        scored(replace(own, observed={**own.observed, "similarities": part}))


def test_clean_answers_are_counted_by_their_probability() -> None:
    own = population()
    found = scored(own, gibberish)["clean"]
    assert [*found] == ["forget", "retain", "validation", "authors", "facts"]
    np.testing.assert_allclose(found["retain"], own.observed["classified"]["probability"][:, 3:7].mean(axis=1))
