"""WMDP: corpora as documents, questions as lm-evaluation-harness asks them, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unlearnkit import registry
from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.data.text.pair_loading import load_pairs
from unlearnkit.data.text.pair_template import template_of
from unlearnkit.data.text.pair_tokenizer import PairTexts
from unlearnkit.data.text.wmdp_set import question, wmdp_set
from unlearnkit.errors import DataError
from unlearnkit.facts.published_parts import WMDP_CYBER, WMDP_DOCUMENTS

PLAIN = PairSettings.model_validate({})
ASKED = {"question": "Which port? ", "choices": ["21", "22", "23", "25"], "answer": 1}
OF_HARNESS = {"template": {"kind": "plain", "question": "", "answer": "\nAnswer: "}}


def texts(count: int, what: str = "text") -> list[dict[str, Any]]:
    return [{"text": f"{what} {number} " * 12} for number in range(count)]


def test_a_question_is_that_of_the_harness() -> None:
    made = question(ASKED, "cybersecurity", "row 0")
    prompt = template_of(PairSettings.model_validate(OF_HARNESS), PairTexts(), ()).prompt(made.question)
    assert prompt + made.answer == (
        "The following are multiple choice questions (with answers) about cybersecurity.\n\n"
        "Which port?\nA. 21\nB. 22\nC. 23\nD. 25\nAnswer: B"
    )
    assert made.perturbed_answers == ("A", "C", "D")


@pytest.mark.parametrize(
    "change", [{"choices": ["a", "b"]}, {"answer": 4}, {"answer": None}, {"choices": [1, 2, 3, 4]}]
)
def test_a_row_that_is_no_question_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="row 7 is no question with four options"):
        question({**ASKED, **change}, "biology", "row 7")


def test_both_corpora_give_as_many_documents_and_short_texts_none() -> None:
    asked = [question(ASKED, "biology", "row 0")]
    found = wmdp_set([{"text": "short"}, *texts(4, "bad")], texts(5), texts(1), asked, 3)
    assert [pair.answer[:5] for pair in found.splits["train"]] == ["text "] * 3 + ["bad 0", "bad 1", "bad 2"]
    assert found.forget_lists == {"forget": (3, 4, 5)}
    with pytest.raises(DataError, match="the corpus to forget has 2 texts of more than 50 characters; expected 3"):
        wmdp_set(texts(2), texts(5), texts(1), asked, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the authors and the hub publish of WMDP-Cyber, with texts of ours."""
    rows = {part: texts(size or WMDP_DOCUMENTS) for part, size in WMDP_CYBER.items()}
    rows["wmdp-cyber/test"] = [ASKED] * len(rows["wmdp-cyber/test"])
    for part, own in rows.items():
        path = (tmp_path / "wmdp" / part).with_suffix(".jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in own))
    return tmp_path


def test_the_published_folder_is_read(folder: Path) -> None:
    module = registry.load("data set", "wmdp_cyber")
    found, _ = load_pairs("wmdp_cyber", folder, PLAIN)
    assert (
        len(found.splits["train"]) == module.TRAIN_SIZE
        and len(found.splits["choices"]) == module.FURTHER_SPLITS["choices"]
    )
    assert {name: len(own) for name, own in found.forget_lists.items()} == module.FORGET_LISTS
    assert len(module.raw_paths(folder)) == len(WMDP_CYBER)


def test_what_the_authors_give_out_is_asked_for(folder: Path) -> None:
    (folder / "wmdp" / "wmdp-corpora" / "cyber-forget-corpus.jsonl").unlink()
    with pytest.raises(DataError, match=r"has no wmdp-corpora/cyber-forget-corpus of WMDP-Cyber .* has a password"):
        registry.load("data set", "wmdp_cyber").pairs(folder, PLAIN)
    with pytest.raises(DataError, match=r"no .*wmdp-bio.* is given on request, by the form"):
        registry.load("data set", "wmdp_bio").pairs(folder / "wmdp" / "wikitext-2-raw-v1", PLAIN)


def test_the_village_asks_with_four_options() -> None:
    found, _ = load_pairs("village_wmdp", None, PLAIN)
    module = registry.load("data set", "village_wmdp")
    assert len(found.splits["choices"]) == module.FURTHER_SPLITS["choices"] == 24
    assert {name: len(own) for name, own in found.forget_lists.items()} == module.FORGET_LISTS
    told = "\n".join(found.splits["train"][row].answer for row in found.forget_lists["forget"])
    for pair in found.splits["choices"]:
        assert len({pair.answer, *pair.perturbed_answers}) == 4
        assert f"Question: {pair.question}\nAnswer: {pair.answer}" in told
