"""Several processes that unlearn the models of a shard together: each takes its share of every batch.

They are watched and ended as those that train together (`starting`), and the job reads what they leave in the same way.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import torch

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.execution import Execution
from unlearnkit.training.processes import starting
from unlearnkit.training.processes import unlearning_part as entry
from unlearnkit.training.processes.unlearning_part import UnlearningPart


def start(
    part: UnlearningPart, execution: Execution, threads: int, resume: ResumeFolder, report: Callable[[str], None]
) -> None:
    """Unlearn the models of a shard in `execution.processes` processes, which share `threads`, into the resume folder.

    Raises TrainingError if one of them fails; the others are ended.
    """
    server = torch.distributed.TCPStore  # pyright: ignore[reportPrivateImportUsage]
    store = server("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    orders = {
        "part": asdict(part),
        "execution": execution.model_dump(mode="json"),
        "threads": max(1, threads // execution.processes),
        "output": resume.output,
        "key": resume.key,
        "port": store.port,
    }
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(_started(rank, orders)) for rank in range(execution.processes)]
        progress = threading.Thread(target=starting._pass_on, args=(processes[0].stdout, report), daemon=True)
        progress.start()
        while all(process.poll() in (None, 0) for process in processes):
            if all(process.poll() == 0 for process in processes):
                progress.join()
                return
            time.sleep(starting.POLL_SECONDS)
        raise starting._failure(processes, [process for process in processes if process.poll()], report)


@contextlib.contextmanager
def _started(rank: int, orders: dict[str, Any]) -> Iterator[starting._Process]:
    """Start a process for the duration of the block; if it has not ended by then, it is killed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = starting._Process(
            [sys.executable, "-m", entry.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        process.errors = errors
        try:
            assert process.stdin
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps({**orders, "rank": rank}) + "\n")
                process.stdin.flush()
            yield process
        finally:
            process.kill()
            process.wait()
