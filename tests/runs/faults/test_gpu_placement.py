"""Runs on pretended GPUs: which job has which, also after one job was killed and then everything."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from checkout import DELETED, RESULTS, Checkout
from kills import until
from processes import Run, kill

pytestmark = pytest.mark.workflow

TARGETS = ("originals", "oracles", "--cores", "9")
PAUSE = 0.03
"""Seconds between two looks at the locks, which cost about a millisecond."""
PRETENDED = {
    "execution": {"device": "cpu", "gpus": 1, "checkpoint_seconds": 0},
    "training.epochs": 150,
    "num_models": 4,
    "held_out_oracles": 4,
    "shard_size": 1,
    "forget_sets.random_10": DELETED,
}
"""What makes of the tiny experiment one of 8 training jobs, with some work in them."""


def held(folder: Path) -> set[tuple[str, int]]:
    """Return (slot, process) of the locks in `folder` as the kernel lists them: slot "2.0" is on GPU 2."""
    slots = {str(path.stat().st_ino): path.name for path in folder.glob("unlearnkit-gpus-*/*.*")}
    lines = Path("/proc/locks").read_text().splitlines()
    # number, kind, advice, access, process, device:inode; behind an arrow is one that waits
    locks = [line.split() for line in lines if " FLOCK " in line and "->" not in line]
    # a set, since a lock may be listed twice where the list changes while it is read
    return {(slots[inode], int(own[4])) for own in locks if (inode := own[5].rpartition(":")[2]) in slots}


def logged(copy: Checkout) -> dict[str, str]:
    """Return artifact -> the GPU that the log of its job states last."""
    found = {}
    for path in copy.root.glob("logs/tiny/*/**/*.safetensors.log"):
        if gpus := re.findall(r"on GPU (\d)$", path.read_text(), re.MULTILINE):
            found[f"{RESULTS}/{path.relative_to(copy.root / 'logs/tiny')}".removesuffix(".log")] = gpus[-1]
    return found


class Watch:
    """The slots in a folder that jobs hold, looked at again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._start = folder, time.monotonic()
        self.seen: dict[tuple[str, int], list[float]] = {}
        self.most: Counter[str] = Counter()

    def look(self) -> set[tuple[str, int]]:
        """Return what is held now, and remember it."""
        now = held(self._folder)
        for slot in now:
            self.seen.setdefault(slot, []).append(time.monotonic() - self._start)
        for gpu, jobs in Counter(slot.partition(".")[0] for slot, _ in now).items():
            self.most[gpu] = max(self.most[gpu], jobs)
        return now

    def table(self) -> str:
        """Return when which process was seen with which slot, seconds."""
        lines = [
            f"{times[0]:6.1f} to {times[-1]:6.1f} s  GPU {slot.replace('.', ', share ')}  process {pid}"
            for (slot, pid), times in sorted(self.seen.items(), key=lambda item: item[1][0])
        ]
        return "\n".join(lines)


@pytest.mark.slow
def test_the_gpu_of_a_job_stands_in_its_log_and_record(
    fresh: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    fresh.configure({"execution": {"device": "cpu", "gpus": 1, "local_gpus": [5, 7], "jobs_per_gpu": 2}})
    name = f"{RESULTS}/original/0000-0001.safetensors"
    outcome = fresh.make(name)
    assert re.search(r"^Provided resources: gpu=.*\b4\b", outcome.output, re.MULTILINE)
    assert logged(fresh) == {name: "5"}
    assert json.loads((fresh.root / f"{name}.json").read_text())["machine"]["visible_gpus"] == "5"
    assert "visible_gpus" not in json.loads(fresh.result("data/dataset.safetensors.json").read_text())["machine"]


@pytest.mark.slow
@pytest.mark.parametrize(("gpus", "jobs_per_gpu"), [([0, 1, 2], 1), ([0, 1], 2)], ids=["alone", "shared"])
def test_every_job_has_its_gpu_whatever_is_killed(
    fresh: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpus: list[int], jobs_per_gpu: int
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # slots of this test alone
    fresh.configure(PRETENDED)
    fresh.configure({"execution.local_gpus": gpus, "execution.jobs_per_gpu": jobs_per_gpu})
    watch = Watch(tmp_path)
    with Run(fresh, *TARGETS, "--keep-going") as run:
        victims = until(run, lambda: len(now := watch.look()) >= 2 and now, PAUSE)
        kill(min(victims)[1])
        assert until(run, lambda: len(watch.look() - victims) >= 2, PAUSE)
        run.kill("all processes")
    while held(tmp_path):  # the system closes the files of a killed process a moment later
        time.sleep(0.05)
    with Run(fresh, *TARGETS) as run:
        until(run, lambda: watch.look() and False, PAUSE)
        assert run.ended() == 0, run.output
        assert f'gpu", {len(gpus) * jobs_per_gpu})' in run.output
    print(watch.table(), logged(fresh), sep="\n")
    assert watch.most.keys() == {str(gpu) for gpu in gpus}
    assert max(watch.most.values()) <= jobs_per_gpu
    records = [json.loads(path.read_text()) for path in fresh.result("").glob("*/**/*.safetensors.json")]
    trained = {record["artifact"]: record["machine"].get("visible_gpus") for record in records}
    del trained[f"{RESULTS}/data/dataset.safetensors"]
    assert len(trained) == 8
    assert trained == logged(fresh)
