"""Question-answer pairs that are asked in another way: what an attack on prompts makes of a data set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from unlearnkit.data.text.pair_file import PairFile
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.data.text.pair_template import Prompt
from unlearnkit.data.text.pair_tokenizer import PairTokenizer
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import DataError

Asked = Callable[[Sequence[Pair], Sequence[Pair]], Sequence[Pair]]
"""(questions of every split, retained training questions) -> the same questions, asked in another way."""


class Prompted(NamedTuple):
    """A data set with other prompts, and how many of the forget questions have another one."""

    text_set: TextSet
    changed: int


def prompted(
    file: PairFile,
    forget: npt.NDArray[np.integer],
    ask: Asked,
    prompt: Prompt,
    tokenizer: PairTokenizer,
    settings: dict[str, Any],
    key: str,
) -> Prompted:
    """Return the data set of `file` with its questions asked as `ask` asks them; documents stay as they are.

    `forget` are rows of the training split, `prompt` is the template's, `settings` say how pairs are cut, and errors
    name `key`. Raises DataError if an answer would change, if no forget question is asked in another way, or if a
    prompt has become too long.
    """
    before = [pair for pairs in file.pairs.splits.values() for pair in pairs]
    rows = [row for row, pair in enumerate(before) if not pair.document]
    forgotten, training = {*forget.tolist()}, len(file.pairs.splits["train"])
    retained = [before[row] for row in rows if row < training and row not in forgotten]
    questions = [before[row] for row in rows]
    after = ask(questions, retained)
    _refuse_other_answers(questions, after, key)
    made = dict(enumerate(before)) | dict(zip(rows, after, strict=True))
    if not (changed := sum(made[row].asked != before[row].asked for row in forgotten)):
        raise DataError(
            f"{key} changes no prompt of the {len(forgotten)} samples to forget",
            expected="questions that it asks in another way",
            remedy=f"remove {key}, or this forget set",
        )
    try:
        text_set = text_set_of_pairs(settings, _asking(file, [made[row] for row in sorted(made)], prompt), tokenizer)
    except DataError as error:
        raise DataError(
            f"with the prompts of {key}, {error.fact}",
            expected=error.expected,
            remedy=f"shorten them; otherwise {error.remedy}",
        ) from None
    return Prompted(text_set, changed)


def _asking(file: PairFile, pairs: Sequence[Pair], prompt: Prompt) -> PairFile:
    """Return the file with other pairs, in the order of its own, and their prompts; without refusals to train on."""
    borders = np.cumsum([0, *map(len, file.pairs.splits.values())])
    parts = [tuple(pairs[first:last]) for first, last in itertools.pairwise(borders)]
    splits = dict(zip(file.pairs.splits, parts, strict=True))
    prompts = {pair.asked: prompt(pair.question, pair.history) for pair in pairs if not pair.document}
    begin = {"": file.prompts[""]} if "" in file.prompts else {}
    return replace(file, pairs=replace(file.pairs, splits=splits), prompts=begin | prompts, refusals=())


def _refuse_other_answers(before: Sequence[Pair], after: Sequence[Pair], key: str) -> None:
    same = len(before) == len(after) and all(
        replace(new, question=old.question, history=old.history) == old for old, new in zip(before, after, strict=True)
    )
    if not same:
        raise DataError(
            f"{key} changes answers, or how many questions there are",
            expected="every question once, in its order, with another question or other turns before it",
            remedy="correct `prompts` of the attack",
        )
