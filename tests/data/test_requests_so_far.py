"""What requests that come one after another ask for: nested lists and disjoint sets, and nothing in between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit.data.continual import asked_so_far, new_rows
from unlearnkit.errors import DataError

ROWS = st.sets(st.integers(0, 40), min_size=1)


def told(request: list[int], earlier: list[int]) -> str:
    with pytest.raises(DataError) as refused:
        asked_so_far(np.array(request), np.array(earlier), "second", "first")
    return str(refused.value)


def test_of_a_nested_list_the_rows_of_the_list_before_are_not_new() -> None:
    so_far = asked_so_far(np.array([5, 3, 4, 9]), np.array([4, 5]), "forget05", "forget01")
    assert so_far.tolist() == [3, 4, 5, 9] and so_far.dtype == np.int64
    assert new_rows(so_far, np.array([4, 5])).tolist() == [3, 9]


def test_disjoint_sets_are_joined() -> None:
    assert asked_so_far(np.array([8, 2]), np.array([4, 5]), "second", "first").tolist() == [2, 4, 5, 8]


def test_an_overlap_that_is_no_nesting_is_refused() -> None:
    assert told([4, 8], [4, 5, 6]) == (
        "forget set 'second' shares 1 of the 3 rows that are forgotten up to 'first', row 4 first; expected all of "
        "them, as in nested lists, or none. State the rows of forget_sets.second in a file, without those of 'first'; "
        "or, if both are drawn at random, give it the seed of 'first' and a larger size, which draws these rows and "
        "others, or a seed that draws none of them."
    )


@pytest.mark.parametrize("request_rows", [[4], [4, 5]])
def test_a_request_without_new_rows_is_refused(request_rows: list[int]) -> None:
    assert told(request_rows, [5, 4]) == (
        "forget set 'second' has only rows that have been unlearned with 'first'; expected a row or more that is new. "
        "Let forget_sets.second ask for more rows, or for others."
    )


@given(ROWS, ROWS)
def test_what_is_new_and_what_was_before_are_all_there_is(request: set[int], earlier: set[int]) -> None:
    new, before = np.array(sorted(request - earlier)), np.array(sorted(earlier))
    if not len(new):
        return
    so_far = asked_so_far(new, before, "second", "first")
    assert {*so_far.tolist()} == request | earlier
    assert new_rows(so_far, before).tolist() == new.tolist()
    # as a nested list that holds the rows before
    assert asked_so_far(so_far, before, "second", "first").tolist() == so_far.tolist()
