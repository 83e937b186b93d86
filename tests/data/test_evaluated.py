"""Which samples are evaluated where these are too many for all: what a forget set needs does not depend on others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unlearnkit.artifacts.margins import Margins
from unlearnkit.data.evaluated import needed_by, rows_of

SIZES = {"train": 50, "validation": 6}
FIRST, SECOND = np.array([3, 4, 5, 40]), np.arange(20, 30)


def settings(retain: int, seed: int = 0) -> dict[str, Any]:
    return {"evaluated": {"retain": retain, "train_size": 50}, "seed": seed}


def test_without_the_setting_all_rows_are_evaluated() -> None:
    np.testing.assert_array_equal(rows_of(SIZES, {}, []), np.arange(56))


def test_rows_are_forget_set_retained_samples_and_validation() -> None:
    rows = rows_of(SIZES, settings(7), [FIRST])
    assert (np.diff(rows) > 0).all()
    training = set(rows[rows < 50].tolist())
    assert set(FIRST.tolist()) < training and len(training) == 4 + 7
    np.testing.assert_array_equal(rows[rows >= 50], np.arange(50, 56))


def test_another_forget_set_adds_rows_and_changes_none() -> None:
    alone, both = rows_of(SIZES, settings(7), [FIRST]), rows_of(SIZES, settings(7), [FIRST, SECOND])
    assert set(alone.tolist()) < set(both.tolist())
    np.testing.assert_array_equal(both, rows_of(SIZES, settings(7), [SECOND, FIRST]))


def test_more_retained_samples_include_those_of_fewer_and_end_at_all() -> None:
    few, many = (set(rows_of(SIZES, settings(count), [FIRST]).tolist()) for count in (7, 20))
    assert few < many
    np.testing.assert_array_equal(rows_of(SIZES, settings(46), [FIRST]), np.arange(56))
    np.testing.assert_array_equal(rows_of(SIZES, settings(1000), [FIRST]), np.arange(56))


def test_the_base_seed_draws_them() -> None:
    drawn = [rows_of(SIZES, settings(7, seed), [FIRST]).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("forget", [FIRST, SECOND])
def test_a_forget_set_takes_its_own_rows_from_the_file_of_the_originals(forget: np.ndarray) -> None:
    rows = rows_of(SIZES, settings(7), [FIRST, SECOND])
    split, index = np.where(rows < 50, "train", "validation"), np.where(rows < 50, rows, rows - 50)
    part = Margins(rows[None].astype(np.float32), np.ones((1, len(rows)), bool), (0,), split, index)
    (own,) = needed_by(forget, {2: part}, settings(7)).values()
    np.testing.assert_array_equal(own.margins[0], rows_of(SIZES, settings(7), [forget]))
    assert needed_by(forget, {2: part}, {}) == {2: part}
