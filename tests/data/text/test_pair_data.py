"""The data sets of pairs: the village's, TOFU as published and as its form says, and a user's files with rules."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from unlearnkit import registry
from unlearnkit.config.data.pairs import PairRule, PairSettings
from unlearnkit.data.text import pair_files, tofu, village_pairs
from unlearnkit.data.text.pair_loading import load_pairs
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.text_set import VIEWS
from unlearnkit.errors import DataError

PLAIN = PairSettings.model_validate({})
VILLAGE = village_pairs.pairs(None)


def test_the_village_has_pairs_with_paraphrases_and_wrong_answers() -> None:
    pairs, content_hash = load_pairs("village_pairs", None, PLAIN)
    assert {split: len(own) for split, own in pairs.splits.items()} == {"train": 240, "validation": 48}
    assert content_hash == village_pairs.CONTENT_HASH
    for own in (*pairs.splits["train"], *pairs.splits["validation"]):
        assert own.group and own.group in own.question
        assert own.paraphrased_answer is not None and own.paraphrased_answer.endswith(own.answer)
        assert len({*own.perturbed_answers}) == 3 and own.paraphrased_answer not in own.perturbed_answers
    trained, validated = ({own.group for own in pairs.splits[split]} for split in ("train", "validation"))
    # a method that trains on wrong answers learns none of validation
    unseen = {own.paraphrased_answer for own in pairs.splits["validation"]}
    unseen -= {own.paraphrased_answer for own in pairs.splits["train"]}
    assert not any(unseen & {*own.perturbed_answers} for own in pairs.splits["train"])
    assert len(trained) == 80 and not trained & validated
    assert {name: len(chosen) for name, chosen in pairs.forget_lists.items()} == village_pairs.FORGET_LISTS


def test_data_sets_of_pairs_declare_the_views_that_pairs_provide() -> None:
    for name in ("village_pairs", "tofu", "pair_files"):
        module = registry.load("data set", name)
        assert {*module.VIEWS} == {*VIEWS} and module.PAIRS and module.TASK == "text"


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def tofu_folder(tmp_path: Path) -> Path:
    """Pairs of the village in the files and fields of TOFU: the perturbed ones in another order, with others around."""
    train, held_out = VILLAGE.splits["train"], VILLAGE.splits["validation"]
    plain = [{"question": own.question, "answer": own.answer} for own in train]
    told = [
        {**row, "paraphrased_answer": own.paraphrased_answer, "perturbed_answer": list(own.perturbed_answers)}
        for row, own in zip(plain, train, strict=True)
    ]
    write(tmp_path / "full.json", plain)
    write(tmp_path / "forget10_perturbed.json", told[-24:][::-1])
    write(tmp_path / "retain_perturbed.json", told[7:40:3])
    write(tmp_path / "holdout10.json", [{"question": own.question, "answer": own.answer} for own in held_out])
    facts = [{"question": "How many legs has a spider?", "answer": "Eight", "perturbed_answer": ["Six", "Ten", "Four"]}]
    write(tmp_path / "real_authors_perturbed.json", facts * 2)
    write(tmp_path / "world_facts_perturbed.json", facts)
    return tmp_path


def test_perturbed_answers_are_joined_by_question_and_answer(tofu_folder: Path) -> None:
    pairs = tofu.pairs(tofu_folder)
    train = pairs.splits["train"]
    told = [number for number, own in enumerate(train) if own.paraphrased_answer is not None]
    assert told == [*range(7, 40, 3), *range(216, 240)]
    for number in told:
        assert train[number].perturbed_answers == VILLAGE.splits["train"][number].perturbed_answers
    assert {split: len(own) for split, own in pairs.splits.items()} == {
        "train": 240,
        "validation": 48,
        "authors": 2,
        "facts": 1,
    }
    assert pairs.splits["facts"][0].perturbed_answers == ("Six", "Ten", "Four")
    assert pairs.forget_lists == {"forget01": tuple(range(200, 240)), "forget05": tuple(range(40, 240))}
    assert len(pairs.raw_files) == 6


def test_other_files_than_the_published_ones_are_no_tofu(tofu_folder: Path) -> None:
    with pytest.raises(DataError, match="readable but not the published tofu"):
        load_pairs("tofu", tofu_folder, PLAIN)
    (tofu_folder / "holdout10.json").unlink()
    with pytest.raises(DataError, match=r"holdout10.json' is missing"):
        tofu.pairs(tofu_folder)


def test_a_damaged_line_is_named(tofu_folder: Path) -> None:
    with (tofu_folder / "full.json").open("a") as stream:
        stream.write('{"question": "Who?"\n')
    with pytest.raises(DataError, match=r"line 241 of '.*full.json' is not JSON"):
        tofu.pairs(tofu_folder)


SHARED = Path(os.environ.get("UNLEARNKIT_SHARED", "-")) / "data"


@pytest.mark.skipif(not (SHARED / "tofu").is_dir(), reason="the published files of TOFU are not here")
def test_the_published_tofu_is_read_whole() -> None:
    pairs, _ = load_pairs("tofu", SHARED, PLAIN)
    sizes = {split: len(own) for split, own in pairs.splits.items()}
    assert sizes == {"train": 4000, "validation": 400, **tofu.FURTHER_SPLITS}
    assert {name: len(chosen) for name, chosen in pairs.forget_lists.items()} == tofu.FORGET_LISTS
    train = pairs.splits["train"]
    # 400 retained pairs, wherever they stand, and all of forget10 have a paraphrase and five wrong answers
    told = [number for number, own in enumerate(train) if own.paraphrased_answer is not None]
    assert len([number for number in told if number < 3600]) == 400 and told[400:] == list(range(3600, 4000))
    assert {len(train[number].perturbed_answers) for number in told} == {5}
    for name, size in (("forget01", 40), ("forget05", 200), ("forget10", 400)):
        rows = [json.loads(line) for line in (SHARED / f"tofu/{name}.json").read_text().splitlines()]
        assert [(row["question"], row["answer"]) for row in rows] == [
            (own.question, own.answer) for own in train[-size:]
        ]


QA = {"question": "Who?", "answer": "Ann."}
TALK = {"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Ann."}]}
MESSAGES = {"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Ann."}]}


def test_files_of_ones_own_are_read_in_their_forms(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", [QA, {**TALK, "group": "g"}])
    write(tmp_path / "forget.jsonl", [MESSAGES])
    write(tmp_path / "validation.jsonl", [{**QA, "paraphrased_answer": "It is Ann.", "perturbed_answers": ["Bob."]}])
    write(tmp_path / "notes.jsonl", [{"no": "pair"}])
    pairs = pair_files.pairs(tmp_path, PLAIN)
    assert [(own.question, own.answer, own.group) for own in pairs.splits["train"]] == [
        ("Who?", "Ann.", ""),
        ("Who?", "Ann.", "g"),
        ("Who?", "Ann.", ""),
    ]
    assert pairs.forget_lists == {"forget": (2,)}
    assert pairs.splits["validation"][0].perturbed_answers == ("Bob.",)
    assert [path.name for path in pairs.raw_files] == ["train.jsonl", "forget.jsonl", "validation.jsonl"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"question": "Who?"}, "line 2 of '.*train.jsonl' has no answer"),
        ({"question": "Who?", "answer": ""}, "has an empty answer"),
        ({"question": 3, "answer": "x"}, "has no text as question"),
        ({**QA, "perturbed_answers": "Bob."}, "perturbed answers that are no texts"),
        ({"conversations": TALK["conversations"][::-1]}, "has a conversation of gpt and human; expected questions"),
        ({"conversations": TALK["conversations"] + TALK["conversations"][:1]}, "of human and gpt and human"),
        ({"messages": [*MESSAGES["messages"], {"role": "tool", "content": "x"}]}, "of user and assistant and tool"),
        ({"messages": [{"role": "system", "content": "x"}]}, "has a conversation of system"),
        ({"messages": [{"role": "system", "content": " "}, *MESSAGES["messages"]]}, "has no text as system"),
        ({"conversations": []}, "has a conversation of no turns"),
    ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    write(tmp_path / "train.jsonl", [QA, row])
    write(tmp_path / "validation.jsonl", [QA])
    with pytest.raises(DataError, match=message):
        pair_files.pairs(tmp_path, PLAIN)


SYSTEM = ("system", "Be brief.")
TURNS = (SYSTEM, ("user", "Who?"), ("assistant", "Ann."), ("user", "Why?"), ("assistant", "So."))
LONG = {"messages": [{"role": role, "content": text} for role, text in TURNS], "perturbed_answers": ["Not so."]}


def test_the_last_answer_of_a_conversation_is_a_target_or_each(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", [LONG, QA])
    write(tmp_path / "forget.jsonl", [{**LONG, "group": "own"}])
    write(tmp_path / "validation.jsonl", [QA])
    last = pair_files.pairs(tmp_path, PLAIN)
    one, two = Pair("Who?", "Ann.", history=TURNS[:1]), Pair("Why?", "So.", None, ("Not so.",), history=TURNS[:3])
    assert last.splits["train"] == (two, Pair("Who?", "Ann."), replace(two, group="own"))
    every = pair_files.pairs(tmp_path, PairSettings.model_validate({"targets": "all"}))
    first = (replace(one, group="conversation 0"), replace(two, group="conversation 0"))
    alone = Pair("Who?", "Ann.", group="conversation 1")
    assert every.splits["train"] == (*first, alone, replace(one, group="own"), replace(two, group="own"))
    # a conversation is forgotten as a whole
    assert every.forget_lists == {"forget": (3, 4)}
    assert PairSet.from_json(json.loads(json.dumps(every.to_json()))).splits == every.splits


def test_rules_take_whole_conversations(tmp_path: Path) -> None:
    write(tmp_path / "all.jsonl", [{**LONG, "kind": kind} for kind in ("forget", "retain", "retain", "validation")])
    rules = [{"use": use, "field": "kind", "equals": use, "most": 1} for use in ("forget", "retain", "validation")]
    settings = PairSettings.model_validate({"targets": "all", "rules": [*rules, {"use": "drop"}]})
    pairs = pair_files.pairs(tmp_path, settings)
    assert {name: len(own) for name, own in pairs.splits.items()} == {"train": 4, "validation": 2}
    assert pairs.forget_lists == {"forget": (2, 3)}
    assert pairs.notes["rows by rule 3 (drop)"] == 1


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nor its folder 'pair_files' holds question-answer pairs"):
        pair_files.pairs(tmp_path, PLAIN)
    write(tmp_path / "train.jsonl", [QA])
    with pytest.raises(DataError, match=r"has no file validation.jsonl"):
        pair_files.pairs(tmp_path, PLAIN)


def rows(count: int) -> list[dict[str, Any]]:
    """Rows of two kinds with a score, in turns."""
    return [
        {"question": f"Question {number}?", "answer": f"Answer {number}.", "score": number / count}
        | {"kind": ("private", "choice")[number % 2]}
        for number in range(count)
    ]


@pytest.fixture
def split_by(tmp_path: Path) -> Callable[..., PairSet]:
    """A function that divides forty rows in two files by rules."""
    write(tmp_path / "a.jsonl", rows(40)[:25])
    write(tmp_path / "b.jsonl", rows(40)[25:])

    def split(*rules: dict[str, Any]) -> PairSet:
        return pair_files.pairs(tmp_path, PairSettings.model_validate({"rules": rules}))

    return split


CHOICE = {"field": "kind", "equals": "choice"}
HIGH, LOW = {"field": "score", "at_least": 0.5}, {"field": "score", "below": 0.25}


def test_rules_divide_rows_disjointly_and_completely(split_by: Callable[..., PairSet]) -> None:
    pairs = split_by(
        {"use": "validation", **CHOICE, "most": 3},
        {"use": "forget", **HIGH},
        {"use": "retain", **LOW},
        {"use": "drop"},
    )
    train, validated = pairs.splits["train"], pairs.splits["validation"]
    forgotten = [train[number].question for number in pairs.forget_lists["forget"]]
    retained = [own.question for own in train if own.question not in forgotten]
    assert [own.question for own in validated] == ["Question 1?", "Question 3?", "Question 5?"]
    assert forgotten == [f"Question {number}?" for number in range(20, 40)]
    assert retained == [f"Question {number}?" for number in (0, 2, 4, 6, 7, 8, 9)]
    assert pairs.notes == {
        "rows by rule 0 (validation)": 3,
        "rows by rule 1 (forget)": 20,
        "rows by rule 2 (retain)": 7,
        "rows by rule 3 (drop)": 10,
        "questions both forgotten and retained": 0,
    }


def test_a_full_quota_ends_no_split(split_by: Callable[..., PairSet]) -> None:
    # rows after the last one of a quota go on to the next rules, to the end of all files
    pairs = split_by({"use": "validation", **CHOICE, "most": 2}, {"use": "forget", **CHOICE}, {"use": "retain"})
    assert len(pairs.splits["train"]) == 38 and len(pairs.forget_lists["forget"]) == 18
    assert pairs.splits["train"][-1].question == "Question 39?"


def test_a_row_without_a_rule_is_named(split_by: Callable[..., PairSet]) -> None:
    with pytest.raises(DataError, match=r"no rule says what becomes of line 1 of '.*a.jsonl'"):
        split_by({"use": "validation", **CHOICE})
    with pytest.raises(
        DataError, match=r"the field kind of line 1 of .* is 'private', but .* compare it with a number"
    ):
        split_by({"use": "retain", "field": "kind", "at_least": 1}, {"use": "drop"})
    with pytest.raises(DataError, match="the validation split has no question-answer pair"):
        split_by({"use": "retain"})


def test_a_question_on_both_sides_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "all.jsonl", [{**QA, "use": use} for use in ("a", "b", "c", "b")])
    given = [
        {"use": use, "field": "use", "equals": key}
        for use, key in (("forget", "a"), ("retain", "b"), ("validation", "c"))
    ]
    pairs = pair_files.pairs(tmp_path, PairSettings.model_validate({"rules": given}))
    assert pairs.notes["questions both forgotten and retained"] == 1


@pytest.mark.parametrize("rule", [{"field": "x"}, {"equals": 3}, {"most": -1}])
def test_rules_state_field_and_condition_together(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PairRule.model_validate({"use": "drop", **rule})


def test_a_truth_value_is_no_number() -> None:
    from unlearnkit.data.text.pair_rows import pairs_of
    from unlearnkit.data.text.pair_split import divided

    rule = PairRule.model_validate({"use": "retain", "field": "flag", "equals": True})
    others = PairRule.model_validate({"use": "validation"})
    rows = [({**QA, "flag": True}, "one"), ({**QA, "flag": 1}, "two")]
    pairs = divided(rows, [rule, others], (), pairs_of)
    assert [len(own) for own in pairs.splits.values()] == [1, 1]
