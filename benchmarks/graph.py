"""Time the planning of large experiments: `python benchmarks/graph.py`. Writes benchmarks/results/graph.md.

Every figure is a whole call of Snakemake in its own process and folder. The same run compares it with bare.smk, which
has the same jobs, files and inputs but no parameters, messages, scripts or resources, and so shows what any workflow of
this size costs; with the same at one model per job and file, the naive design; and with our own plan without the caches
of unlearnkit.fingerprint.

The finished experiment is made without computing: every output gets one byte, and Snakemake's records are written by
the function that writes them after a real job.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.workflow.graph import Graph

REPOSITORY = Path(__file__).resolve().parent.parent
RESULT = REPOSITORY / "benchmarks/results/graph.md"
ROUNDS = 3
UNCACHED = """
import sys
import unlearnkit.workflow.graph as graph
from snakemake.cli import main
graph.fingerprint, graph.computing_imports = graph.fingerprint.__wrapped__, graph.computing_imports.__wrapped__
sys.exit(main(sys.argv[1:]))
"""


def toy(forget_sets: int, variants: int, shards: int) -> dict[str, Any]:
    """Return an experiment on the digits with so many forget sets, variants (a grid) and shards of ten models."""
    return {
        "experiment": "planned",
        "data": {"name": "digits"},
        "model": {"name": "mlp"},
        "training": {"epochs": 5, "batch_size": 64},
        "num_models": 10 * shards,
        "held_out_oracles": 10 * shards,
        "shard_size": 10,
        "forget_sets": {f"set_{seed}": {"kind": "random", "size": 10, "seed": seed} for seed in range(forget_sets)},
        "methods": {"scrub": {"method": "scrub", "grid": {"lr": [0.001 * (1 + step) for step in range(variants)]}}},
        "metrics": {"klom": {}},
    }


def easydub() -> dict[str, Any]:
    """Return the published experiment with N = 200 in every population and both metrics."""
    published = yaml.safe_load((REPOSITORY / "experiments/easydub_cifar10.yaml").read_text())
    return {**published, "held_out_oracles": 200, "metrics": {"klom": {}, "mia": {}}}


CASES = {
    "1k files": toy(forget_sets=3, variants=14, shards=4),
    "10k files": toy(forget_sets=10, variants=40, shards=5),
    "50k files": toy(forget_sets=20, variants=45, shards=12),
    "EasyDUB, N = 200": easydub(),
}
WITHOUT_NAIVE = ("50k files",)
"""Cases whose naive form, 119,000 jobs, would take longer than all the rest."""


# calls of Snakemake


@dataclass(frozen=True)
class Cost:
    """What a process took: wall and CPU time in seconds, largest resident memory in MiB."""

    wall: float
    cpu: float
    memory: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s | {self.cpu:.1f} s | {self.memory:.0f} MiB"


def cost(folder: Path, arguments: Sequence[str], *, rounds: int, program: Sequence[str] = ("-m", "snakemake")) -> Cost:
    """Return the cheapest of several calls in `folder`, by CPU time since others may use the machine."""
    profile = ("--workflow-profile", str(REPOSITORY / "profiles/default"), "--directory", str(folder))
    command = [sys.executable, *program, *profile, "--dry-run", "--quiet", "all", *arguments]
    return min((measured(command, folder) for _ in range(rounds)), key=lambda found: found.cpu)


def measured(command: Sequence[str], folder: Path) -> Cost:
    """Run a command in `folder` and return its cost; it must succeed."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, cwd=folder, stdout=said, stderr=said) as process:
        _, process.returncode, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read().decode()}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def ours(configuration: Path) -> tuple[str, ...]:
    """Return the arguments that plan an experiment."""
    return ("--snakefile", str(REPOSITORY / "Snakefile"), "--configfile", str(configuration))


def bare(configuration: dict[str, Any], models_per_job: int) -> tuple[str, ...]:
    """Return the arguments that plan bare.smk for the same experiment."""
    graph = Graph(load_experiment(configuration))
    numbers = {
        "sets": len(graph.forget_sets),
        "variants": len(graph.variants),
        "metrics": len(graph.metrics),
        "shards": graph.experiment.num_models // models_per_job,
        "held_out": graph.experiment.held_out_oracles // models_per_job,
    }
    settings = (f"{name}={number}" for name, number in numbers.items())
    return ("--snakefile", str(REPOSITORY / "benchmarks/bare.smk"), "--config", *settings)


# Snakemake from within


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of its own: what this one holds would count as memory of the calls it starts."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


@contextlib.contextmanager
def planned(folder: Path, configuration: Path) -> Iterator[Any]:
    """Yield Snakemake's workflow after it planned everything in `folder`."""
    said, quiet = io.StringIO(), OutputSettings(quiet={Quietness.ALL}, dryrun=True)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), SnakemakeApi(quiet) as api:
        planning = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[configuration]),
            snakefile=REPOSITORY / "Snakefile",
            workdir=folder,
        )
        planning.dag(DAGSettings()).execute_workflow(executor="dryrun")
        planning._workflow.iocache.deactivate()  # as before the first job of a real run
        yield planning._workflow


def finish(folder: Path, configuration: Path) -> tuple[int, int]:
    """Write a byte into every output of an experiment and Snakemake's records; return numbers of jobs and files."""

    async def pretend(workflow: Any) -> tuple[int, int]:
        jobs = [job for level in workflow.dag.toposorted() for job in level if job.output]
        for job in jobs:
            for output in map(Path, job.output):
                output.parent.mkdir(parents=True, exist_ok=True)
                output.write_bytes(b"0")
            await workflow.persistence.finished(job)
        return len(jobs), sum(len(job.output) for job in jobs)

    with planned(folder, configuration) as workflow:
        return workflow.async_run(pretend(workflow))


