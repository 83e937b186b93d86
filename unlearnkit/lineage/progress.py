"""Reports of progress in long operations."""

from __future__ import annotations

import sys
import time


class Progress:
    """Reports on standard error, every five seconds, how much is done."""

    def __init__(self, unit: str, scale: float = 1) -> None:
        self._unit, self._scale, self._last = unit, scale, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Print how much of the total is done, unless the last report is less than five seconds old."""
        if time.monotonic() - self._last >= 5:
            self._last = time.monotonic()
            print(f"{done / self._scale:.5g} of {total / self._scale:.5g} {self._unit}", file=sys.stderr, flush=True)
