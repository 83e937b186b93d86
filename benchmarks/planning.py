"""Predicted against actual: `python benchmarks/planning.py`. Writes benchmarks/results/planning.md.

Plans and runs the embedded experiment in a fresh copy of the repository: first without any record, then from those of
the first run, then with more models, with a changed method, and with another model.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.machine import machine
from unlearnkit.artifacts.timing import SUFFIX
from unlearnkit.planning.plan import stage_name
from unlearnkit.planning.presentation import duration, size

REPOSITORY = Path(__file__).resolve().parent.parent
RESULT = Path(__file__).parent / "results" / "planning.md"
CORES = 2

GROWN = ["num_models=200", "held_out_oracles=200"]
CHANGED = [*GROWN, "methods={scrub: {lr: 0.02, epochs: 8, snapshots: [4, 8]}}"]
CNN = """experiment: cnn
model: {name: small_cnn, channels: [8, 16]}
num_models: 8
held_out_oracles: 8
shard_size: 4
"""
"""The same experiment with another model and fewer of them."""

EMPTY = "from an empty results folder"
CASES: list[tuple[str, list[str]]] = [
    ("the first run, nothing measured yet", []),
    (f"again, {EMPTY}", []),
    ("N from 100 to 200", ["--config", *GROWN]),
    ("other settings of SCRUB", ["--config", *CHANGED]),
    ("another model, never measured", ["--configfile", "cnn.yaml"]),
    (f"that again, {EMPTY}", ["--configfile", "cnn.yaml"]),
]
"""What is planned and then run, one after another in one copy."""


def main() -> None:
    """Plan and run every case, and write the result after each, since a busy machine may stop it early."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        copy_repository(copy)
        (copy / "cnn.yaml").write_text(other_model(copy))
        cases = []
        for name, arguments in CASES:
            cases.append(case(copy, name, arguments))
            RESULT.write_text("".join(report(cases, (load, os.getloadavg()[0]))))
    print(RESULT.read_text())


def copy_repository(target: Path) -> None:
    """Copy what git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name, follow_symlinks=False)


def other_model(copy: Path) -> str:
    """Return the embedded experiment with the keys of CNN in place of its own."""
    import yaml

    return yaml.safe_dump({**yaml.safe_load((copy / "config.yaml").read_text()), **yaml.safe_load(CNN)})


def case(copy: Path, name: str, arguments: list[str]) -> dict[str, Any]:
    """Plan, run, and return the prediction beside the outcome."""
    if name.endswith(EMPTY):
        shutil.rmtree(copy / "results")
        shutil.rmtree(copy / ".snakemake")
    options = ["--cores", str(CORES), *arguments]
    started = time.perf_counter()
    planned = json.loads(call(copy, "unlearnkit", "plan", "--json", "-", *options))
    planning = time.perf_counter() - started
    clock = time.time()
    started = time.perf_counter()
    call(copy, "snakemake", *options)
    seconds = time.perf_counter() - started
    records = [json.loads(path.read_text()) for path in new_records(copy, clock)]
    return {
        "name": name,
        "planned": planned,
        "planning": planning,
        "seconds": seconds,
        "cpu": sum(record["process_seconds"] for record in records),
        "jobs": len(records),
        "bytes": sum(sum(record["outputs"].values()) for record in records),
        "stages": dict(by_stage(records)),
    }


def call(copy: Path, module: str, *arguments: str) -> str:
    """Run a command of the copy and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", module, *arguments]
    ended = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stderr[-3000:]}")
    return ended.stdout


def new_records(copy: Path, since: float) -> Iterator[Path]:
    """Yield the timing records that were written after `since`."""
    return (path for path in (copy / "logs").rglob(f"*{SUFFIX}") if path.stat().st_mtime >= since)


def by_stage(records: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield stage -> seconds of its processes."""
    stages: dict[str, float] = {}
    for record in records:
        stage = stage_name(record["rule"], record["settings"])
        stages[stage] = stages.get(stage, 0.0) + record["process_seconds"]
    yield from stages.items()


def report(cases: list[dict[str, Any]], load: tuple[float, float]) -> Iterator[str]:
    """Yield the text of the result."""
    yield (
        "# What `unlearnkit plan` predicts, and what the run then takes\n\n"
        f"Made by `python benchmarks/planning.py` on {datetime.date.today()}.\n"
        f"{machine()['processor']}, {os.cpu_count()} logical cores, {CORES} used; load when it began and ended: "
        f"{load[0]:.1f}, {load[1]:.1f}.\nPython {platform.python_version()}, Snakemake {version('snakemake')}, torch "
        f"{version('torch')}.\n\n"
        "Each case is planned and then run, one after another in the same copy of the repository. Elapsed is the\n"
        "whole command, process time the sum over jobs from the start of each process, both as predicted -> actual.\n\n"
        "| case | jobs | elapsed | ratio | process time | disk | planned in |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    for one in cases:
        total = one["planned"]["total"]
        elapsed, cpu = one["planned"]["elapsed_seconds"], 3600 * total["core_hours"]
        disk = sum(total["disk_bytes"].values())
        yield (
            f"| {one['name']} | {total['jobs']} -> {one['jobs']} | {duration(elapsed)} -> {duration(one['seconds'])} | "
            f"{elapsed / one['seconds']:.2f} | {duration(cpu)} -> {duration(one['cpu'])} | "
            f"{size(disk)} -> {size(one['bytes'])} | {one['planning']:.1f} s |\n"
        )
    for one in cases[1:]:
        yield f"\n## By stage: {one['name']}\n\n| stage | jobs | predicted | actual | ratio | rests on |\n"
        yield "| --- | --- | --- | --- | --- | --- |\n"
        for stage in one["planned"]["stages"]:
            predicted, actual = 3600 * stage["core_hours"], one["stages"][stage["stage"]]
            yield (
                f"| {stage['stage']} | {stage['jobs']} | {duration(predicted)} | {duration(actual)} | "
                f"{predicted / actual:.2f} | {stage['basis']}, {stage['records']} records |\n"
            )


if __name__ == "__main__":
    main()
