"""Forget units: the published random set, and the table."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.data.forget_sets import random_forget_set
from unlearnkit.data.text.cutting import cut
from unlearnkit.data.text.units import COLUMNS, unit_columns
from unlearnkit.errors import DataError

# EasyDUB's "1 %" of 1,389 steps
PUBLISHED = [25, 242, 387, 532, 540, 627, 629, 634, 1060, 1173, 1207, 1241, 1253]


def test_the_published_steps_are_drawn() -> None:
    # their seeds are 42 + 1000 times the share of the steps
    assert random_forget_set(1389, 13, 52).tolist() == PUBLISHED


def test_units_must_rise() -> None:
    starts, lengths = np.array([0, 4]), np.array([4, 4], np.int32)
    for units, ends in ([1, 0], 2), ([], 0):
        with pytest.raises(DataError, match="not in the order of their forget units"):
            unit_columns(starts[:ends], lengths[:ends], np.array(units, np.int64))


def test_a_unit_is_told_with_its_sequences_and_tokens() -> None:
    columns = unit_columns(*cut(np.arange(100, dtype=np.uint16), 8, "step", end_of_text=0, unit_sequences=3))
    assert tuple(columns) == COLUMNS
    assert columns["first_token"].tolist() == [0, 24, 48, 72]
    assert columns["tokens"].tolist() == [24] * 4
