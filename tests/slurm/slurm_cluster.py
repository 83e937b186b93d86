"""The test cluster, and runs of Snakemake on it that tests watch and disturb."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from checkout import Checkout

T = TypeVar("T")
SCRIPT = Path(__file__).with_name("cluster.sh")
EXPERIMENT = "faults.yaml"
OFTEN = ["--slurm-init-seconds-before-status-checks", "12", "--latency-wait", "10"]
"""The jobs of the faults experiment take about 10 s; the executor waits 10 s longer after every query without news."""
PATIENCE = 900
"""Seconds after which a test gives up to wait for something; far more than anything takes."""
SETTLED = 2.0
"""Seconds in which a job that is to be frozen has started no further process."""
STEP = "SLURM_STEP_ID"
"""Set in the processes that srun starts: those of the rule, and not those of the batch script around it."""
STOPPED = {"T", "Z"}
"""States of processes that do nothing, as in proc(5): stopped, ended but not yet waited for."""


@dataclass(frozen=True)
class SlurmJob:
    """A job as SLURM shows it."""

    number: str
    state: str
    node: str
    rule: str
    """Rule and wildcards as Snakemake notes them in the job's comment: "score klom_nines_scrub"."""


class Cluster:
    """A running cluster in `folder`; `accounting` says whether it has slurmdbd."""

    def __init__(self, folder: Path, accounting: bool) -> None:
        self.folder, self.accounting = folder, accounting

    def up(self) -> None:
        """Bring the cluster up; a failure is an error of the test session and not a reason to skip."""
        subprocess.run([SCRIPT, "up", self.folder, *(["--accounting"] if self.accounting else [])], check=True)

    def down(self) -> None:
        """End all processes of the cluster."""
        subprocess.run([SCRIPT, "down", self.folder], check=True)

    def kill(self, daemon: str) -> None:
        """Kill -9 a daemon, or a node with its jobs."""
        subprocess.run([SCRIPT, "kill", daemon, self.folder], check=True)

    def start(self, daemon: str) -> None:
        """Start a daemon again."""
        subprocess.run([SCRIPT, "start", daemon, self.folder], check=True)

    def jobs(self, run: str | None = None) -> list[SlurmJob]:
        """Return the jobs that slurmctld knows, ended ones included; those of one run if its name is given."""
        fields = "%i|%T|%N|%k"
        named = ["--name", run] if run else []
        listed = tell("squeue", "--noheader", "--states=all", f"--format={fields}", *named)
        return [_parse(line) for line in listed.splitlines()]

    def running(self, run: str, rule: str = "") -> list[SlurmJob]:
        """Return the running jobs of a run, perhaps of one rule."""
        return [job for job in self.jobs(run) if job.state == "RUNNING" and job.rule.startswith(rule)]

    def history(self) -> str:
        """Return a table of all jobs with node, end and attempt, as accounting has it."""
        fields = "JobID%6,Comment%60,NodeList%5,State%-24,Elapsed,AllocTRES%40"
        listed = tell("sacct", "--duplicates", "--allocations", "--noheader", "--parsable2", f"--format={fields}")
        attempts: dict[str, int] = {}
        rows = [f"{'job':>5} {'node':<5} {'state':<22} {'attempt':>7} {'elapsed':>9}  {'rule':<58} resources"]
        for number, comment, node, state, elapsed, resources in (line.split("|") for line in listed.splitlines()):
            attempts[comment] = attempts.get(comment, 0) + 1
            rule = _rule(comment)
            rows.append(
                f"{number:>5} {node:<5} {state:<22} {attempts[comment]:>7} {elapsed:>9}  {rule:<58} {resources}"
            )
        return "\n".join(rows)


