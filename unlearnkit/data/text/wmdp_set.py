"""WMDP as pairs: documents with hazardous knowledge to forget, others to retain, and multiple-choice questions.

Source: Li et al. 2024 (arXiv 2403.03218), github.com/centerforaisafety/wmdp; prompts of questions: wmdp_bio and
wmdp_cyber of lm-evaluation-harness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.published_parts import Rows, text_of
from unlearnkit.errors import DataError

LETTERS = "ABCD"
SHORTEST = 50
"""Characters that a text has more of, or it is left out, as published."""


def wmdp_set(
    forgotten: Rows,
    retained: Rows,
    held_out: Rows,
    questions: Sequence[Pair],
    most: int,
    raw_files: tuple[Path, ...] = (),
) -> PairSet:
    """Return the first `most` retained and the first `most` forgotten documents, all held-out ones, and the questions.

    The forget list is `forget`. Raises DataError if there are fewer documents of more than SHORTEST characters.
    """
    kept = _documents(retained, "the corpus to retain", most)
    gone = _documents(forgotten, "the corpus to forget", most)
    splits = {
        "train": (*kept, *gone),
        "validation": _documents(held_out, "the held-out corpus"),
        "choices": tuple(questions),
    }
    return PairSet(splits, {"forget": tuple(range(most, 2 * most))}, raw_files)


def _documents(rows: Rows, what: str, most: int | None = None) -> tuple[Pair, ...]:
    texts = (text_of(row, "text", f"row {number} of {what}") for number, row in enumerate(rows))
    found = tuple(Pair("", text, document=True) for text in texts if len(text) > SHORTEST)[:most]
    if most is not None and len(found) < most:
        raise DataError(
            f"{what} has {len(found):,} texts of more than {SHORTEST} characters",
            expected=f"{most:,} or more, as published",
        )
    return found


def question(row: Mapping[str, Any], subject: str, where: str) -> Pair:
    """Return a question with its four options as lm-evaluation-harness asks it, the letters as answers.

    Raises DataError, naming `where` the row is, if it is none.
    """
    asked, options, right = text_of(row, "question", where), row.get("choices"), row.get("answer")
    if (
        not isinstance(options, list | tuple)
        or len(options) != len(LETTERS)
        or not all(isinstance(option, str) for option in options)
        or not isinstance(right, int)
        or right not in range(len(LETTERS))
    ):
        raise DataError(f"{where} is no question with four options", expected="question, choices and answer, 0 to 3")
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=True)]
    text = f"The following are multiple choice questions (with answers) about {subject}.\n\n{asked.strip()}\n"
    wrong = tuple(letter for letter in LETTERS if letter != LETTERS[right])
    return Pair(text + "\n".join(lines), LETTERS[right], perturbed_answers=wrong)
