"""GPU slots, held by real processes: which of them see which GPU when, and what is left after SIGKILL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from unlearnkit.errors import ArtifactError, ConfigError
from unlearnkit.workflow.repairs.gpu_slots import OFFER, gpus_here, offer, on_gpus, reserved

HOLDER = """
import os, subprocess, sys
from unlearnkit.workflow.repairs.gpu_slots import on_gpus
with on_gpus(int(sys.argv[1]), lambda text: print(text, flush=True)):
    child = [sys.executable, "-c", "import os; print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True)"]
    subprocess.run(child, check=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lock files of this test alone, and no GPUs from outside."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    # set before it is deleted, so that what a test sets is taken back
    for name in (OFFER, "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "SLURM_JOB_ID"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


class Holder:
    """A process that takes slots, reports what it and its child see, and holds them until it is let go."""

    def __init__(self, count: int = 1) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def line(self) -> str:
        """Return the next line that it prints; waits for it."""
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def gpus(self) -> list[str]:
        """Return the GPUs that it got, which are those that its child sees."""
        own, inherited = self.line(), self.line()
        assert own == f"on GPU {inherited.replace(',', ', ')}"
        return inherited.split(",")

    def end(self, *, kill: bool = False) -> None:
        """Let it end, or send SIGKILL."""
        if kill:
            self._process.kill()
        self._process.communicate()


@pytest.mark.parametrize("jobs_per_gpu", [1, 2])
def test_every_slot_is_held_by_one_process_at_a_time(jobs_per_gpu: int) -> None:
    offer(["0", "1", "2", "3"], jobs_per_gpu, 1)
    holders = [Holder() for _ in range(4 * jobs_per_gpu)]
    assert Counter(gpu for holder in holders for gpu in holder.gpus()) == dict.fromkeys("0123", jobs_per_gpu)
    late = Holder()
    assert late.line() == f"waits for a slot: GPUs 0, 1, 2, 3, execution.jobs_per_gpu {jobs_per_gpu}"
    # killed in the middle of its work: what it held goes to the one that waits
    holders[0].end(kill=True)
    assert len(late.gpus()) == 1
    again = Holder()
    assert again.line().startswith("waits")
    for holder in (*holders[1:], late):
        holder.end(kill=True)
    assert len(again.gpus()) == 1
    again.end()


def test_idle_gpus_come_first() -> None:
    offer(["0", "1"], 2, 1)
    holders = [Holder() for _ in range(2)]
    assert sorted(gpu for holder in holders for gpu in holder.gpus()) == ["0", "1"]
    for holder in holders:
        holder.end()


def test_a_job_of_several_processes_takes_different_gpus_or_none() -> None:
    offer(["0", "1", "2"], 2, 2)
    first, second, third = Holder(2), Holder(2), Holder(2)
    taken = [sorted(holder.gpus()) for holder in (first, second, third)]
    assert all(len(set(gpus)) == 2 for gpus in taken)
    assert Counter(gpu for gpus in taken for gpu in gpus) == {"0": 2, "1": 2, "2": 2}
    waiting, single = Holder(2), Holder(1)
    assert waiting.line().startswith("waits for slots on 2 GPUs at once")
    assert single.line().startswith("waits")
    for holder in (first, second, third):
        holder.end(kill=True)
    waiting.gpus()
    single.gpus()
    waiting.end()
    single.end()


def test_nothing_happens_to_jobs_that_ask_for_no_gpu_or_were_offered_none(tmp_path: Path) -> None:
    with on_gpus(1, print):  # a job of SLURM
        assert "CUDA_VISIBLE_DEVICES" not in os.environ
    offer(["0"], 1, 1)
    with on_gpus(0, print):
        assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("configured", "device", "here", "count"),
    [
        (None, "auto", ["0", "1"], 1),
        (None, "cuda", ["0"], 1),
        (None, "auto", [], 0),
        (None, "cpu", ["0"], 0),
        (None, "cuda:1", ["0", "1"], 0),
        (0, "auto", ["0"], 0),
        (1, "auto", [], 1),
    ],
)
def test_a_process_reserves_one_gpu_where_there_is_any(
    configured: int | None, device: str, here: list[str], count: int
) -> None:
    assert reserved(configured, device, here) == count


@pytest.mark.parametrize(
    ("visible", "expected"),
    [("2,3", ["2", "3"]), ("", []), ("0,-1,1", ["0"]), ("NoDevFiles", []), ("GPU-8932f937", ["GPU-8932f937"])],
)
def test_what_cuda_visible_devices_leaves(visible: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus_here(None) == expected
    assert gpus_here([5, 7]) == ["5", "7"]


LISTED = "GPU 0: NVIDIA H100 (UUID: GPU-8932f937)\nGPU 1: NVIDIA H100 (UUID: GPU-0f1e2d3c)\n"


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (LISTED, ["0", "1"]),
        ("", []),
        (
            "GPU 0: A100 (UUID: GPU-1)\n  MIG 3g.20gb Device 0: (UUID: MIG-a)\n  MIG 3g.20gb Device 1: (UUID: MIG-b)\n",
            ["MIG-a", "MIG-b"],
        ),
    ],
)
def test_else_what_nvidia_smi_lists(
    listed: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{listed}END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert gpus_here(None) == expected


def test_a_machine_without_gpus_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus_here(None) == []


def test_more_processes_than_gpus_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"execution.processes is 3, .* but there are 2 GPUs here"):
        offer(["0", "1"], 4, 3)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    offer(["0"], 1, 1)
    with on_gpus(1, print):
        (folder,) = tmp_path.iterdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(ArtifactError, match="belongs to another user"), on_gpus(1, print):
        pass
