"""What passes by itself if one waits, and how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Report = Callable[[str], None]
Value = TypeVar("Value")

PASSING = (408, 429, 500, 502, 503, 504)
"""States of HTTP that may be over in a moment."""
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between tries, unless the hub asks for more."""
LONGEST = 600.0
"""Longest pause that the hub may ask for, seconds: its limits are counted over five minutes."""


class IncompleteError(RuntimeError):
    """A body ended before the listed size of the file."""


def persistently(
    action: Callable[[], Value],
    report: Report,
    wait: Callable[[float], object] = time.sleep,
    gained: Callable[[], int] = int,
) -> Value:
    """Return what `action` returns, trying again after a pause while what it raises may pass.

    There is a try after each of `PAUSES`, and all of them again whenever `gained`, the bytes that are there, has grown.
    Raises what the last try raises. `report` is given a line before each pause.
    """
    tries, had = 0, gained()
    while True:
        try:
            return action()
        except Exception as error:
            if gained() > had:
                tries, had = 0, gained()
            asked = asked_for(error)
            if not _passes(error) or tries == len(PAUSES) or asked > LONGEST:
                raise
            pause = max(PAUSES[tries], asked)
            report(f"{_short(error)}: trying again in {pause:g} s")
            wait(pause)
            tries += 1


def status_of(error: BaseException) -> int:
    """Return the state of HTTP that the hub answered with, 0 if an error is of another kind."""
    return getattr(getattr(error, "response", None), "status_code", 0)


def asked_for(error: BaseException) -> float:
    """Return the seconds that the hub asks to wait, 0 if it does not: `Retry-After`, or `RateLimit` as in r=0;t=55."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    parts = str(headers.get("ratelimit", "")).split(";")
    stated = [part.strip()[2:] for part in parts if part.strip().startswith("t=")] if "r=0" in parts else []
    texts = [headers.get("retry-after", ""), *stated]
    return max((float(text) for text in texts if str(text).isdigit()), default=0.0)


def of_transport(error: BaseException) -> bool:
    """Return whether the library below the client raised an error; it goes by other names in other versions."""
    return any(kind.__module__.startswith(("httpx", "httpcore")) for kind in type(error).__mro__)


def words_of(error: BaseException) -> str:
    """Return what an error says, on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _passes(error: BaseException) -> bool:
    if status := status_of(error):
        return status in PASSING
    return of_transport(error) or isinstance(error, IncompleteError)


def _short(error: BaseException) -> str:
    if status := status_of(error):
        return f"the hub answers with {status}"
    return "the file came incomplete" if isinstance(error, IncompleteError) else f"no connection ({words_of(error)})"
