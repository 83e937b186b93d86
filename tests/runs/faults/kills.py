"""SIGKILL at random moments of a run, many times, until the experiment is finished all the same.

    python tests/runs/faults/kills.py --kills 60 --seed 0

prints the table of what was killed and what became of it. Work that is done stays done, so a kill costs one start of
Snakemake. After each kill the same command is given again, and nobody waits for jobs that run on: they may write while
the next run makes the same files.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import itertools
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(REPOSITORY / "tests/runs")]  # as pytest does

from checkout import DELETED, RESULTS, Checkout  # noqa: E402
from processes import KINDS, Run, wait_for_orphans  # noqa: E402

from unlearnkit.artifacts.provenance import verified_sha256  # noqa: E402

LAST = "tables, figures, report"
STAGES = {
    "data and forget set": r"Data set|Forget set",
    "originals": r"Originals",
    "oracles": r"Oracles",
    "margins": r"Margins of",
    "unlearning": r"\S+ on \S+, models",
    "scores": r"klom of",
    LAST: r"Cost of|Table of|Figures of|Report",
}
"""Stage -> how the messages of its jobs begin."""

CONFIGURATION = {
    "training.epochs": 120,
    "execution": {"checkpoint_seconds": 0},  # the state is saved after every epoch
    "forget_sets.random_10": DELETED,
    "methods.load_oracle": DELETED,
    "methods.scrub.epochs": 6,
    "methods.scrub.snapshots": [2, 6],
    "metrics.mia": DELETED,
}
"""What makes of the tiny experiment one of 25 jobs, with some work in them."""

SHORT = {**CONFIGURATION, "num_models": 2, "held_out_oracles": 2, "methods.do_nothing": DELETED}
"""The same with one shard of everything, for as many kills as there are stages."""


PAGE = ("tables/*", "figures/*/*", "report/**/*")


@dataclass(frozen=True)
class Kill:
    """One kill: the stage whose job ran, what was killed, in the middle of writing or not, and what it left."""

    stage: str
    kind: str
    writing: bool
    unfinished: int
    resumable: int


@dataclass
class Campaign:
    """Kills `counts[stage]` times in each stage of the experiment in `copy`, at moments chosen by `seed`.

    `seconds` are those that a job of each stage takes when it is left alone.
    """

    copy: Checkout
    counts: Mapping[str, int]
    seconds: Mapping[str, float]
    seed: int
    kills: list[Kill] = field(default_factory=list)

    def run(self) -> None:
        """Run, kill and run again until no kill is left to make; then to the end."""
        rng = random.Random(self.seed)
        wanted = Counter(self.counts)
        kinds = [KINDS[number % len(KINDS)] for number in range(wanted.total())]
        rng.shuffle(kinds)
        while +wanted:
            if kill := self._kill_once(rng, set(+wanted), kinds[len(self.kills)]):
                self.kills.append(kill)
                wanted[kill.stage if wanted[kill.stage] > 0 else max(+wanted)] -= 1
            else:
                # all is done before each stage had its kills: the last one, which is cheap to do again, takes the rest
                remove(self.copy, *PAGE)
                wanted = Counter({LAST: wanted.total()})
        finish(self.copy)

    def _kill_once(self, rng: random.Random, stages: set[str], kind: str) -> Kill | None:
        """Run until a job of one of `stages` was killed, or to the end: None."""
        with Run(self.copy, "--cores", "1") as run:
            if not until(run, lambda: run.scripts() and stage_of(run) in stages, pause=0.02):
                assert run.ended() == 0, run.output
                return None
            target = stage_of(run)
            before = set(unfinished(self.copy))
            writing = rng.random() < 0.4 and bool(until(run, lambda: set(unfinished(self.copy)) - before))
            time.sleep(rng.uniform(0, 0.02 if writing else self.seconds[target]))
            stage = stage_of(run)
            run.kill(kind)
            if run.ended() == 0:
                return None  # too late: that was the last job
            assert "Traceback" not in run.output, run.output
        return Kill(stage, kind, writing, len(unfinished(self.copy)), len(resumable(self.copy)))


# looking at a run


def until(run: Run, condition: Callable[[], Any], pause: float = 0.001) -> Any:
    """Return what `condition` returns once that is true, or what it returns when the run has ended.

    It is asked every `pause` seconds.
    """
    while not (found := condition()) and run.ended() is None:
        time.sleep(pause)
    return found


def stage_of(run: Run) -> str:
    """Return the stage of the job that was begun last, or "" if none was."""
    last = (run.jobs() or [""])[-1]
    return next((stage for stage, pattern in STAGES.items() if re.match(pattern, last)), "")


def unfinished(copy: Checkout) -> list[str]:
    """Return the folders of files that are being written, or that a killed job has left; not those of resume state."""
    return [path for path in folders(copy) if path.endswith(".partial") and ".resume/" not in path]


def resumable(copy: Checkout) -> list[str]:
    """Return the folders with the state of unfinished jobs."""
    return [path for path in folders(copy) if path.endswith(".resume")]


def folders(copy: Checkout) -> list[str]:
    """Return all folders of results; unlike rglob, os.walk does not mind those that vanish meanwhile."""
    return [folder for folder, _, _ in os.walk(copy.root / "results")]


def remove(copy: Checkout, *patterns: str) -> None:
    """Delete artifacts."""
    for pattern in patterns:
        for path in filter(Path.is_file, copy.result("").glob(pattern)):
            path.unlink()


# the end


def finish(copy: Checkout) -> None:
    """Give the same command until there is nothing to do, which takes two calls where orphans finished late."""
    wait_for_orphans(copy)
    for _ in range(3):
        if copy.make("--cores", "1").nothing_to_do:
            return
    raise AssertionError("there is always something to do")


def undisturbed(copy: Checkout) -> dict[str, float]:
    """Run the experiment in one go; return the median seconds of a job of each stage."""
    begins: list[tuple[str, float]] = []
    with Run(copy, "--cores", "1") as run:
        while run.ended() is None:
            if len(run.jobs()) > len(begins):
                begins.append((stage_of(run), time.monotonic()))
            time.sleep(0.02)
        assert run.ended() == 0, run.output
    begins.append(("", time.monotonic()))
    seconds = [(stage, end - start) for (stage, start), (_, end) in itertools.pairwise(begins)]
    return {stage: statistics.median(own for name, own in seconds if name == stage) for stage in STAGES}


def content(copy: Checkout) -> dict[str, bytes]:
    """Return everything that must not depend on a kill: artifacts without the seconds that they took."""
    artifacts = copy.artifacts("**/*.*")
    # pages state times
    timed_files = {name for name in artifacts if name.startswith("report/")} | {"tables/cost.parquet", "tables/cost.md"}
    for name in timed_files:
        del artifacts[name]
    rows = list(csv.DictReader(artifacts["tables/cost.csv"].decode().splitlines()))
    timed = {"seconds", "relative_seconds", "rte_seconds", "peak_memory_mb"}
    artifacts["tables/cost.csv"] = str([{k: v for k, v in row.items() if k not in timed} for row in rows]).encode()
    return artifacts


def assert_whole(copy: Checkout, reference: Checkout) -> None:
    """Assert that the results are those of `reference`, that all records hold, and that nothing is left over."""
    ours, theirs = content(copy), content(reference)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert list(copy.leftovers()) == []
    assert resumable(copy) == []
    with contextlib.chdir(copy.root):
        records = [str(path) for path in Path(RESULTS).rglob("*.json")]
        assert records
        for record in records:
            verified_sha256(record)
            verified_sha256(record.removesuffix(".json"))


def table(kills: list[Kill]) -> str:
    """Return the kills by stage, as Markdown."""
    header = ["killed during", *KINDS, "in all", "while a file was written", "left half a file", "left resume state"]
    lines: list[list[Any]] = [header, ["---"] * len(header)]
    for stage in [*STAGES, "in all"]:
        own = [kill for kill in kills if stage in (kill.stage, "in all")]
        by_kind = [sum(kill.kind == kind for kill in own) for kind in KINDS]
        traits = [sum(bool(getattr(kill, name)) for kill in own) for name in ("writing", "unfinished", "resumable")]
        lines.append([stage, *by_kind, len(own), *traits])
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def shares(kills: int) -> dict[str, int]:
    """Return `kills` spread evenly over the stages."""
    return {stage: (kills + number) // len(STAGES) for number, stage in enumerate(STAGES)}


def main() -> None:
    """Run a campaign in a temporary folder and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        reference = Checkout.of(REPOSITORY, Path(folder).resolve() / "undisturbed")
        reference.configure(CONFIGURATION)
        campaign = Campaign(
            reference.copy(reference.root.with_name("killed")),
            shares(arguments.kills),
            undisturbed(reference),
            arguments.seed,
        )
        campaign.run()
        assert_whole(campaign.copy, reference)
        print(table(campaign.kills))
        print(
            f"Seed {arguments.seed}; all artifacts are those of the undisturbed run. {time.monotonic() - start:.0f} s."
        )


if __name__ == "__main__":
    main()
