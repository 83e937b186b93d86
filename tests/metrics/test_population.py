"""Populations: selection and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unlearnkit.errors import MetricError
from unlearnkit.metrics.population import Population, require_same_samples

SPLIT = np.array(["forget", "retain", "retain", "validation"])


def population(**changes: Any) -> Population:
    margins = np.arange(12.0).reshape(3, 4)
    return Population(**{"margins": margins, "correct": margins > 5, "split": SPLIT} | changes)


def test_selection_of_models_and_splits() -> None:
    whole = population()
    assert (whole.models, whole.samples) == (3, 4)
    assert whole.take_models([2, 0, 2]).margins[:, 0].tolist() == [8, 0, 8]
    assert whole.of_split("retain").margins.tolist() == [[1, 2], [5, 6], [9, 10]]
    assert whole.of_split("retain").correct.tolist() == [[False, False], [False, True], [True, True]]
    assert whole.first_models(2).margins.shape == (2, 4)
    assert whole.first_models(None).models == 3


def test_models_may_differ_in_what_they_were_trained_on_and_forget() -> None:
    member = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0]], dtype=bool)
    forgotten = member & np.array([1, 0, 0, 0], dtype=bool)
    own = population(member=member, forgotten=forgotten).take_models([2, 1]).take_samples([0, 2])
    assert own.trained_on(("retain",)).tolist() == [[True, True], [False, True]]
    assert own.forgets().tolist() == [[True, False], [False, False]]


def test_where_models_differ_in_nothing_the_split_says_what_they_were_trained_on() -> None:
    assert population().trained_on(("forget", "retain")).tolist() == [[True, True, True, False]] * 3
    assert population().trained_on(("retain",)).tolist() == [[False, True, True, False]] * 3
    assert population().forgets().tolist() == [[True, False, False, False]] * 3
    assert population().take_models([0]).member is None


def test_only_the_test_split_may_be_absent() -> None:
    declared = ("forget", "retain", "validation", "test")
    assert population().present(declared) == declared[:3]
    assert population(split=np.array(["test", "retain", "retain", "validation"])).present(declared) == declared


def test_failed_models_are_those_with_a_non_finite_margin() -> None:
    margins = np.zeros((3, 4))
    margins[0, 1], margins[2, 3] = np.nan, -np.inf
    assert population(margins=margins).failed_models.tolist() == [0, 2]
    assert population().failed_models.size == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"margins": np.zeros(4)}, "margins are float64 of shape"),
        ({"margins": np.zeros((3, 4), int)}, "margins are int64"),
        ({"correct": np.zeros((3, 5), bool)}, r"'correct' is bool of shape \(3, 5\).*\(3, 4\)"),
        ({"correct": np.zeros((3, 4), int)}, "'correct' is int64"),
        ({"correct": np.full((3, 4), 1.01)}, r"'correct' holds values outside \[0, 1\]"),
        ({"correct": np.full((3, 4), np.nan)}, r"'correct' holds values outside \[0, 1\]"),
        ({"losses": np.zeros((3, 5))}, r"'losses' have shape \(3, 5\).*\(3, 4\)"),
        ({"member": np.zeros((2, 4), bool)}, r"'member' is bool of shape \(2, 4\).*bool of shape \(3, 4\)"),
        ({"forgotten": np.zeros((3, 4))}, r"'forgotten' is float64 of shape \(3, 4\).*bool"),
        ({"split": SPLIT[:3]}, r"'split' has shape \(3,\).*4 samples"),
        ({"split": np.array(["forget", "train", "retain", "retain"])}, "'split' holds 'train'.*only forget, retain"),
    ],
)
def test_construction_names_the_offender(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        population(**changes)


def test_absent_split_and_too_few_models_are_refused() -> None:
    with pytest.raises(MetricError, match="no sample of split 'forget'"):
        population(split=np.array(["retain"] * 4)).of_split("forget")
    with pytest.raises(MetricError, match="asks for 5 models but the population has 3"):
        population().first_models(5)


def test_populations_of_other_samples_are_refused() -> None:
    require_same_samples(population(), population())
    with pytest.raises(MetricError, match="differ in their samples"):
        require_same_samples(population(), population(split=SPLIT[::-1]))
