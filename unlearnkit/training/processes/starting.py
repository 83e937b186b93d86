"""Several processes that make the models of a shard together: how a job starts them, watches them and ends them.

The job's own process trains nothing. It starts the others, shows their progress, and ends all when one fails. What they
have made lies in the resume folder, from which the job continues as if it had been interrupted. They end when the
job does, whatever ends it: each of them reads a pipe that then closes.
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
from typing import IO, Any

import torch

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.execution import Execution
from unlearnkit.errors import TrainingError

POLL_SECONDS = 0.05


def run_in_processes(
    part: Any, execution: Execution, threads: int, resume: ResumeFolder, report: Callable[[str], None]
) -> None:
    """Make the models of a shard in `execution.processes` processes, which share `threads`, into the resume folder.

    `part` is a dataclass; the module that defines it is what the processes run. Raises TrainingError if one of them
    fails; the others are ended.
    """
    server = torch.distributed.TCPStore  # pyright: ignore[reportPrivateImportUsage]
    store = server("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    module = type(part).__module__
    orders = {
        "part": asdict(part),
        "execution": execution.model_dump(mode="json"),
        "threads": max(1, threads // execution.processes),
        "output": resume.output,
        "key": resume.key,
        "port": store.port,
    }
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(_started(module, rank, orders)) for rank in range(execution.processes)]
        progress = threading.Thread(target=_pass_on, args=(processes[0].stdout, report), daemon=True)
        progress.start()
        while any(process.poll() is None for process in processes):
            if failed := [process for process in processes if process.poll()]:
                raise _failure(processes, failed, report)
            time.sleep(POLL_SECONDS)
        if failed := [process for process in processes if process.poll()]:
            raise _failure(processes, failed, report)
        progress.join()


class _Process(subprocess.Popen[str]):
    """A process, with the file that its standard error goes to."""

    errors: IO[str]

    def last_words(self) -> list[str]:
        """Return the lines of its standard error that are not empty."""
        self.errors.seek(0)
        return [line for line in self.errors.read().splitlines() if line.strip()]


@contextlib.contextmanager
def _started(module: str, rank: int, orders: dict[str, Any]) -> Iterator[_Process]:
    """Start a process for the duration of the block; if it has not ended by then, it is killed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = _Process(
            [sys.executable, "-m", module],
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


def _pass_on(lines: IO[str] | None, report: Callable[[str], None]) -> None:
    for line in lines or ():
        report(line.rstrip("\n"))


def _failure(processes: list[_Process], failed: list[_Process], report: Callable[[str], None]) -> TrainingError:
    """Return the error of the process that most likely failed first, with its last lines in the log.

    One that was killed or states a cause comes before one that only lost its connection to another.
    """

    def cause(process: _Process) -> tuple[bool, bool]:
        stated = any(line.startswith("Error: ") for line in process.last_words())
        return process.returncode >= 0, not stated

    process = min(failed, key=cause)
    rank, lines = processes.index(process), process.last_words()
    stated = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    how = f"was killed by signal {-process.returncode}" if process.returncode < 0 else "failed"
    for line in [] if stated else lines[-20:]:
        report(f"process {rank}: {line}")
    why = stated[-1] if stated else lines[-1] if lines else "it left no message"
    return TrainingError(
        f"process {rank} of {len(processes)} that train together {how}: {why}",
        # what a process states has a remedy of its own
        remedy=None if stated else "run the same snakemake command again: it continues where they stopped",
    )
