"""Copies: of forgotten samples outside the forget set, and of text in both splits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unlearnkit.data.copies import copies_outside, copies_warning, digests
from unlearnkit.data.text.shared_text import SHORT, refuse_shared
from unlearnkit.data.text.text_making import make_text_set
from unlearnkit.data.text.token_shards import Stream
from unlearnkit.errors import DataError

END = 0


def test_copies_of_forgotten_images_are_counted_by_split() -> None:
    images = np.random.RandomState(0).randint(0, 256, (12, 1, 4, 4)).astype(np.uint8)
    images[5] = images[0]  # in the retain set
    images[1] = images[0]  # both forgotten
    images[9] = images[2]  # in validation
    images[11] = images[3]  # in the test split
    images[8] = images[6]  # of a retained one
    sizes = {"train": 7, "validation": 3, "test": 2}
    assert copies_outside(digests(images), sizes, np.array([3, 0, 1, 2])) == {"retain": 2, "validation": 1, "test": 1}
    assert copies_outside(digests(images), sizes, np.array([4])) == {"retain": 0, "validation": 0, "test": 0}


def test_a_warning_has_the_counts_and_no_copies_give_none() -> None:
    assert copies_warning("some", 4, {"retain": 0, "validation": 0}) == ""
    warning = copies_warning("some", 4, {"retain": 4, "validation": 0})
    assert warning.startswith("some of the 4 samples of forget set 'some' have an exact copy outside it (4 in retain)")


def text_set(train: list[list[int]], validation: list[list[int]], **changes: Any) -> Any:
    """Return the text set of documents, whose tokens are given without the one at their beginning."""
    streams = [Stream([np.array([t for d in split for t in [END, *d]], np.uint16)]) for split in (train, validation)]
    settings: dict[str, Any] = {"length": 8, "unit": "document", "unit_sequences": None, "train_size": len(train)}
    settings |= {"validation_size": len(validation), "vocabulary_size": 500, "end_of_text": END} | changes
    return make_text_set(*streams, **settings)


def test_documents_in_both_splits_are_refused_with_their_number() -> None:
    own, other = [[n, n + 1, n + 2] for n in range(1, 9)], [[n, n + 5] for n in range(20, 23)]
    assert not refuse_shared(text_set(own, other), END)
    with pytest.raises(DataError, match="2 of the 5 sequences of the validation split are also in the training split"):
        refuse_shared(text_set(own, [*other, own[6], own[1]]), END)


def test_a_few_copies_are_reported_and_refused_from_the_first_that_is_too_many() -> None:
    own = [[1, n] for n in range(2, 102)]
    other = [[1, n] for n in range(200, 399)]
    few = refuse_shared(text_set(own, [*other, own[0]]), END)
    assert few == "1 of the 200 sequences of the validation split are also in the training split"
    with pytest.raises(DataError, match=r"3 of the 200 sequences of the validation split .*expected at most 1%"):
        refuse_shared(text_set(own, [*other[2:], *own[:3]]), END)


def test_a_document_that_the_cut_shifts_is_found_and_a_short_one_may_recur() -> None:
    long, short = list(range(100, 100 + SHORT)), [3, 4, 5]
    own = [[*range(200, 300)], long, short, [*range(300, 400)]]
    windows = {"unit": "sequence", "train_size": 20, "validation_size": 12}
    refuse_shared(text_set(own, [[*range(401, 450)], short, [*range(451, 499)]], **windows), END)
    with pytest.raises(DataError, match=f"1 of the 2 documents of {SHORT} tokens or more of the validation split"):
        refuse_shared(text_set(own, [[*range(401, 450)], long, [*range(451, 499)]], **windows), END)


def test_the_same_stream_in_both_splits_is_refused() -> None:
    with pytest.raises(DataError, match="4 of the 4 sequences"):
        refuse_shared(
            text_set([[*range(1, 99)]], [[*range(1, 99)]], unit="sequence", train_size=12, validation_size=4), END
        )
