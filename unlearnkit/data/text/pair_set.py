"""Question-answer pairs and documents of a data set, in splits, and the forget lists that are published with it."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from unlearnkit.data.text.corpus import checked_text
from unlearnkit.errors import DataError


@dataclass(frozen=True)
class Pair:
    """A question and its answer, and what evaluations and methods compare the answer with; or a document.

    paraphrased_answer  the answer in other words, None if there is none
    perturbed_answers   plausible wrong answers, in the form of the paraphrase where there is one
    group               what the pair is about, "" if that is not stated; pairs of a group may be a forget unit
    history             the turns of a conversation before the question, (role, text) each
    document            whether it is plain text without a question, all of it in `answer`
    part                which of the stretches that a document was cut into it is; 0 of a whole one
    paraphrased_question    the question in other words, None if there is none; only attacks ask it
    """

    question: str
    answer: str
    paraphrased_answer: str | None = None
    perturbed_answers: tuple[str, ...] = ()
    group: str = ""
    history: tuple[tuple[str, str], ...] = ()
    document: bool = False
    part: int = 0
    paraphrased_question: str | None = None

    @property
    def asked(self) -> str:
        """What decides the prompt: the question, or as JSON the turns that end with it; "" of documents."""
        return json.dumps([*self.history, ("user", self.question)]) if self.history else self.question

    def texts(self) -> dict[str, str]:
        """Return every text of the pair by what it is."""
        if self.document:
            return {"text": self.answer}
        paraphrase = {} if self.paraphrased_answer is None else {"paraphrased_answer": self.paraphrased_answer}
        wrong = {f"perturbed_answers[{number}]": text for number, text in enumerate(self.perturbed_answers)}
        turns = {f"history[{number}]": text for number, (_, text) in enumerate(self.history)}
        if self.paraphrased_question is not None:
            turns["paraphrased_question"] = self.paraphrased_question
        return {"question": self.question, "answer": self.answer, **paraphrase, **wrong, **turns}


@dataclass(frozen=True, eq=False)
class PairSet:
    """Pairs in the publisher's order: "train" and "validation", then further splits that are evaluated alone.

    splits        by name, in this order, further ones by their names, whatever order they are given in; any may hold
                  documents as well
    forget_lists  name -> positions in the training split that are published, or chosen by the user's rules, to forget
    raw_files     what the pairs were read from, for provenance
    notes         what became of rows that are no pairs here, for the log and the record

    Raises DataError if a split is empty, a text is empty or no text, or a list names a pair twice or one that is not
    there.
    """

    splits: Mapping[str, tuple[Pair, ...]]
    forget_lists: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    raw_files: tuple[Path, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for split in ("train", "validation", *self.splits):
            if not self.splits.get(split):
                raise DataError(f"the {split} split has no question-answer pair", expected="at least one pair")
        # rows are numbered in this order, and JSON keeps none
        further = sorted({*self.splits} - {"train", "validation"})
        ordered = {name: self.splits[name] for name in ("train", "validation", *further)}
        object.__setattr__(self, "splits", ordered)
        for split, pairs in self.splits.items():
            for number, pair in enumerate(pairs):
                for name, text in pair.texts().items():
                    if not checked_text(text, f"{name} of {split} pair {number}").strip():
                        raise _empty(split, number, name)
        for name, chosen in self.forget_lists.items():
            if len({*chosen}) != len(chosen) or not all(0 <= number < len(self.splits["train"]) for number in chosen):
                raise DataError(
                    f"the forget list {name} names a pair twice, or one that is not in the training split",
                    expected=f"positions from 0 to {len(self.splits['train']) - 1}, each once",
                )

    @property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over what models learn and are compared on: texts, groups and forget lists, as JSON.

        Paraphrased questions, which only attacks ask, are not part of it. Computed again at every call.
        """
        content = self.to_json()
        for row in itertools.chain(*content["splits"].values()):
            row.pop("paraphrased_question", None)
        content = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return splits and forget lists as JSON holds them."""
        splits = {name: [_row(pair) for pair in pairs] for name, pairs in self.splits.items()}
        lists = {name: list(chosen) for name, chosen in self.forget_lists.items()}
        return {"splits": splits, "forget_lists": lists}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> PairSet:
        """Return what `to_json` was made from, without raw files and notes."""
        splits = {name: tuple(map(_pair, rows)) for name, rows in content["splits"].items()}
        return cls(splits, {name: tuple(chosen) for name, chosen in content["forget_lists"].items()})

    def part(self, first: int, train_size: int, validation_size: int, further_size: int | None = None) -> PairSet:
        """Return the `train_size` training pairs from `first` on and the first `validation_size` of validation.

        Of every further split the first `further_size` are kept, all where it has fewer or the number is None; forget
        lists are kept if all of their pairs are taken. Raises DataError if there are too few pairs to train on or to
        validate on.
        """
        sizes = {"train": (first, train_size), "validation": (0, validation_size)}
        splits = {name: pairs if name in sizes else pairs[:further_size] for name, pairs in self.splits.items()}
        for name, (begin, size) in sizes.items():
            if begin + size > len(splits[name]):
                after = f" after the first {begin}" if begin else ""
                raise DataError(
                    f"data.{name}_size is {size}, but there are {len(splits[name]) - begin} {name} pairs{after}",
                    expected=f"at most {max(0, len(splits[name]) - begin)}",
                    remedy=f"correct data.{name}_size" + (" or data.pairs.first" if begin else ""),
                )
            splits[name] = splits[name][begin : begin + size]
        taken = range(first, first + train_size)
        kept = {
            name: tuple(number - first for number in chosen)
            for name, chosen in self.forget_lists.items()
            if all(number in taken for number in chosen)
        }
        return replace(self, splits=splits, forget_lists=kept)


_LATER = ("history", "document", "part", "paraphrased_question")


def _row(pair: Pair) -> dict[str, Any]:
    # without these a pair has the form, hence the hash, that pairs have always had
    return {name: value for name, value in asdict(pair).items() if name not in _LATER or value}


def _pair(row: Mapping[str, Any]) -> Pair:
    history = tuple((role, text) for role, text in row.get("history", ()))
    return Pair(**{**row, "perturbed_answers": tuple(row["perturbed_answers"]), "history": history})


def _empty(split: str, number: int, name: str) -> DataError:
    return DataError(
        f"{name} of {split} pair {number} is empty",
        expected="a question and an answer with at least one character each, since the answer is what models learn",
        remedy="complete the pair, or leave it out",
    )
