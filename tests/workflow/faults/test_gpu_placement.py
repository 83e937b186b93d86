"""A run on pretended GPUs, of which one job is killed and then everything: which job held which GPU when."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import DELETED, RESULTS, Checkout
from kills import until
from processes import Run, kill, scripts_of

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

TARGETS = ("originals", "oracles", "--cores", "9")
GPUS = [0, 1, 2, 3]
PRETENDED = {
    "execution": {"device": "cpu", "gpus": 1, "local_gpus": GPUS, "checkpoint_seconds": 0},
    "training.epochs": 300,
    "num_models": 6,
    "held_out_oracles": 6,
    "shard_size": 1,
    "forget_sets.random_10": DELETED,
}
"""What makes of the tiny experiment one of 12 training jobs, with some work in them."""


def held(copy: Checkout) -> Iterator[tuple[str, int]]:
    """Yield (slot, process) of the jobs of this copy that hold one, as the system sees it: slot "2.0" is on GPU 2."""
    for pid in scripts_of(copy):
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if "unlearnkit-gpus-" in (target := file.readlink()).parent.name and target.name != "choosing":
                        yield target.name, pid


def logged(copy: Checkout) -> dict[str, str]:
    """Return artifact -> the GPU that the log of its job states last."""
    found = {}
    for path in copy.root.glob("logs/tiny/*/**/*.safetensors.log"):
        if gpus := re.findall(r"on GPU (\d)$", path.read_text(), re.MULTILINE):
            found[f"{RESULTS}/{path.relative_to(copy.root / 'logs/tiny')}".removesuffix(".log")] = gpus[-1]
    return found


class Watch:
    """The slots that jobs of a copy hold, looked at again and again."""

    def __init__(self, copy: Checkout) -> None:
        self._copy, self._start = copy, time.monotonic()
        self.seen: dict[tuple[str, int], list[float]] = {}
        self.most: Counter[str] = Counter()

    def look(self) -> list[tuple[str, int]]:
        """Return what is held now, and remember it."""
        now = list(held(self._copy))
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


@pytest.mark.parametrize("jobs_per_gpu", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_every_job_has_its_gpu_whatever_is_killed(
    fresh: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs_per_gpu: int
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # slots of this test alone
    fresh.configure(PRETENDED)
    fresh.configure({"execution.jobs_per_gpu": jobs_per_gpu})
    watch = Watch(fresh)
    with Run(fresh, *TARGETS, "--keep-going") as run:
        victims = until(run, lambda: len(now := watch.look()) >= 2 and now)
        kill(victims[0][1])
        assert until(run, lambda: len(set(watch.look()) - set(victims)) >= 2)
        run.kill("all processes")
    assert list(held(fresh)) == []
    with Run(fresh, *TARGETS) as run:
        until(run, lambda: watch.look() and False)
        assert run.ended() == 0, run.output
        assert f'gpu", {4 * jobs_per_gpu})' in run.output
    print(watch.table(), logged(fresh), sep="\n")
    assert watch.most.keys() == {str(gpu) for gpu in GPUS}
    assert max(watch.most.values()) <= jobs_per_gpu
    records = [json.loads(path.read_text()) for path in fresh.result("").glob("*/**/*.safetensors.json")]
    trained = {record["artifact"]: record["machine"].get("visible_gpus") for record in records}
    del trained[f"{RESULTS}/data/dataset.safetensors"]
    assert len(trained) == 12
    assert trained == logged(fresh)
