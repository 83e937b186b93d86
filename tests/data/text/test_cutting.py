"""Cutting: whole units, no shared position, no lost token but the stated ones, no sequence without a target."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit.data.text import cutting
from unlearnkit.data.text.cutting import Cut, cut
from unlearnkit.data.text.units import unit_columns
from unlearnkit.errors import DataError

END = 7
STREAMS = st.lists(st.integers(0, 9), min_size=1, max_size=300).map(lambda tokens: np.array(tokens, np.uint16))


def positions(found: Cut) -> list[int]:
    spans = zip(found.starts.tolist(), found.lengths.tolist(), strict=True)
    return [position for start, length in spans for position in range(start, start + length)]


def check_types(found: Cut) -> None:
    assert [array.dtype for array in found] == [np.int64, np.int32, np.int64]


@given(st.integers(2, 400), st.integers(2, 20), st.integers(1, 5))
def test_windows_are_whole_and_complete(size: int, length: int, together: int) -> None:
    """The windows of the reference are one token longer than their distance, so that each repeats one (D-28)."""
    tokens = np.arange(size, dtype=np.uint16)
    if size < length * together:
        with pytest.raises(DataError, match=f"{size} tokens, but no step of {length * together}"):
            cut(tokens, length, "step", end_of_text=END, unit_sequences=together)
        return
    found = cut(tokens, length, "step", end_of_text=END, unit_sequences=together)
    check_types(found)
    units = size // (length * together)
    assert positions(found) == list(range(units * together * length))
    assert set(found.lengths) == {length}
    assert np.bincount(found.units).tolist() == [together] * units


def test_sequences_are_steps_of_one() -> None:
    tokens = np.arange(23, dtype=np.uint16)
    one, other = cut(tokens, 5, "sequence", end_of_text=END), cut(tokens, 5, "step", end_of_text=END)
    assert one.units.tolist() == [0, 1, 2, 3]
    assert all(np.array_equal(left, right) for left, right in zip(one, other, strict=True))


@given(STREAMS, st.integers(3, 12))
def test_documents_keep_every_token_that_can_have_a_part(tokens: np.ndarray, length: int) -> None:
    begins = sorted({0, *np.flatnonzero(tokens == END).tolist()})
    documents = [range(*span) for span in zip(begins, [*begins[1:], len(tokens)], strict=True)]
    kept = [document for document in documents if len(document) > 1]
    if not kept:
        with pytest.raises(DataError, match="no document of 2"):
            cut(tokens, length, "document", end_of_text=END)
        return
    found = cut(tokens, length, "document", end_of_text=END)
    check_types(found)
    assert positions(found) == [position for document in kept for position in document]
    assert found.lengths.min() >= 2
    assert found.lengths.max() <= length
    # whole documents: each unit is one, and its sequences are as few as possible
    for unit, document in enumerate(kept):
        inside = found.starts[found.units == unit]
        assert inside[0] == document[0]
        assert len(inside) == -(-len(document) // length)


@given(STREAMS, st.integers(3, 12))
def test_the_table_of_units_adds_up(tokens: np.ndarray, length: int) -> None:
    stream = np.concatenate([np.array([END, 0], np.uint16), tokens])
    found = cut(stream, length, "document", end_of_text=END)
    table = unit_columns(*found)
    assert table["tokens"].sum() == found.lengths.sum() == len(positions(found))
    assert table["sequences"].sum() == len(found.starts)
    for row, unit in enumerate(table["unit"]):
        inside = np.flatnonzero(found.units == unit)
        assert inside.tolist() == list(range(inside[0], inside[0] + table["sequences"][row]))
        assert table["first_sequence"][row] == inside[0]
        assert table["first_token"][row] == found.starts[inside[0]]
        assert table["tokens"][row] == found.lengths[inside].sum()


def test_a_rest_of_one_token_takes_another() -> None:
    found = cut(np.array([END, *[1] * 8, END, 2], np.uint16), 4, "document", end_of_text=END)
    assert found.starts.tolist() == [0, 4, 7, 9]
    assert found.lengths.tolist() == [4, 3, 2, 2]
    assert found.units.tolist() == [0, 0, 0, 1]


def test_a_long_stream_is_searched_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = np.random.default_rng(0).integers(0, 10, 1000).astype(np.uint16)
    whole = cut(tokens, 8, "document", end_of_text=END)
    monkeypatch.setattr(cutting, "_CHUNK", 7)
    assert all(map(np.array_equal, whole, cut(tokens, 8, "document", end_of_text=END)))


@pytest.mark.parametrize(("unit", "length"), [("sequence", 1), ("step", 0), ("document", 2)])
def test_sequences_without_room_for_a_target_are_refused(unit: cutting.Unit, length: int) -> None:
    with pytest.raises(DataError, match=f"sequences of {length} tokens are too short"):
        cut(np.arange(10, dtype=np.uint16), length, unit, end_of_text=END)


def test_an_empty_stream_is_refused() -> None:
    for unit in ("sequence", "document"):
        with pytest.raises(DataError, match="a split has 0 tokens"):
            cut(np.array([], np.uint16), 4, unit, end_of_text=END)
