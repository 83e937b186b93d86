"""Forget units: the published random sets, and the table as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.units import read_units, write_units
from unlearnkit.data.cutting import cut
from unlearnkit.data.units import COLUMNS, published_seed, random_units, unit_columns
from unlearnkit.errors import DataError

# EasyDUB's "1 %" of 1,389 steps
PUBLISHED = [25, 242, 387, 532, 540, 627, 629, 634, 1060, 1173, 1207, 1241, 1253]


def test_the_published_steps_are_drawn() -> None:
    assert random_units(1389, 13, published_seed(0.01)).tolist() == PUBLISHED


def test_the_larger_published_set_is_a_set() -> None:
    drawn = random_units(1389, 69, published_seed(0.05))
    assert published_seed(0.05) == 92
    assert len(set(drawn.tolist())) == 69
    assert (np.diff(drawn) > 0).all()
    assert drawn[0] >= 0 and drawn[-1] < 1389
    assert drawn.tolist() == random_units(1389, 69, 92).tolist()


@pytest.mark.parametrize("size", [0, 6])
def test_more_units_than_there_are_cannot_be_drawn(size: int) -> None:
    with pytest.raises(DataError, match=f"{size} forget units cannot be drawn from 5"):
        random_units(5, size, 0)


def test_units_must_rise() -> None:
    starts, lengths = np.array([0, 4]), np.array([4, 4], np.int32)
    for units, ends in ([1, 0], 2), ([], 0):
        with pytest.raises(DataError, match="not in the order of their forget units"):
            unit_columns(starts[:ends], lengths[:ends], np.array(units, np.int64))


def test_the_table_survives_as_a_file(tmp_path: Path) -> None:
    found = cut(np.arange(100, dtype=np.uint16), 8, "step", end_of_text=0, unit_sequences=3)
    write_units(tmp_path / "units.parquet", unit_columns(*found), {"kind": "step"})
    columns, facts = read_units(tmp_path / "units.parquet")
    assert tuple(columns) == COLUMNS
    assert columns["first_token"].tolist() == [0, 24, 48, 72]
    assert columns["tokens"].tolist() == [24] * 4
    assert facts == {"kind": "step"}
