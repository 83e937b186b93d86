"""The form of a reply: one line, `VERDICT: 1`, `VERDICT: 2` or `VERDICT: TIE`, or `SCORE:` and a number from 0 to 10.

A reply in any other form says nothing: no number is looked for in it, and none stands for it.
"""

from __future__ import annotations

import re

_VERDICT = re.compile(r"VERDICT: ?(1|2|TIE)")
_SCORE = re.compile(r"SCORE: ?(10(?:\.0+)?|[0-9](?:\.[0-9]+)?)")


def verdict_of(reply: str) -> int | None:
    """Return which answer is better, 1 or 2, 0 for neither; None for a reply in another form."""
    found = _VERDICT.fullmatch(reply.strip())
    return None if found is None else {"1": 1, "2": 2, "TIE": 0}[found[1]]


def score_of(reply: str) -> float | None:
    """Return the score in a reply, 0 to 10; None for a reply in another form."""
    found = _SCORE.fullmatch(reply.strip())
    return None if found is None else float(found[1])
