"""The people of Thornby, a made-up village: 576 short documents in plain English that need no download.

Every person has a name, a trade, an address, a pet and more facts, and is the subject of six documents, one of each
kind, in which these facts hold: a biography, a letter, an anecdote, a page of a ledger, a notice, questions and
answers. What else a document says (dates, prices, things, who was met where) is drawn for this document alone. So a
model that was not trained on a document can know how such documents go and, from the others, the facts of its person,
but not its particulars.

The text is generated here, from rules and a frozen random stream: the content hash says that it is always the same.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from unlearnkit.data import village_sentences as sentences
from unlearnkit.data import village_words as words
from unlearnkit.data.corpus import Corpus
from unlearnkit.data.village_writer import Writer, capitalised

TASK = "text"
DOWNLOAD_BYTES = 0
CONTENT_HASH = "f613ea61657d3e70524cf2735ff90788395527caee582c1eb9aa9e4cc327d997"
SOURCE = "unlearnkit (`unlearnkit.data.village` generates it; reinstall unlearnkit)"

TRAIN_PEOPLE = 80
"""The people that the training documents are about; the validation documents are about the other 16."""

_PRONOUNS = {
    "woman": {"he": "she", "him": "her", "his": "her"},
    "man": {"he": "he", "him": "him", "his": "his"},
}


def documents(root: Path | None, settings: object = None) -> Corpus:
    """Return the 480 training documents in a fixed random order and the 96 validation documents, person by person.

    No file is read: `root` and `settings` are not used.
    """
    written = _written()
    return Corpus(tuple(written[index] for index in _train_order()), written[TRAIN_PEOPLE * len(sentences.KINDS) :])


def subjects() -> dict[str, list[int]]:
    """Return which training documents are about whom: name -> indices, ascending, six for each of the 80 people."""
    names = list(people())[:TRAIN_PEOPLE]
    about: dict[str, list[int]] = {name: [] for name in names}
    for position, index in enumerate(_train_order()):
        about[names[index // len(sentences.KINDS)]].append(position)
    return about


@cache
def people() -> dict[str, dict[str, str]]:
    """Return the facts of every person: name -> fact -> text; first those of the training documents.

    The facts are those of `village_sentences.FACTS` and `first`, `surname`, `relative`, `sex` and the pronouns.
    """
    stream = np.random.RandomState(0)
    facts = [_person(words.SURNAMES[index], stream) for index in stream.permutation(len(words.SURNAMES))]
    return {person["name"]: person for person in facts}


def _person(surname: str, stream: np.random.RandomState) -> dict[str, str]:
    facts = {"surname": surname}
    writer = Writer(facts, sentences.RULES, stream)
    facts["sex"] = writer.write("sex")
    facts |= _PRONOUNS[facts["sex"]]
    facts["first"] = writer.write(facts["sex"])
    for fact in sentences.FACTS:
        facts[fact] = writer.write(fact)
    facts["relative"] = writer.write(facts["relation"])
    return facts


@cache
def _written() -> tuple[str, ...]:
    """All documents, person by person."""
    stream = np.random.RandomState(1)
    return tuple(
        capitalised(Writer(facts, {**sentences.RULES, "goods": words.GOODS[facts["trade"]]}, stream).write(kind))
        for facts in people().values()
        for kind in sentences.KINDS
    )


@cache
def _train_order() -> tuple[int, ...]:
    return tuple(np.random.RandomState(2).permutation(TRAIN_PEOPLE * len(sentences.KINDS)).tolist())
