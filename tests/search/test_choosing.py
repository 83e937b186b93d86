"""Which settings are chosen: by hand."""

from __future__ import annotations

import json
import math

import pytest

from unlearnkit.errors import TrainingError
from unlearnkit.search.choosing import candidates, chosen


def study(*norms: float) -> list[dict[str, object]]:
    """Return the trials of a study, whose settings state their norm."""
    return [
        {"number": number, "norm": norm, "settings": json.dumps({"own": norm})} for number, norm in enumerate(norms)
    ]


STUDIES = [study(0.3, 0.1, math.nan), study(0.25, 0.4), study(math.nan, 0.2)]
"""Best trials: 0.1, 0.25 and 0.2."""
ELSEWHERE = {0.1: {1: 0.9, 2: 0.8}, 0.25: {0: 0.25, 2: 0.25}, 0.2: {0: 0.5, 1: math.inf}}


def test_the_smallest_mean_over_studies_wins() -> None:
    found = candidates(STUDIES, lambda settings, other: ELSEWHERE[settings["own"]][other])
    assert [own.norms for own in found] == [(0.1, 0.9, 0.8), (0.25, 0.25, 0.25), (0.5, math.inf, 0.2)]
    best = chosen(found)
    assert (best.study, best.number, best.mean) == (1, 0, pytest.approx(0.25))


def test_the_published_form_takes_the_best_trial_of_any_study() -> None:
    best = chosen(candidates(STUDIES, None))
    assert (best.study, best.number, best.mean) == (0, 1, 0.1)


def test_settings_that_fail_on_other_models_are_not_chosen() -> None:
    with pytest.raises(TrainingError, match="the best trial of every study fails on the models of another study"):
        chosen(candidates(STUDIES, lambda settings, other: math.inf))
