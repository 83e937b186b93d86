"""The frame of every job: a log with progress, a paragraph instead of a traceback, provenance, a timing record."""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.provenance import plug_ins_used, verified_sha256, write_provenance
from unlearnkit.artifacts.store import checked_before_publishing, sha256_of
from unlearnkit.artifacts.timing import Timing
from unlearnkit.errors import ArtifactError, UnlearnkitError, cannot_write
from unlearnkit.places import is_given
from unlearnkit.workflow.repairs.gpu_slots import on_gpus

CLAIM = "key of this job (settings, code, inputs): "
"""What begins the lines of a log that say which job makes the output."""


class Job:
    """A running job: reports its progress and records what it wrote."""

    def __init__(self, rule: str, log: str, settings: Mapping[str, Any], code: str, inputs: Iterable[str]) -> None:
        self._rule, self._settings, self._code = rule, settings, code
        self._paths = list(inputs)
        self._log = Path(log)
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log.write_text("")
        except OSError as error:
            raise cannot_write(self._log, error) from None
        self._started = datetime.datetime.now(datetime.UTC)
        self._clock_start = time.perf_counter()
        self.timing = Timing()
        self._times: dict[str, int] = {}

    @cached_property
    def _inputs(self) -> dict[str, str]:
        """Path -> SHA-256 of every input; raises ArtifactError if one is not what its job wrote."""
        # before the content is read: a file that is changed meanwhile is newer than this
        given = [path for path in self._paths if is_given(path) and Path(path).is_file()]
        self._times = {path: Path(path).stat().st_mtime_ns for path in given}
        return {path: verified_sha256(path) for path in self._paths}

    @property
    def key(self) -> str:
        """What binds resume state to this job: a hash of settings, code and the inputs' content."""
        return self.key_without()

    def key_without(self, *names: str) -> str:
        """Return the key as it is whatever some settings are: what is kept serves all jobs that differ in these."""
        settings = {name: value for name, value in self._settings.items() if name not in names}
        identity = json.dumps([settings, self._code, self._inputs], sort_keys=True)
        return hashlib.sha256(identity.encode()).hexdigest()

    def report(self, text: str) -> None:
        """Append a line with the seconds since the start of the job to its log, and show it on standard error."""
        line = f"{self._rule} {time.perf_counter() - self._clock_start:8.1f} s  {text}"
        print(line, file=sys.stderr, flush=True)
        # a log that takes no more lines costs these lines and not the work
        with contextlib.suppress(ArtifactError):
            self._append(line)

    def _append(self, line: str) -> None:
        try:
            # a file name need not be UTF-8
            with self._log.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                print(line, file=stream)
        except OSError as error:
            raise cannot_write(self._log, error) from None

    def claim(self) -> None:
        """Say in the log that this job makes the output from now on.

        Raises ArtifactError if an input is damaged or the log cannot be written.
        """
        self._append(f"{CLAIM}{self.key}")

    def refuse_if_superseded(self, path: Path) -> None:
        """Raise ArtifactError if a job with another key has claimed the output of this one.

        A killed Snakemake leaves jobs behind that run on. One that was started with other settings, code or inputs
        must not replace what a later run makes; one of the same key writes the same bytes.
        """
        try:
            lines = self._log.read_text("utf-8").splitlines()
        except OSError:
            return
        claims = [line.removeprefix(CLAIM) for line in lines if line.startswith(CLAIM)]
        if claims and claims[-1] != self.key:
            raise ArtifactError(
                f"{path} is left alone: a later job makes it with other settings, code or inputs (see {self._log})",
                remedy="nothing needs to be done, unless two runs share this folder; then wait for the other one",
            )

    def record(self, artifact: str, *, also: Iterable[str] = (), **facts: Any) -> None:
        """Write the provenance of a finished output, `facts` included; `also` are outputs that share its record."""
        inputs = self._inputs
        if self._times:
            facts["input_times"] = self._times
        if companions := {path: sha256_of(path) for path in also}:
            facts["also"] = companions
        if plug_ins := plug_ins_used():
            facts["plug_ins"] = plug_ins
        write_provenance(
            artifact,
            rule=self._rule,
            settings=self._settings,
            code=self._code,
            inputs=inputs,
            started=self._started,
            wall_seconds=time.perf_counter() - self._clock_start,
            facts=facts,
        )
        self.timing.state(**{name: facts[name] for name in ("device", "threads") if name in facts})

    def finish(self, outputs: Mapping[str, str]) -> None:
        """Write the timing record; a job whose outputs are complete does not fail for it."""
        try:
            self.timing.write(self._log, self._rule, self._settings, outputs)
        except ArtifactError as error:
            self.report(f"no timing record: {error}")


@contextlib.contextmanager
def job(
    *,
    rule: str,
    log: str,
    settings: Mapping[str, Any],
    code: str,
    inputs: Iterable[str],
    outputs: Iterable[tuple[str, str]] = (),
) -> Iterator[Job]:
    """Run the body of a script; an UnlearnkitError ends it with one paragraph (log, standard error) and status 1.

    So does a file of the job's own that is taken away while it runs. `outputs` are (name, path) of what it makes: their
    sizes enter the timing record.
    """
    report = functools.partial(print, rule, file=sys.stderr)
    read, written = list(inputs), dict(outputs)
    try:
        running = Job(rule, log, settings, code, read)
        report = running.report
        running.claim()
        with checked_before_publishing(running.refuse_if_superseded):
            yield running
        running.finish(written)
    except UnlearnkitError as error:
        report(f"Error: {error}")
        raise SystemExit(1) from None
    except FileNotFoundError as error:
        if str(error.filename) not in {*read, *written.values()}:
            raise  # a mistake of the code's, whose place is wanted
        report(f"Error: {_taken_away(error.filename)}")
        raise SystemExit(1) from None


def _taken_away(path: str) -> ArtifactError:
    return ArtifactError(
        f"{path} was removed by something else while this job ran",
        remedy="if two runs share this folder, wait for the other one; then give the same snakemake command again",
    )


@contextlib.contextmanager
def job_of(snakemake: Any) -> Iterator[Job]:
    """Frame the job that Snakemake runs a script for, on GPUs of its own if the rule asks for any and the run is local.

    The `snakemake` object says all that the job needs.
    """
    with (
        job(
            rule=snakemake.rule,
            log=snakemake.log[0],
            settings=snakemake.params.settings,
            code=snakemake.params.code,
            inputs=list(snakemake.input),
            outputs=snakemake.output.items(),
        ) as running,
        on_gpus(snakemake.resources.get("gpu", 0), running.report),
    ):
        yield running
