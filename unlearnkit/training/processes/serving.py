"""What one of several processes does that work together: it reads its orders, meets the others, works and ends.

Its orders are the first line of standard input, as JSON; it ends when standard input does. The leading process writes
its progress to standard output. An UnlearnkitError becomes one line on standard error that begins with "Error: ".
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, Literal

from unlearnkit.errors import UnlearnkitError
from unlearnkit.training.processes.distributed import joined
from unlearnkit.training.processes.group import Group


def serve(work: Callable[[dict[str, Any], Group], None], sharding: Literal["replicate", "full"] | None = None) -> None:
    """Read the orders, meet the other processes and do the `work`; `sharding` None: as the orders say."""
    orders = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    execution = orders["execution"]
    try:
        with joined(orders["rank"], execution["processes"], orders["port"], sharding or execution["sharding"]) as group:
            work(orders, group)
    except UnlearnkitError as error:
        print(f"Error: {' '.join(str(error).split())}", file=sys.stderr)
        _end(1)
    except BaseException:
        traceback.print_exc()
        _end(1)
    _end(0)


def reporting(group: Group) -> Callable[[str], None]:
    """Return what puts a line of progress on standard output, in the leading process alone."""
    return (lambda text: print(text, flush=True)) if group.leads else (lambda text: None)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


def _end(status: int) -> None:
    """End at once.

    A normal exit of a process that failed may wait for the others, which wait for this one. That of one that succeeded
    takes libraries down while their threads, and the one that reads standard input, still run, which may abort it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
