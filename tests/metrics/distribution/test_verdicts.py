"""Verdicts in words: corrected over forget sets, none for failed models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from unlearnkit.metrics.distribution.verdicts import concluded, holm, verdict_of


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]).tolist() == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_values_and_bonferroni(values: list[float]) -> None:
    adjusted = holm(values)
    assert (adjusted >= np.array(values)).all()
    assert (adjusted <= np.minimum(1, np.array(values) * len(values)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(values, kind="stable")]) >= 0).all()
    # a procedure against any false alarm is never more generous than one against their share
    assert (adjusted >= false_discovery_control(values) - 1e-12).all()


@pytest.mark.parametrize(("p_oracle", "p_original", "verdict"), [(0.01, 1, -1), (0.99, 0.02, 1), (0.03, 0.97, 0)])
def test_a_verdict_needs_half_the_level(p_oracle: float, p_original: float, verdict: int) -> None:
    assert verdict_of(p_oracle, p_original, 0.05) == verdict


def rows(forget_set: str, p_oracle: float | None, p_original: float | None, models: int = 20) -> list[dict[str, Any]]:
    own = {"forget_set": forget_set, "candidate": "scrub", "epoch": 5, "n_models": models}
    return [
        {**own, "measure": "p_oracle", "split": "forget", "mean": p_oracle},
        {**own, "measure": "p_original", "split": "forget", "mean": p_original},
        {**own, "measure": "p_original", "split": "validation", "mean": 0.001},
    ]


def words(*families: list[dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    return {
        row["forget_set"]: (row["nearer_to"], row["p_holm"])
        for row in concluded([r for f in families for r in f], 0.05, 999)
    }


def test_the_same_p_value_decides_alone_but_not_among_several_forget_sets() -> None:
    assert words(rows("nines", 0.02, 0.98)) == {"nines": ("oracles", 0.04)}
    found = words(rows("nines", 0.02, 0.98), rows("ones", 0.999, 0.001), rows("twos", None, None))
    assert found["nines"] == ("oracles", 0.04)
    assert found["ones"] == ("originals", 0.004)
    assert found["twos"] == (None, None)
    found = words(rows("nines", 0.02, 0.98), rows("ones", 0.4, 0.6))
    assert found == {"nines": ("undecided", 0.08), "ones": ("undecided", 0.8)}


def test_where_no_outcome_could_be_a_verdict_there_are_too_few_models() -> None:
    least = 1 / 64
    assert words(rows("nines", least, 1, models=6))["nines"] == ("oracles", 0.03125)
    found = words(rows("nines", least, 1, models=6), rows("ones", 0.4, 0.6, models=6))
    assert found == {"nines": ("too few models", 0.0625), "ones": ("too few models", 0.8)}
    found = words(rows("nines", least, 1, models=7), rows("ones", 0.4, 0.6, models=7))
    assert found["ones"] == ("undecided", 0.8)


def test_forget_sets_that_settings_were_searched_on_are_not_in_the_family() -> None:
    tuned = [{**row, "tuned_here": True} for row in rows("tuning", 0.001, 0.999)]
    assert words(rows("nines", 0.02, 0.98), tuned) == {"nines": ("oracles", 0.04), "tuning": (None, None)}
    assert words(tuned) == {"tuning": ("oracles", 0.002)}
