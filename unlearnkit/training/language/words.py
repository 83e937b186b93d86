"""The words of a text, in any script, that ROUGE compares."""

from __future__ import annotations

import re
import unicodedata

_ALONE = re.compile(
    "[\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Characters of Chinese and Japanese, which write no spaces: ideographs, hiragana and katakana."""


class Words:
    """A tokenizer for rouge-score, whose own one knows the letters a to z only: others would part words, or be lost.

    Words are lower-cased runs of letters, digits and the marks on them; a character of Chinese or Japanese is a word by
    itself. ASCII words are those of rouge-score, with the Porter stems of words of more than 3 letters if `stemmer`.
    """

    def __init__(self, stemmer: bool) -> None:
        from rouge_score.tokenizers import DefaultTokenizer

        self._english = DefaultTokenizer(use_stemmer=stemmer)

    def tokenize(self, text: str) -> list[str]:
        """Return the words of a text in their order; none of a text without a letter or digit."""
        spaced = "".join(map(_spaced, unicodedata.normalize("NFC", text.lower())))
        words = [word for word in spaced.split() if any(map(str.isalnum, word))]
        return [token for word in words for token in (self._english.tokenize(word) if word.isascii() else [word])]


def _spaced(character: str) -> str:
    """Return a character of a word as it is, or between spaces if it is one by itself, and a space for all others."""
    if unicodedata.category(character)[0] not in "LMN":
        return " "
    return f" {character} " if _ALONE.match(character) else character
