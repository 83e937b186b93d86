"""Jobs that are ended from outside at a chosen moment."""

from __future__ import annotations

from collections.abc import Callable


class InterruptionError(Exception):
    """Stands for whatever ends a job from outside."""


def interrupting(moment: str) -> Callable[[str], None]:
    """Return a report that ends the job as soon as it hears `moment`."""

    def report(text: str) -> None:
        if moment in text:
            raise InterruptionError

    return report