class Run:
    """A call of Snakemake in a checkout, running; its output goes to a file."""

    def __init__(self, checkout: Checkout, command: list[str], log: Path) -> None:
        self.checkout, self.log = checkout, log
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with log.open("w") as stream:
            self.process = subprocess.Popen(
                command,
                cwd=checkout.root,
                env={**checkout.environment, "PATH": path},
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_heed_interrupts,
            )

    @property
    def text(self) -> str:
        """What Snakemake has printed so far."""
        return self.log.read_text()

    @property
    def name(self) -> str:
        """The name of the run's jobs in SLURM."""
        return self.find(r"^SLURM run ID: (\S+)$")

    def told(self) -> str:
        """What a user sees of a fault: the lines that say what happened and what is done."""
        happened = r"message:|does not (answer|list)|Falling back|sbatch|left its lock|Terminating|Will exit"
        telling = rf"{happened}|restart job|steps \(100%\)"
        return "\n".join(f"    {line.strip()[:220]}" for line in self.text.splitlines() if re.search(telling, line))

    def find(self, pattern: str) -> str:
        """Wait until the output has a match, and return its first group, or all of it."""
        found = wait_for(lambda: re.search(pattern, self.text, re.MULTILINE), f"{pattern!r} in the log", self)
        return found[1] if found.re.groups else found[0]

    def end(self) -> int:
        """Wait until Snakemake has ended, and return its status."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            raise AssertionError(f"snakemake does not end:\n{self.text}") from None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to Snakemake."""
        self.process.send_signal(number)
        if number is signal.SIGKILL:
            self.process.wait()


def submit(checkout: Checkout, *settings: str) -> Run:
    """Start klom_all of the faults experiment on the cluster."""
    logs = checkout.root / "logs"
    logs.mkdir(exist_ok=True)
    log = logs / f"run-{len(list(logs.glob('run-*')))}.log"
    command = ["snakemake", "klom_all", "--profile", "slurm", *OFTEN, *settings, "--configfile", EXPERIMENT]
    return Run(checkout, command, log)


def tables(checkout: Checkout, experiment: str) -> dict[str, bytes]:
    """Return name -> content of the KLOM tables of a finished experiment, provenance left out."""
    folder = checkout.root / "results" / experiment / "tables"
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("klom.*")) if path.suffix != ".json"}
    assert found, f"{folder} has no tables"
    return found


def wait_for(condition: Callable[[], T | None], what: str, run: Run | None = None) -> T:
    """Return the first true value of a condition; fails if there is none in PATIENCE, or the run ends before."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        ended = run is not None and run.process.poll() is not None
        log = run.text if run is not None else ""
        assert not ended, f"snakemake ended before there was {what}:\n{log}"
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}:\n{log}"
        time.sleep(0.2)
    return value


def tell(*command: str) -> str:
    """Run a command that must succeed, and return what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def processes_of(job: SlurmJob) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield number and environment of the processes that run inside a SLURM job."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            content = environment.read_bytes()
        except OSError:  # it has ended
            continue
        variables = dict(entry.split("=", 1) for entry in content.decode(errors="replace").split("\0") if "=" in entry)
        if variables.get("SLURM_JOB_ID") == job.number:
            yield int(environment.parent.name), variables


def frozen(cluster: Cluster, run: Run, rule: str) -> SlurmJob:
    """Stop a running job of a rule in the middle of its work, as a file system that does not answer would.

    Waits until there is one, and passes over those that end first: the job returned ends by what is done to it only.
    """
    running = partial(cluster.running, run.name, rule)
    return wait_for(lambda: next((job for job in running() if _freeze(job, running)), None), f"a job of {rule}", run)


def _freeze(job: SlurmJob, running: Callable[[], list[SlurmJob]]) -> bool:
    """Stop all processes of a job; returns False if it ends before.

    slurmctld calls a job running before its node has started a process, and a process that is not yet stopped can
    start another: so this looks until the job's step has processes, and all of them are stopped for SETTLED seconds.
    """
    since = None
    while since is None or time.monotonic() - since < SETTLED:
        found = dict(processes_of(job))
        works = any(STEP in variables for variables in found.values())
        if not works and job not in running():
            return False
        states = {_stop(process) for process in found if works}
        since = (since or time.monotonic()) if works and states <= STOPPED else None
        time.sleep(0.05)
    return True


def _stop(process: int) -> str:
    """Stop a process, and return the state it was in: a letter as in proc(5), X if it has ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        os.kill(process, signal.SIGSTOP)
    except (FileNotFoundError, ProcessLookupError):
        return "X"
    return state


def thaw(job: SlurmJob) -> None:
    """Let a frozen job go on."""
    for process, _ in processes_of(job):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


def _heed_interrupts() -> None:
    """A test run in the background ignores interrupts, and its children would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _parse(line: str) -> SlurmJob:
    number, state, node, comment = line.split("|")
    return SlurmJob(number, state, node, _rule(comment))


def _rule(comment: str) -> str:
    return comment.removeprefix("rule_").replace("_wildcards_", " ")
