"""Pairs as tokens: the border between prompt and answer lies where the characters of the answer begin.

Prompt and answer are turned into tokens together, as a model reads them. A token with a character of the answer belongs
to the answer, so every answer has a target, also where its first characters and the end of the prompt are one token.
Spaces that end a prompt are counted to the answer, since most tokenizers join a space with the word after it.

A document has neither a prompt nor a token that ends it: all of its tokens but the first are targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from unlearnkit.data.text.pair_tokenizer import Encoded, PairTokenizer
from unlearnkit.errors import DataError

FEWEST = 2
"""Tokens of a document that has a target."""


class TokenPair(NamedTuple):
    """The tokens of a prompt, and those of an answer with the token that ends it; of a document, none and all."""

    prompt: list[int]
    answer: list[int]


def token_pairs(
    tokenizer: PairTokenizer, prompts: Sequence[str], answers: Sequence[str], end: str, what: str
) -> list[TokenPair]:
    """Return every prompt with its answer and `end` as tokens; `what` they are stands in errors.

    Raises DataError for a prompt or an answer without a token, or an answer that contains the token that ends answers.
    """
    borders = [len(prompt.rstrip(" ")) for prompt in prompts]
    found = tokenizer.encode([prompt + answer + end for prompt, answer in zip(prompts, answers, strict=True)])
    made = [_divided(encoded, border) for encoded, border in zip(found, borders, strict=True)]
    last = tokenizer.token(end)
    for number, (pair, encoded) in enumerate(zip(made, found, strict=True)):
        # spaces of the prompt are no token of an answer all of whose characters the tokenizer leaves out
        size = sum(position > len(prompts[number]) for position in encoded.ends) - 1
        if not pair.prompt:
            raise DataError(
                f"the prompt of {what} {number} has no token of its own before the answer {answers[number]!r}",
                expected="a prompt of at least one token",
                remedy="correct data.pairs.template",
            )
        if size < 1 or pair.answer.count(last) != 1 or pair.answer[-1] != last:
            raise DataError(
                f"the answer of {what} {number} is {answers[number]!r}, which has {size} tokens, and "
                f"{pair.answer.count(last)} that end an answer",
                expected="at least one token, and one that ends it",
                remedy="complete the answer, or remove special tokens from it",
            )
    return made


def document_tokens(tokenizer: PairTokenizer, begin: str, texts: Sequence[str], what: str) -> list[TokenPair]:
    """Return documents, each after the text `begin`, as tokens; raises DataError for one without a target."""
    made = [TokenPair([], encoded.tokens) for encoded in tokenizer.encode([begin + text for text in texts])]
    for number, (_, tokens) in enumerate(made):
        if len(tokens) < FEWEST:
            raise DataError(
                f"{what} {number} is {texts[number]!r}, which has {len(tokens)} token{'s' * (len(tokens) != 1)}",
                expected=f"{FEWEST} or more, since the first one is no target",
                remedy="leave it out, or complete it",
            )
    return made


def _divided(encoded: Encoded, border: int) -> TokenPair:
    # the first token that reaches beyond the prompt
    count = int(np.searchsorted(encoded.ends, border, side="right"))
    return TokenPair(encoded.tokens[:count], encoded.tokens[count:])


def refuse_special(texts: Sequence[str], special: Sequence[str], what: str) -> None:
    """Raise DataError if one of the texts contains a special token as text, which would end or begin something."""
    for number, text in enumerate(texts):
        if named := next((token for token in special if token in text), None):
            raise DataError(
                f"{what} {number} contains {named}, which is a special token of the tokenizer",
                expected="text without special tokens, which the template writes",
                remedy="remove it from the data",
            )


def refuse_long_documents(documents: Sequence[TokenPair], length: int, what: str) -> None:
    """Raise DataError if documents have more than `length` tokens: only `data.pairs.documents` says how to cut them."""
    sizes = [len(tokens) for _, tokens in documents]
    if long := sum(size > length for size in sizes):
        raise DataError(
            f"{long} of the {len(documents)} {what} have more than {length} tokens; the longest has {max(sizes)}",
            expected=f"at most {length}, which is data.sequence_length",
            remedy=f"raise data.sequence_length to {max(sizes)}; data.pairs.documents, {{cut: all}} or {{cut: first}}, "
            "cuts documents, but no passages that are to be continued",
        )


def refuse_long(pairs: Sequence[TokenPair], length: int, what: str) -> None:
    """Raise DataError if pairs have more than `length` tokens: nothing is cut, or an answer would lose its end."""
    sizes = [len(pair.prompt) + len(pair.answer) for pair in pairs]
    if long := [number for number, size in enumerate(sizes) if size > length]:
        worst = max(long, key=lambda number: sizes[number])
        raise DataError(
            f"{len(long)} of the {len(pairs)} {what} have more than {length} tokens; number {worst} has "
            f"{sizes[worst]}, {len(pairs[worst].prompt)} of them in the prompt",
            expected=f"at most {length}, which is data.sequence_length: no prompt and no answer is cut",
            remedy=f"set data.sequence_length to {max(sizes)}, or leave these pairs out",
        )
