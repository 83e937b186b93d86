"""The corpus `village`: always the same text, six documents about every person."""

from __future__ import annotations

from pathlib import Path

import pytest

from unlearnkit.data.forget_set_files import file_forget_set
from unlearnkit.data.text import village
from unlearnkit.data.text.corpus import Corpus

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return village.documents(None)


def test_the_text_is_the_published_one(corpus: Corpus) -> None:
    assert corpus.content_hash == village.CONTENT_HASH
    assert (len(corpus.train), len(corpus.validation), corpus.raw_files) == (480, 96, ())


def test_no_document_occurs_twice(corpus: Corpus) -> None:
    assert len({*corpus.train, *corpus.validation}) == 576


def test_every_person_has_six_documents_and_all_of_them_name_this_person(corpus: Corpus) -> None:
    subjects = village.subjects()
    assert len(subjects) == 80
    assert sorted(index for indices in subjects.values() for index in indices) == list(range(480))
    for name, indices in subjects.items():
        assert len(indices) == 6 and indices == sorted(indices)
        assert all(name in corpus.train[index] for index in indices)
        assert not any(name in document for document in corpus.validation), "a person is in both splits"


def test_the_forget_set_of_one_person() -> None:
    file = REPOSITORY / "experiments" / "forget_sets" / "village_winifred_whipple.txt"
    assert file_forget_set(file).tolist() == village.subjects()["Winifred Whipple"]