def size_of(path: str) -> int:
    """Return the bytes of a file of the EasyDUB experiment: 60,000 images, 50 ResNet-9, their margins at one epoch."""
    sizes = {"dataset.safetensors": 60_000 * (3 * 32 * 32 + 8), ".npy": 8128, ".parquet": 50 * 60_000 * 4}
    return next((size for ending, size in sizes.items() if path.endswith(ending)), 50 * 2_274_880 * 4)


def bookkeeping(folder: Path, configuration: Path) -> str:
    """Return table lines of what Snakemake's record of one finished job costs, by rule, inputs in their true sizes."""

    async def record(workflow: Any, job: Any, limit: int) -> float:
        for path in map(Path, job.input):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                stream.truncate(size_of(str(path)))  # sparse: what is read is zeros, and hashes as slowly
        for path in map(Path, job.output):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        workflow.persistence.max_checksum_file_size = limit
        start = time.perf_counter()
        await workflow.persistence.finished(job)
        return time.perf_counter() - start

    table = ""
    with planned(folder, configuration) as workflow:
        for rule in ("original", "oracle", "margins", "unlearn", "score"):
            jobs = [job for job in workflow.dag.jobs if job.rule.name == rule]
            typical = sorted(jobs, key=lambda job: sum(map(size_of, job.input)))[len(jobs) // 2]
            small, every = (workflow.async_run(record(workflow, typical, limit)) for limit in (10**6, 10**12))
            read = sum(map(size_of, typical.input)) / 1e9
            times = f"{small:.2f} s | {every:.2f} s | {len(jobs) * every / 60:.0f} min"
            table += f"| {rule} | {len(jobs)} | {read:.2f} GB | {len(typical.output)} | {times} |\n"
    return table


# the report


def table_lines(name: str, configuration: dict[str, Any], folder: Path, rounds: int) -> tuple[str, str]:
    """Return a case's lines in the tables of plans and of comparisons."""
    path = folder / "configuration.yaml"
    path.write_text(yaml.safe_dump(configuration, sort_keys=False))
    graph = Graph(load_experiment(configuration))
    target = graph.margins(layout.UNLEARNED, range(1), graph.forget_sets[-1], next(reversed(graph.variants)))[0]

    cached = cost(folder, ours(path), rounds=rounds)
    uncached = cost(folder, ours(path), rounds=rounds, program=("-c", UNCACHED))
    same = cost(folder, bare(configuration, configuration["shard_size"]), rounds=rounds)
    naive = None if name in WITHOUT_NAIVE else cost(folder, bare(configuration, 1), rounds=1)
    jobs, files = apart(finish, folder, path)
    nothing = cost(folder, ours(path), rounds=rounds)
    one = cost(folder, ("--force", "--allowed-rules", "unlearn", *ours(path), "--", target), rounds=rounds)
    plans = f"| {name} | {jobs:,} | {files:,} | {cached} | {nothing} | {one} |\n"
    ratios = (f"{other} | {other.cpu / cached.cpu:.2f}" if other else "| | | " for other in (uncached, same, naive))
    return plans, f"| {name} | {' | '.join(ratios)} |\n"


def report(cases: Sequence[str], rounds: int) -> str:
    """Return the measurements as Markdown."""
    plans, ratios, load = "", "", os.getloadavg()[0]
    for name in cases:
        with tempfile.TemporaryDirectory() as folder:
            plan, ratio = table_lines(name, CASES[name], Path(folder), rounds)
        plans, ratios = plans + plan, ratios + ratio
        print(plan + ratio, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "configuration.yaml"
        path.write_text(yaml.safe_dump(easydub()))
        records = apart(bookkeeping, Path(folder), path)
    return TEXT.format(
        today=datetime.date.today(),
        cores=os.cpu_count(),
        machine=platform.machine(),
        load=f"{load:.1f} to {os.getloadavg()[0]:.1f}",
        python=platform.python_version(),
        snakemake=version("snakemake"),
        rounds=rounds,
        plans=plans,
        ratios=ratios,
        records=records,
    )


TEXT = """# Planning large experiments

Made by `python benchmarks/graph.py` on {today}.
{cores} cores ({machine}), load average {load} with this benchmark, Python {python}, Snakemake {snakemake}. Wall time,
CPU time and peak memory of whole calls of `snakemake -n --quiet all`; the cheapest of {rounds} calls, naive: of one.

Jobs and files are those of the experiment, provenance included; EasyDUB is `experiments/easydub_cifar10.yaml` with 200
models in every population and both metrics. *Nothing made*: everything is planned. *Finished*: nothing has to be
done. *One job*: the cost of a cluster job before it starts, parsing and planning for its own target.

| experiment | jobs | files | nothing made | | | finished | | | one job | | |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
{plans}
The same plan (nothing made) in other forms, and their CPU time relative to ours. *Without caches*: fingerprints of code
are computed for every job. *Bare*: `benchmarks/bare.smk`, the same jobs, files and inputs, but no parameters, messages,
scripts, logs or resources. *Naive*: bare with one model per job and file.

| experiment | without caches | | | ratio | bare | | | ratio | naive | | | ratio |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
{ratios}
After a job the main process hashes its inputs, once per output, if they are no larger than `max-checksum-file-size`.
The table shows the time of this for a typical job of EasyDUB, with inputs of their true size and in memory, for
Snakemake's default limit (1 MB) and for that of `profiles/default` (none):

| rule | jobs | inputs | outputs | limit 1 MB | no limit | all jobs, no limit |
| --- | --- | --- | --- | --- | --- | --- |
{records}"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES), help=f"some of {', '.join(CASES)}; default: all")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    text = report(options.cases, options.rounds)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text)
    print(text)
