"""Random text from a grammar: the same bits with every version of Python and NumPy."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

_SYMBOL = re.compile(r"\{(\w+)\}")
_SENTENCE_START = re.compile(r"(?:^|(?<=[.?] )|(?<=\n))[a-z]")


class Writer:
    """Replaces every `{symbol}` of a text by a fact or, where no fact has this name, by an alternative of a rule.

    facts   symbol -> text
    rules   symbol -> alternatives, texts that may have symbols in turn
    stream  NumPy's legacy generator, whose stream is frozen; only `permutation` is called

    One writer takes every alternative of a rule once, in random order, before it takes one again.
    """

    def __init__(
        self, facts: Mapping[str, str], rules: Mapping[str, tuple[str, ...]], stream: np.random.RandomState
    ) -> None:
        self._facts, self._rules, self._stream = facts, rules, stream
        self._decks: dict[str, list[int]] = {}

    def write(self, symbol: str) -> str:
        """Return the fact or a random text for `symbol`; raises KeyError if there is neither."""
        if symbol in self._facts:
            return self._facts[symbol]
        deck = self._decks.setdefault(symbol, [])
        if not deck:
            deck.extend(self._stream.permutation(len(self._rules[symbol])).tolist())
        return _SYMBOL.sub(lambda found: self.write(found[1]), self._rules[symbol][deck.pop()])


def capitalised(text: str) -> str:
    """Return `text` with a capital at the start of every sentence and line."""
    return _SENTENCE_START.sub(lambda found: found[0].upper(), text)
