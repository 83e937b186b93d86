"""Tests by exchanges of models: too few exchanges are refused, too few models are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from unlearnkit.config.load import load_experiment
from unlearnkit.config.models.exchanges import family, undecidable
from unlearnkit.errors import ConfigError

Changed = Callable[[str], dict[str, Any]]
THIRD = "forget_sets: {random_60: {kind: random, size: 60}}"


@pytest.mark.parametrize("metric", ["relative", "representation"])
def test_too_few_exchanges_for_the_forget_sets_are_refused(changed: Changed, metric: str) -> None:
    metrics = f"metrics: {{klom: REMOVED, {metric}: {{permutations: 99}}}}"
    load_experiment(changed(metrics))  # two forget sets: 0.04
    with pytest.raises(ConfigError) as error:
        load_experiment(changed(f"{metrics}\n{THIRD}"))
    assert f"metrics.{metric}.permutations is 99" in str(error.value)
    assert "over 3 forget sets, no p value is below 0.06" in str(error.value)
    assert f"Raise metrics.{metric}.permutations to 119" in str(error.value)
    load_experiment(changed(f"{metrics.replace('99', '119')}\n{THIRD}"))


def test_too_few_models_for_the_forget_sets_are_named(changed: Changed) -> None:
    few = "num_models: 6\nshard_size: 6\nheld_out_oracles: 6\nmetrics: {klom: REMOVED, relative: {}}"
    ((fact, remedy),) = undecidable(load_experiment(changed(few)))
    assert fact.startswith("metrics.relative can decide nothing: N is 6") and "0.0625" in fact and "7 or more" in remedy
    assert not [*undecidable(load_experiment(changed(few.replace("6", "7"))))]
    assert not [*undecidable(load_experiment(changed(f"{few}\nforget_sets: {{eights: REMOVED}}")))]
    assert not [*undecidable(load_experiment(changed("{}")))]


def test_forget_sets_that_settings_were_searched_on_are_not_corrected_for(changed: Changed) -> None:
    search = """
searches: {ft: {method: fine_tune, forget_sets: [eights], trials: 5}}
methods: {own: {method: fine_tune, tuned_by: ft}}
"""
    assert family(load_experiment(changed("{}"))) == ["random_50", "eights"]
    assert family(load_experiment(changed(search))) == ["random_50"]
    assert family(load_experiment(changed(search + "forget_sets: {random_50: REMOVED}"))) == ["eights"]
