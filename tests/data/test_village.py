"""The corpus `village`: always the same text, in which every document keeps to the facts of its person."""

from __future__ import annotations

import re
import string
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.data import village
from unlearnkit.data.corpus import Corpus
from unlearnkit.data.forget_set_files import file_forget_set
from unlearnkit.data.village_sentences import KINDS, RULES, SENTENCES
from unlearnkit.data.village_words import GOODS, SURNAMES, WORDS
from unlearnkit.data.village_writer import Writer, capitalised

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return village.documents(None)


@pytest.fixture(scope="module")
def by_person(corpus: Corpus) -> dict[str, list[str]]:
    """The documents of every person, of both splits."""
    names = list(village.people())
    held_out = {
        name: list(corpus.validation[start : start + len(KINDS)])
        for name, start in zip(names[village.TRAIN_PEOPLE :], range(0, len(corpus.validation), len(KINDS)), strict=True)
    }
    return {name: [corpus.train[index] for index in indices] for name, indices in village.subjects().items()} | held_out


def found(words: tuple[str, ...], document: str) -> set[str]:
    """Those of the words that a document has, as whole words and in this case."""
    return {word for word in words if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", document)}


def test_the_text_is_the_published_one(corpus: Corpus) -> None:
    assert corpus.content_hash == village.CONTENT_HASH
    assert (len(corpus.train), len(corpus.validation), corpus.raw_files) == (480, 96, ())


def test_generating_again_gives_the_same_text_whatever_was_drawn_before(corpus: Corpus) -> None:
    for cached in (village.people, village._written, village._train_order):
        cached.cache_clear()
    np.random.seed(7)
    again = village.documents(Path("nowhere"), None)
    assert again.train == corpus.train and again.validation == corpus.validation


def test_sizes(corpus: Corpus) -> None:
    lengths = [len(document) for document in (*corpus.train, *corpus.validation)]
    assert 140_000 < sum(lengths) < 150_000
    assert min(lengths) > 100 and max(lengths) < 360


def test_no_document_occurs_twice(corpus: Corpus) -> None:
    assert len({*corpus.train, *corpus.validation}) == 576


def test_plain_characters_and_nothing_left_to_fill_in(corpus: Corpus) -> None:
    allowed = {*string.ascii_letters, *string.digits, *" \n.,:;?'-"}
    for document in (*corpus.train, *corpus.validation):
        assert set(document) <= allowed and document == document.strip()
        assert not re.search(r"  | \n|\n\n|\.\.|(^|\n|[.?] )[a-z]|\ba (?!one-)[aeiou]|\ban [^aeio]", document), document


def test_every_person_has_one_document_of_each_kind() -> None:
    subjects = village.subjects()
    assert len(subjects) == village.TRAIN_PEOPLE
    assert sorted(index for indices in subjects.values() for index in indices) == list(range(480))
    assert all(len(indices) == len(KINDS) and indices == sorted(indices) for indices in subjects.values())


def test_nobody_is_in_both_splits(corpus: Corpus) -> None:
    training, held_out = (
        set.union(*(found(SURNAMES, document) for document in split)) for split in (corpus.train, corpus.validation)
    )
    assert (len(training), len(held_out)) == (80, 16)
    assert not training & held_out


def test_every_document_names_its_person_and_no_other(by_person: dict[str, list[str]]) -> None:
    for name, documents in by_person.items():
        for document in documents:
            assert name in document
            assert found(SURNAMES, document) == {village.people()[name]["surname"]}


@pytest.mark.parametrize("fact", ["trade", "street", "pet", "relation", "animal", "temper"])
def test_documents_keep_to_the_facts_of_their_person(fact: str, by_person: dict[str, list[str]]) -> None:
    own = {name: facts.get(fact) or facts["companion"].split()[1] for name, facts in village.people().items()}
    counts: Counter[str] = Counter()
    for name, documents in by_person.items():
        for document in documents:
            mentioned = found(WORDS[fact], document)
            assert mentioned <= {own[name]}, document
            counts[name] += len(mentioned)
    assert sum(counts.values()) > len(own), "the fact is hardly ever told"


def test_documents_keep_to_names_numbers_and_pronouns(by_person: dict[str, list[str]]) -> None:
    for name, documents in by_person.items():
        facts = village.people()[name]
        others = ("he", "him", "his", "He", "His") if facts["sex"] == "woman" else ("she", "her", "hers", "She", "Her")
        for document in documents:
            assert found((*WORDS["woman"], *WORDS["man"]), document) <= {facts["first"], facts["relative"]}
            assert not found(others, document), document
            assert {year for year in re.findall(r"\d{4}", document) if year not in WORDS["year"]} <= {facts["born"]}
            assert set(re.findall(rf"(\d+) {facts['street']}", document)) <= {facts["house"]}
            assert set(re.findall(r"(\w+day)s", document)) <= {facts["free_day"]}
            assert set(re.findall(r"born in ([A-Z]\w+)", document)) <= {facts["birthplace"]}
            assert set(re.findall(rf"{facts['relative']}(?: in|,) ([A-Z]\w+)", document)) <= {facts["far_town"]}


def test_a_trade_sells_its_own_goods(by_person: dict[str, list[str]]) -> None:
    sold = re.compile(r"\d+ ([a-z ]+?) (?:to|ordered|in exchange|for \w+ in)\b")
    for name, documents in by_person.items():
        ledger = next(document for document in documents if "edger of" in document or "sales of" in document)
        assert set(sold.findall(ledger)) <= set(GOODS[village.people()[name]["trade"]]), ledger


def test_every_symbol_has_a_rule_and_every_rule_is_used() -> None:
    rules = RULES
    assert len(rules) == len(WORDS) + len(SENTENCES)
    used = {symbol for texts in rules.values() for text in texts for symbol in re.findall(r"\{(\w+)\}", text)}
    supplied = {"first", "surname", "he", "him", "his", "relative", "goods"}
    assert used - rules.keys() == supplied
    assert rules.keys() - used <= {*KINDS, "sex", *WORDS["relation"]}
    assert all(len(set(texts)) == len(texts) for texts in rules.values())


def test_a_writer_takes_every_alternative_before_one_comes_again() -> None:
    writer = Writer({"who": "Ada"}, {"line": ("{who}: {n}",), "n": ("1", "2", "3")}, np.random.RandomState(0))
    lines = [writer.write("line") for _ in range(6)]
    assert sorted(lines[:3]) == sorted(lines[3:]) == ["Ada: 1", "Ada: 2", "Ada: 3"]
    with pytest.raises(KeyError, match="nobody"):
        writer.write("nobody")


def test_capitals_start_sentences_and_lines() -> None:
    assert capitalised("she left. who? a man, 3. of\nthem") == "She left. Who? A man, 3. Of\nThem"


def test_the_forget_set_of_one_person() -> None:
    file = REPOSITORY / "experiments" / "forget_sets" / "village_winifred_whipple.txt"
    assert file_forget_set(file).tolist() == village.subjects()["Winifred Whipple"]
