"""Documents among pairs that are longer than the context: cut into stretches that fit, at the borders of tokens.

A stretch is text, which is turned into tokens by itself, as every row is. Since tokens may depend on the text around
them, each stretch is measured by itself, too, and shortened until it fits. No other text is ever cut.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from unlearnkit.data.text.pair_file import PairFile
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.pair_tokenizer import PairTokenizer
from unlearnkit.data.text.pair_tokens import FEWEST

WHOLE = ("forget_passages",)
"""Splits of which a row is a beginning and how it goes on: longer ones are errors, since either half would be lost."""
Size = Callable[[str], int]
"""A stretch to its number of tokens, with those that precede every document."""


def cut_documents(file: PairFile, tokenizer: PairTokenizer, cut: Literal["first", "all"], length: int) -> PairFile:
    """Return the same pairs, of whose documents the first stretch of at most `length` tokens is kept, or all of them.

    Stretches of a document follow one another, and a forget list has all stretches of a document that it names. `notes`
    of the pairs count the documents that were cut. Rows of WHOLE stay as they are.
    """
    begin = file.prompts.get("", "")

    def size(text: str) -> int:
        return len(tokenizer.encode([begin + text])[0].tokens)

    kept: dict[str, list[list[Pair]]] = {}
    for split, pairs in file.pairs.splits.items():
        if split in WHOLE:
            kept[split] = [[pair] for pair in pairs]
            continue
        stretches = (_stretches(pair.answer, tokenizer, size, length) if pair.document else [] for pair in pairs)
        kept[split] = [_parts(pair, texts, cut) for pair, texts in zip(pairs, stretches, strict=True)]
    changed = sum(
        [part.answer for part in parts] != [pair.answer]
        for split, pairs in file.pairs.splits.items()
        for pair, parts in zip(pairs, kept[split], strict=True)
    )
    begins = np.cumsum([0, *map(len, kept["train"])]).tolist()
    lists = {
        name: tuple(row for number in chosen for row in range(begins[number], begins[number + 1]))
        for name, chosen in file.pairs.forget_lists.items()
    }
    splits = {split: tuple(itertools.chain(*parts)) for split, parts in kept.items()}
    what = f"documents cut to their first {length} tokens" if cut == "first" else f"documents cut at {length} tokens"
    notes = {**file.pairs.notes, what: changed}
    return replace(file, pairs=PairSet(splits, lists, file.pairs.raw_files, notes))


def _parts(pair: Pair, stretches: Sequence[str], cut: str) -> list[Pair]:
    if not pair.document:
        return [pair]
    kept = stretches[:1] if cut == "first" else stretches
    return [replace(pair, answer=text, part=number) for number, text in enumerate(kept)]


def _stretches(text: str, tokenizer: PairTokenizer, size: Size, length: int) -> list[str]:
    """Return consecutive stretches of a text, each of at most `length` tokens and, unless it is alone, FEWEST or more.

    Stretches without a letter or sign are left out.
    """
    found = [stretch for stretch in _greedy(text, tokenizer, size, length) if stretch.strip()]
    if len(found) > 1 and size(found[-1]) < FEWEST:
        # a remainder too short to have a target takes half of the stretch before it
        found[-2:] = _greedy("".join(found[-2:]), tokenizer, size, (length + FEWEST) // 2)
    return found


def _greedy(text: str, tokenizer: PairTokenizer, size: Size, length: int) -> Iterator[str]:
    """Yield stretches from the beginning on, each as long as `length` tokens allow."""
    if size(text) <= length:
        yield text
        return
    ends = np.maximum.accumulate(tokenizer.encode([text])[0].ends)
    begin = 0
    while (first := int(np.searchsorted(ends, begin, side="right"))) < len(ends):
        last = min(first + length, len(ends))
        while last > first + 1 and size(text[begin : ends[last - 1]]) > length:
            last -= 1
        # spaces behind the last token belong to it
        end = len(text) if last == len(ends) else int(ends[last - 1])
        yield text[begin:end]
        begin = end
