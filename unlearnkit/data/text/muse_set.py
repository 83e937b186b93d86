"""MUSE as pairs: documents that are forgotten, retained and held out, passages, and questions with few-shot context.

Published are parts, of which each is rows: raw texts, passages whose continuation is compared (verbmem), questions
(knowmem) with others that are answered before them, larger forget sets (scal) and requests one after another (sust).
Source: Shi et al. 2024 (arXiv 2407.06460), github.com/swj0419/muse_bench.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unlearnkit.config.data.pairs import ChatTemplate, PairSettings
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.published_parts import Rows, text_of
from unlearnkit.errors import DataError

BETWEEN = "\n\n"
"""What stands between an answered question of the context and the next question; models are to stop there."""


def muse_set(parts: Mapping[str, Rows], settings: PairSettings, raw_files: tuple[Path, ...] = ()) -> PairSet:
    """Return the pairs of the published parts: retained documents, then all that are forgotten; held-out ones validate.

    Forget lists are `forget` and, where there are such parts, scal_1 .. scal_4 and sust_1 .. sust_4. Passages are
    documents, prompt and continuation together. The context of a question is written as `settings.template` writes
    it. Raises DataError for a row without its text, and for a forgotten document that is not among the trained ones.
    """
    largest = max(
        (part for part in parts if part.startswith(("raw/forget", "scal/"))), key=lambda part: len(parts[part])
    )
    trained = [*_texts(parts, "raw/retain1"), *_texts(parts, "raw/retain2"), *_texts(parts, largest)]
    lists = {"forget": "raw/forget"} | {
        part.replace("/forget", ""): part for part in parts if part.startswith(("scal/", "sust/"))
    }
    splits = {
        "train": _documents(trained),
        "validation": _documents(_texts(parts, "raw/holdout")),
        "forget_passages": _documents(_passages(parts["verbmem/forget"])),
        "forget_questions": tuple(_questions(parts, "forget", settings)),
        "retain_questions": tuple(_questions(parts, "retain", settings)),
    }
    found = {name: _rows_in(trained, [*_texts(parts, part)], part, largest) for name, part in lists.items()}
    return PairSet(splits, found, raw_files)


def _texts(parts: Mapping[str, Rows], part: str) -> Iterator[str]:
    return (text_of(row, "text", f"row {number} of {part}") for number, row in enumerate(parts[part]))


def _documents(texts: Sequence[str] | Iterator[str]) -> tuple[Pair, ...]:
    return tuple(Pair("", text, document=True) for text in texts)


def _passages(rows: Rows) -> Iterator[str]:
    for number, row in enumerate(rows):
        prompt, going_on = (text_of(row, field, f"row {number} of verbmem/forget") for field in ("prompt", "gt"))
        yield f"{prompt} {going_on}"


def _questions(parts: Mapping[str, Rows], kind: str, settings: PairSettings) -> Iterator[Pair]:
    """Yield the questions of a kind, each after those that the publisher answers before it."""
    context = [_asked(row, f"knowmem/{kind}_qa_icl") for row in parts[f"knowmem/{kind}_qa_icl"]]
    for row in parts[f"knowmem/{kind}_qa"]:
        question, answer = _asked(row, f"knowmem/{kind}_qa")
        yield with_context(context, question, answer, settings)


def _asked(row: Mapping[str, Any], part: str) -> tuple[str, str]:
    question, answer = (text_of(row, field, f"a row of {part}") for field in ("question", "answer"))
    return question, answer


def with_context(context: Sequence[tuple[str, str]], question: str, answer: str, settings: PairSettings) -> Pair:
    """Return a question after others with their answers: in its own text, or as turns where there is a chat template.

    With the plain template a prompt is, for every question, "Question: ", the question, a line end, "Answer: ", and the
    answer with BETWEEN, as the publisher has it.
    """
    if isinstance(settings.template, ChatTemplate):
        turns = [(("user", asked), ("assistant", answered)) for asked, answered in context]
        return Pair(question, answer, history=tuple(turn for pair in turns for turn in pair))
    before, after = settings.template.question, settings.template.answer
    shots = "".join(f"{asked}{after}{answered}{BETWEEN}{before}" for asked, answered in context)
    return Pair(shots + question, answer)


def _rows_in(trained: Sequence[str], chosen: Sequence[str], part: str, largest: str) -> tuple[int, ...]:
    """Return where some documents are among the trained ones; of documents that recur, the last ones not yet taken."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(trained):
        places[text].append(row)
    found = []
    for number, text in enumerate(chosen):
        if not places[text]:
            raise DataError(
                f"row {number} of {part} is not in {largest}, which models are trained on, or recurs more often",
                expected="forget sets of the corpus that the other files belong to",
            )
        found.append(places[text].pop())
    return tuple(sorted(found))
