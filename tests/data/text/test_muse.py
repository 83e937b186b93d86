"""MUSE: its parts as documents, passages and questions, and what is refused of another corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unlearnkit import registry
from unlearnkit.artifacts.raw_rows import raw_rows
from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.config.data.tokenizer import BpeTokenizer
from unlearnkit.data.text.muse_set import muse_set
from unlearnkit.data.text.pair_loading import load_pairs, prepared
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.pair_set import PairSet
from unlearnkit.data.text.published_parts import read_parts
from unlearnkit.data.text.village import subjects
from unlearnkit.errors import DataError
from unlearnkit.facts.published_parts import MUSE_BOOKS, MUSE_NEWS

PLAIN = PairSettings.model_validate({})
CHAT = PairSettings.model_validate({"template": {"kind": "chat"}})


def texts(*names: str) -> list[dict[str, Any]]:
    return [{"text": f"What the papers say of {name}."} for name in names]


def parts() -> dict[str, list[dict[str, Any]]]:
    return {
        "raw/forget": texts("a"),
        "raw/retain1": texts("r"),
        "raw/retain2": texts("s", "t"),
        "raw/holdout": texts("h"),
        "verbmem/forget": [{"prompt": "What the papers", "gt": "say of a."}],
        "knowmem/forget_qa": [{"question": "Who is a?", "answer": "The first letter."}],
        "knowmem/forget_qa_icl": [
            {"question": "Who is x?", "answer": "A late one."},
            {"question": "And y?", "answer": "B"},
        ],
        "knowmem/retain_qa": [{"question": "Who is r?", "answer": "A letter."}],
        "knowmem/retain_qa_icl": [],
        "scal/forget_1": texts("a"),
        "scal/forget_2": texts("a", "b"),
        "sust/forget_1": texts("a"),
        "sust/forget_2": texts("b"),
    }


def test_forgotten_documents_follow_the_retained_ones_and_lists_name_them() -> None:
    found = muse_set(parts(), PLAIN)
    trained = [pair.answer for pair in found.splits["train"]]
    assert [text[-2] for text in trained] == ["r", "s", "t", "a", "b"]
    assert found.forget_lists == {"forget": (3,), "scal_1": (3,), "scal_2": (3, 4), "sust_1": (3,), "sust_2": (4,)}
    assert found.splits["forget_passages"][0].answer == "What the papers say of a."
    documents = {name for name, own in found.splits.items() if all(pair.document for pair in own)}
    assert documents == {"train", "validation", "forget_passages"}


def prompt_of(pairs: PairSet, settings: PairSettings) -> str:
    tokenizer = BpeTokenizer(kind="bpe", vocabulary_size=270, min_frequency=1)
    file, _ = prepared(pairs, settings, tokenizer)
    return file.prompts_of(pairs.splits["forget_questions"])[0]


def test_a_prompt_is_that_of_the_published_evaluation() -> None:
    published = "".join(f"Question: {q}\nAnswer: {a}\n\n" for q, a in [("Who is x?", "A late one."), ("And y?", "B")])
    assert prompt_of(muse_set(parts(), PLAIN), PLAIN) == published + "Question: Who is a?\nAnswer: "
    turns = muse_set(parts(), CHAT).splits["forget_questions"][0]
    assert turns.question == "Who is a?"
    assert turns.history[:2] == (("user", "Who is x?"), ("assistant", "A late one."))


def test_no_prompt_is_cut() -> None:
    long = parts()
    long["knowmem/forget_qa"][0]["question"] = " ".join(["who"] * 600)
    tokenizer = BpeTokenizer(kind="bpe", vocabulary_size=270, min_frequency=1)
    settings = PairSettings.model_validate({"documents": {"cut": "all"}})
    file, made = prepared(muse_set(long, settings), settings, tokenizer)
    with pytest.raises(DataError, match=r"1 of the 1 pairs of the forget_questions split have more than 256 tokens"):
        text_set_of_pairs({"sequence_length": 256, "forget_unit": "sequence"}, file, made)


def test_a_forget_set_of_another_corpus_is_refused() -> None:
    other = {**parts(), "sust/forget_2": texts("c")}
    with pytest.raises(DataError, match="row 0 of sust/forget_2 is not in scal/forget_2"):
        muse_set(other, PLAIN)


def write(folder: Path, sizes: dict[str, int]) -> None:
    """Write published parts of some numbers of rows, in every form that they may have."""
    for number, (part, size) in enumerate(sizes.items()):
        rows = [
            {"text": f"{part} {row}", "prompt": "p", "gt": "g", "question": "q", "answer": "a"} for row in range(size)
        ]
        path = folder / part
        path.parent.mkdir(parents=True, exist_ok=True)
        if number % 3 == 0:
            pq.write_table(pa.Table.from_pylist(rows), path.with_name(f"{path.name}-00000-of-00001.parquet"))
        elif number % 3 == 1:
            path.with_suffix(".json").write_text(json.dumps(rows))
        else:
            path.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def books(tmp_path: Path) -> Path:
    write(tmp_path / "muse_books", dict(MUSE_BOOKS))
    return tmp_path


def test_the_published_folder_is_read_in_all_forms_and_each_file_is_an_input(books: Path) -> None:
    found, _ = load_pairs("muse_books", books, PLAIN)
    module = registry.load("data set", "muse_books")
    assert {name: len(own) for name, own in found.splits.items() if name not in ("train", "validation")} == (
        module.FURTHER_SPLITS
    )
    assert len(found.splits["train"]) == module.TRAIN_SIZE
    assert {name: len(own) for name, own in found.forget_lists.items()} == module.FORGET_LISTS
    paths = module.raw_paths(books)
    assert {path.parent.name for path in paths} == {"raw", "verbmem", "knowmem"} and len(paths) == len(MUSE_BOOKS)
    assert found.raw_files == paths


def test_books_are_no_news(books: Path) -> None:
    with pytest.raises(DataError, match=r"raw/forget in '.*muse_books' has 4 rows, but that of MUSE-News has 889"):
        registry.load("data set", "muse_news").pairs(books / "muse_books", PLAIN)


def test_sizes_of_news_are_those_that_its_lists_state() -> None:
    module = registry.load("data set", "muse_news")
    names = {part.replace("/forget", "").replace("raw", "forget"): size for part, size in MUSE_NEWS.items()}
    assert {name: names[name] for name in module.FORGET_LISTS} == module.FORGET_LISTS
    assert sum(MUSE_NEWS[part] for part in ("raw/retain1", "raw/retain2", "scal/forget_4")) == module.TRAIN_SIZE


def test_what_is_missing_or_damaged_is_named_with_what_to_fetch(books: Path) -> None:
    module = registry.load("data set", "muse_books")
    (books / "muse_books" / "verbmem" / "forget.json").write_text("[{]")
    with pytest.raises(DataError, match=r"'.*verbmem/forget.json' is not JSON"):
        module.pairs(books, PLAIN)
    (books / "muse_books" / "verbmem" / "forget.json").unlink()
    with pytest.raises(
        DataError, match=r"has no verbmem/forget of MUSE-Books .*hf download --repo-type dataset muse-bench"
    ):
        module.pairs(books, PLAIN)
    with pytest.raises(DataError, match="no raw in"):
        registry.load("data set", "muse_news").pairs(books, PLAIN)


@pytest.mark.parametrize(
    ("name", "content"), [("a.parquet", b"PAR1"), ("a.jsonl", b"{"), ("a.txt", b"\xff"), ("a.json", b"[]")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        raw_rows(tmp_path / name)
    with pytest.raises(DataError):
        read_parts(tmp_path, {"a": None}, "A", "its publisher")


def test_the_village_has_the_parts_of_muse() -> None:
    found, _ = load_pairs("village_muse", None, PLAIN)
    module = registry.load("data set", "village_muse")
    sizes = {name: len(own) for name, own in found.splits.items()}
    assert sizes == {"train": module.TRAIN_SIZE, "validation": 24, **module.FURTHER_SPLITS}
    assert {name: len(own) for name, own in found.forget_lists.items()} == module.FORGET_LISTS
    lists = found.forget_lists
    assert {*lists["scal_4"]} == {row for number in range(1, 5) for row in lists[f"sust_{number}"]}
    # whom a question to forget is about is nowhere among what is retained
    kept = [pair.answer for row, pair in enumerate(found.splits["train"]) if row not in lists["scal_4"]]
    people = [*subjects()][:2]
    assert all(any(name in pair.question for name in people) for pair in found.splits["forget_questions"])
    assert not any(name in text for name in people for text in kept)
