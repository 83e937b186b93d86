"""Metrics of continuations: means by hand over the documents of a split that have a value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from unlearnkit.errors import MetricError
from unlearnkit.metrics.language import bert_score, continuation
from unlearnkit.metrics.population import Observation, Population

SPLIT = np.array(["forget", "retain", "retain", "validation"])
SEEN = {"continuations": (*continuation.MEASURES,), "bert_scores": (*bert_score.MEASURES,)}


def population() -> Population:
    rng = np.random.default_rng(0)
    seen = {
        name: Observation({value: rng.random((3, 4)) for value in values}, np.arange(4))
        for name, values in SEEN.items()
    }
    return Population(np.zeros((3, 4)), np.zeros((3, 4), bool), SPLIT, observed=seen)


@pytest.mark.parametrize(("module", "name"), [(continuation, "continuations"), (bert_score, "bert_scores")])
def test_means_are_over_the_documents_of_a_split(module: Any, name: str) -> None:
    own = population()
    found = module.score(own, None, settings=module.Settings(), rng=np.random.default_rng(0))
    assert {*found} == {*module.MEASURES}
    for measure, values in found.items():
        assert [*values] == ["forget", "retain", "validation"]
        seen = own.observed[name][measure]
        np.testing.assert_allclose(values["retain"], seen[:, 1:3].mean(axis=1))
        np.testing.assert_array_equal(values["forget"], seen[:, 0])


def test_documents_whose_suffix_has_no_words_count_in_no_rouge() -> None:
    own = population()
    for name in ("rougeL_f1", "rougeL_recall"):
        own.observed["continuations"][name][:, 1] = np.nan
        own.observed["continuations"][name][:, 3] = np.nan
    found = continuation.score(own, None, settings=continuation.Settings(), rng=np.random.default_rng(0))
    np.testing.assert_array_equal(found["rougeL_f1"]["retain"], own.observed["continuations"]["rougeL_f1"][:, 2])
    assert np.isnan(found["rougeL_recall"]["validation"]).all() and not np.isnan(found["bleu"]["retain"]).any()


@pytest.mark.parametrize(("module", "name"), [(continuation, "continuations"), (bert_score, "bert_scores")])
def test_a_split_that_is_not_continued_is_empty_and_a_part_of_one_is_refused(module: Any, name: str) -> None:
    def scored(items: list[int]) -> Any:
        own = population()
        values = {value: array[:, items] for value, array in own.observed[name].values.items()}
        own = replace(own, observed={name: Observation(values, np.array(items))})
        return module.score(own, None, settings=module.Settings(), rng=np.random.default_rng(0))

    found = scored([0, 3])[module.HEADLINE]
    assert np.isnan(found["retain"]).all() and not np.isnan([found["forget"], found["validation"]]).any()
    with pytest.raises(MetricError, match="of 2 retain samples 1 have"):
        scored([0, 1, 3])
