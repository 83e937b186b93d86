"""Wrong answers that a model wrote to forget questions: which can be used, and the data set that has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from unlearnkit.data.text.other_answers import KINDS, WRONG, OtherAnswers
from unlearnkit.data.text.pair_file import PairFile
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.data.text.pair_tokenizer import PairTokenizer
from unlearnkit.data.text.pair_tokens import token_pairs
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import DataError

STOPS = ("Question:", "Q:")
"""Where a model goes on to a question of its own, which is no part of its answer."""


class Alternative(NamedTuple):
    """A wrong answer as text, and as tokens with the one that ends it."""

    text: str
    tokens: list[int]


def request(ask: str, pair: Pair) -> str:
    """Return what the model is asked about a pair: `ask` with {question} and {answer} replaced, each once."""
    texts = {"{question}": pair.question, "{answer}": pair.answer}
    return re.sub(r"\{question\}|\{answer\}", lambda found: texts[found[0]], ask)


def cut(text: str) -> str:
    """Return a text up to the first of STOPS, without the spaces around it."""
    return re.split("|".join(map(re.escape, STOPS)), text, maxsplit=1)[0].strip()


def usable(
    pair: Pair, texts: Sequence[str], file: PairFile, tokenizer: PairTokenizer, length: int
) -> tuple[list[Alternative], Counter[str]]:
    """Return the answers that can be trained on, in order, and how many of the others were left out for each reason.

    Left out is what has no words, has the words of the true answer in their order, contains a special token, or has
    more than `length` tokens with its prompt, or other tokens in its prompt than the true answer.
    """
    (prompt,) = file.prompts_of([pair])
    (true,) = token_pairs(tokenizer, [prompt], [pair.answer], file.end, "true answer")
    found: list[Alternative] = []
    dropped: Counter[str] = Counter()
    for text in texts:
        if not (words := _words(text)):
            dropped["without words"] += 1
        elif words == _words(pair.answer):
            dropped["the true answer"] += 1
        elif any(token in text for token in tokenizer.special):
            dropped["with a special token"] += 1
        else:
            (made,) = token_pairs(tokenizer, [prompt], [text], file.end, "alternative")
            if made.prompt != true.prompt:
                dropped["joined with the prompt"] += 1
            elif len(made.prompt) + len(made.answer) > length:
                dropped["too long"] += 1
            else:
                found.append(Alternative(text, made.answer))
    return found, dropped


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def with_alternatives(text_set: TextSet, answers: Mapping[int, Sequence[Alternative]]) -> TextSet:
    """Return the data set with other wrong answers to some rows; raises DataError if one of them has none."""
    others = text_set.others
    if others is None:
        raise DataError("the data set has no answers beside the true ones", expected="question-answer pairs")
    if bare := [row for row, alternatives in answers.items() if not alternatives]:
        raise DataError(
            f"no alternative answer to {len(bare)} of {len(answers)} pairs can be used, to pair {bare[0]} among them",
            expected="at least one for every forget question",
            remedy="raise count or temperature of data.pairs.alternatives, or change its `ask`",
        )
    wrong = KINDS.index(WRONG)
    kept = [
        (int(kind), int(row), tokens.tolist())
        for kind, row, tokens in zip(others.kinds, others.rows, others.answers(), strict=True)
        if kind != wrong or int(row) not in answers
    ]
    kept += [(wrong, row, answer.tokens) for row, alternatives in answers.items() for answer in alternatives]
    kept.sort(key=lambda each: each[:2])
    dtype: Any = others.tokens.dtype
    made = OtherAnswers(
        tokens=np.array([token for *_, tokens in kept for token in tokens], dtype),
        starts=np.cumsum([0, *(len(tokens) for *_, tokens in kept)], dtype=np.int64),
        rows=np.array([row for _, row, _ in kept], np.int64),
        kinds=np.array([kind for kind, *_ in kept], np.uint8),
    )
    return replace(text_set, others=made)
