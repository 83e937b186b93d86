"""Further workers of a study: processes of this machine, whose reports and whose end the log of the study states."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MODULE = "unlearnkit.search.further_worker"


@contextlib.contextmanager
def further_worker(orders: Mapping[str, Any], name: str, report: Callable[[str], None]) -> Iterator[None]:
    """Run another worker for the duration of the block; it ends with this process, whatever ends that.

    `report` receives its lines after its `name`, and how it ended if that was before the block did.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    dismissed = threading.Event()
    relay = threading.Thread(target=_relay, args=(process, name, report, dismissed), daemon=True)
    relay.start()
    try:
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(orders) + "\n")
            process.stdin.flush()
        yield
    finally:
        dismissed.set()
        process.kill()
        process.wait()
        # not for ever: a process that a method started may hold the other end of standard error
        relay.join(timeout=5)


def _relay(
    process: subprocess.Popen[str], name: str, report: Callable[[str], None], dismissed: threading.Event
) -> None:
    assert process.stderr
    for line in process.stderr:
        report(f"{name}: {line.rstrip()}")
    status = process.wait()
    if status and not dismissed.is_set():
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        report(f"{name} (process {process.pid}) {how}; the others go on without it")
