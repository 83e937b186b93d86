"""The stretches of documents that models continue, and what their continuations are compared in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from unlearnkit.data.text.pair_tokenizer import PairTokenizer
from unlearnkit.data.text.sequences import Tokens
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import TrainingError
from unlearnkit.training.language.bleu import sentence_bleu
from unlearnkit.training.language.continuing import continued
from unlearnkit.training.language.rouge import ROUGE, rouge_of

_TEXT = np.dtypes.StringDType()
_NAMED = 5
"""Rows that an error names."""


@dataclass(frozen=True)
class Stretch:
    """`prefix` tokens from token `first` on and the `suffix` tokens after them; `first` None: up to the last token."""

    prefix: int
    suffix: int
    first: int | None = None

    @property
    def needed(self) -> int:
        """Tokens that a document must have."""
        return (self.first or 0) + self.prefix + self.suffix


@dataclass(frozen=True)
class Continued:
    """How models continue: by `beams` beams, `batch_size` documents together; whether ROUGE compares stems."""

    stretch: Stretch
    beams: int
    batch_size: int
    stemmer: bool


def stretches(text_set: TextSet, rows: Tensor, stretch: Stretch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return prefixes and suffixes of the documents `rows`, int64 [rows, prefix] and [rows, suffix].

    Raises TrainingError, naming rows and lengths, if one is a question or has too few tokens.
    """
    chosen = rows.numpy()
    _refuse_questions(text_set, chosen)
    _refuse_short(text_set, chosen, stretch)
    size, lengths = stretch.prefix + stretch.suffix, text_set.lengths[chosen].astype(np.int64)
    begins = text_set.starts[chosen] + (lengths - size if stretch.first is None else stretch.first)
    found = text_set.tokens[begins[:, None] + np.arange(size)].astype(np.int64)
    return found[:, : stretch.prefix], found[:, stretch.prefix :]


def continuations(
    model: nn.Module, tokens: Tokens, rows: Tensor, how: Continued, tokenizer: PairTokenizer
) -> dict[str, np.ndarray]:
    """Return the values of the observation continuations that belong to a model, [rows]."""
    prefixes, suffixes = stretches(tokens.text_set, rows, how.stretch)
    made = np.concatenate(
        [
            continued(model, some, how.stretch.suffix, beams=how.beams, device=tokens.device)
            for some in np.split(prefixes, range(how.batch_size, len(prefixes), how.batch_size))
        ]
    )
    special = [tokenizer.token(text) for text in tokenizer.special]
    written = [until_special(row, special) for row in made]
    texts, references = [tokenizer.decode(row.tolist()) for row in written], texts_of(suffixes, tokenizer)
    return {
        "text": np.array(texts, _TEXT),
        "tokens": np.array([len(row) for row in written], np.int32),
        "bleu": np.array(list(map(sentence_bleu, texts, references)), np.float32),
        **dict(zip(ROUGE, rouge_of(references, texts, how.stemmer), strict=True)),
        "distinct": np.array([distinct(row) for row in written], np.float32),
        "entropy": np.array([entropy_bits(row) for row in written], np.float32),
    }


def texts_of(rows: NDArray[np.int64], tokenizer: PairTokenizer) -> list[str]:
    """Return the texts of rows of tokens."""
    return [tokenizer.decode(row.tolist()) for row in rows]


def until_special(tokens: NDArray[np.integer], special: Sequence[int]) -> NDArray[np.integer]:
    """Return tokens before the first special one, such as the end of a text: what follows belongs to another text."""
    found = np.flatnonzero(np.isin(tokens, special))
    return tokens[: found[0]] if len(found) else tokens


def distinct(tokens: NDArray[np.integer]) -> float:
    """Return distinct tokens over tokens, in [0, 1]; 1: none recurs; 0 for no token."""
    return len(np.unique(tokens)) / len(tokens) if len(tokens) else 0.0


def entropy_bits(tokens: NDArray[np.integer]) -> float:
    """Return -sum of f log2 f over the shares f of distinct tokens, bits; at most log2 of their number; 0 for none."""
    shares = np.unique(tokens, return_counts=True)[1] / max(1, len(tokens))
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def _refuse_questions(text_set: TextSet, rows: NDArray[np.integer]) -> None:
    asked = rows[text_set.prompts[rows] > 0]
    if len(asked):
        raise TrainingError(
            f"continuations continue documents, but {len(asked)} of the {len(rows)} rows have a prompt, such as "
            f"{_name(text_set, asked[0])}",
            expected="rows of plain text",
            remedy="set observations.continuations.items to splits of documents, and observe generations of questions",
        )


def _refuse_short(text_set: TextSet, rows: NDArray[np.integer], stretch: Stretch) -> None:
    short = rows[text_set.lengths[rows] < stretch.needed]
    if len(short):
        named = ", ".join(f"{_name(text_set, row)} ({text_set.lengths[row]})" for row in short[:_NAMED])
        before = f"{stretch.first} tokens, " if stretch.first else ""
        raise TrainingError(
            f"{len(short)} of the {len(rows)} documents that models are to continue have fewer than {stretch.needed} "
            f"tokens: {named}{', ...' if len(short) > _NAMED else ''}",
            expected=f"{before}a prefix of {stretch.prefix} and a suffix of {stretch.suffix} tokens",
            remedy="shorten observations.continuations.prefix or suffix, leave these documents out, or set "
            "observations.continuations.items to splits whose documents are long enough",
        )


def _name(text_set: TextSet, row: int) -> str:
    """Return split and number within the split of a row."""
    borders = np.cumsum([0, *text_set.split_sizes.values()])
    at = int(np.searchsorted(borders, row, side="right")) - 1
    return f"{[*text_set.split_sizes][at]} {row - borders[at]}"
