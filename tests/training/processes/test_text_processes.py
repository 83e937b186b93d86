"""Several processes that train one model: the model of one process, whatever each holds; and no hang when one fails."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pretrained_bases import base_of
from small_text import positions_text, recipe, text_task

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.execution import Execution
from unlearnkit.data.text.text_file import write_text_set
from unlearnkit.errors import TrainingError
from unlearnkit.training.originals import train_shard
from unlearnkit.training.processes.distributed import micro_batches
from unlearnkit.training.processes.group import Group
from unlearnkit.training.processes.part import Part
from unlearnkit.training.processes.starting import run_in_processes
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker

FORGET = np.array([1, 2, 5])


def part_of(folder: Path, **training: Any) -> Part:
    """A shard of an oracle on a text of unequal documents."""
    write_text_set(folder / "dataset.safetensors", positions_text("document"))
    np.save(folder / "forget.npy", FORGET)
    own = recipe(batch_size=7, order="shuffled", weight_decay=0.1, warmup_steps=2, **training)
    settings = {
        "role": "oracle",
        "seed": 0,
        "model": {"name": "nanogpt", "layers": 2, "width": 16, "heads": 2},
        "training": own.model_dump(mode="json"),
    }
    return Part(str(folder / "dataset.safetensors"), str(folder / "forget.npy"), settings, "0003-0003")


def alone(part: Part, worker: Worker) -> Any:
    text_set = positions_text("document")
    rows = torch.tensor([row for row in range(text_set.train_size) if row not in FORGET])
    task = text_task(text_set)
    own = recipe().model_validate(part.settings["training"])
    return train_shard(task, own, rows, role="oracle", model_indices=[3], worker=worker)


def test_shares_of_a_step_cover_it_and_come_in_equal_numbers() -> None:
    for size in (1, 2, 3, 8):
        for rows in (1, 2, 7, 8, 16):
            for most in (None, 1, 2, 100):
                shares = [micro_batches(Group(rank, size), torch.arange(rows), most) for rank in range(size)]
                assert len({len(share) for share in shares}) == 1
                assert sorted(torch.cat([torch.cat(share) for share in shares]).tolist()) == list(range(rows))
                assert max(len(batch) for share in shares for batch in share) <= (most or rows)
                assert all(len(batch) for batch in shares[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sharding", "optimizer", "tolerance"),
    [
        ("replicate", "adamw", 1e-5),
        ("full", "adamw", 1e-5),
        # Newton-Schulz rounds to bfloat16: what differs in the last bit of float32 comes to differ in the third digit
        ("full", "muon", 5e-3),
    ],
)
def test_two_processes_train_the_model_of_one(
    sharding: str, optimizer: str, tolerance: float, tmp_path: Path, worker_of: Callable[..., Worker]
) -> None:
    part = part_of(tmp_path, optimizer=optimizer, eps=1e-5)
    one = alone(part, worker_of())
    execution = Execution.model_validate({"processes": 2, "sharding": sharding, "micro_batch_size": 2, "device": "cpu"})
    reports: list[str] = []
    resume = ResumeFolder(str(tmp_path / "out"), "key")
    run_in_processes(part, execution, 2, resume, reports.append)
    # what they leave is all that is left to do
    two = alone(part, replace(worker_of(), resume=resume))
    assert [line for line in reports if line.startswith("models_")] != []
    for key, state in one.states.items():
        assert set(two.states[key]) == set(state)
        assert max(float(np.abs(array - two.states[key][name]).max()) for name, array in state.items()) < tolerance
    for model, curve in one.curves.items():
        assert two.curves[model]["loss"] == pytest.approx(curve["loss"], abs=10 * tolerance)
        assert np.array_equal(two.curves[model]["tokens"], curve["tokens"])
        # these were trained, and not by the process that asks
        assert not np.array_equal(two.curves[model]["loss"], curve["loss"])


@pytest.mark.slow
def test_processes_go_on_where_others_were_killed(tmp_path: Path, worker_of: Callable[..., Worker]) -> None:
    part = part_of(tmp_path, epochs=20)
    execution = Execution.model_validate({"processes": 2, "sharding": "full", "device": "cpu", "checkpoint_seconds": 0})
    whole, resume = (ResumeFolder(str(tmp_path / name), "key") for name in ("whole", "out"))
    run_in_processes(part, execution, 2, whole, lambda _: None)
    killed = threading.Event()

    def kill_one(line: str) -> None:
        if "models_0003-0003: step 50/" in line and not killed.is_set():
            killed.set()
            os.kill(max(children()), signal.SIGKILL)

    with pytest.raises(TrainingError, match=r"process \d of 2 that train together was killed by signal 9"):
        run_in_processes(part, execution, 2, resume, kill_one)
    assert killed.is_set() and not children()
    moment = resume.load("models_0003-0003.state")
    assert moment is not None and int(moment["step"]) > 0
    began: list[str] = []
    run_in_processes(part, execution, 2, resume, began.append)
    worker = worker_of()
    one, other = (alone(part, replace(worker, resume=folder)) for folder in (whole, resume))
    for key, state in one.states.items():
        assert all(np.array_equal(array, other.states[key][name]) for name, array in state.items())
    assert np.array_equal(one.curves[3]["loss"], other.curves[3]["loss"])


def test_a_failing_process_states_its_cause(tmp_path: Path) -> None:
    part = part_of(tmp_path)
    text_set = Path(part.dataset)
    text_set.write_bytes(text_set.read_bytes()[:-3])
    execution = Execution.model_validate({"processes": 2, "device": "cpu"})
    with pytest.raises(TrainingError, match=r"process . of 2 that train together failed: .*dataset.safetensors"):
        run_in_processes(part, execution, 2, ResumeFolder(str(tmp_path / "out"), "key"), lambda _: None)
    assert not children()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_processes_without_gpus_say_so(tmp_path: Path) -> None:
    execution = Execution.model_validate({"processes": 2, "device": "cuda"})
    with pytest.raises(TrainingError, match=r"execution.device is 'cuda', but this job sees no GPU"):
        run_in_processes(part_of(tmp_path), execution, 2, ResumeFolder(str(tmp_path / "out"), "key"), lambda _: None)


def test_processes_end_with_the_job_that_started_them(tmp_path: Path) -> None:
    part = part_of(tmp_path, epochs=10_000)
    script = (
        "import json, sys\n"
        "from unlearnkit.artifacts.resume import ResumeFolder\n"
        "from unlearnkit.config.execution import Execution\n"
        "from unlearnkit.training.processes.part import Part\n"
        "from unlearnkit.training.processes.starting import run_in_processes\n"
        "part = Part(**json.loads(sys.argv[1]))\n"
        "execution = Execution(processes=2, device='cpu')\n"
        "resume = ResumeFolder(sys.argv[2], 'key')\n"
        "run_in_processes(part, execution, 2, resume, lambda line: print(line, flush=True))\n"
    )
    job = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(part.__dict__), str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert job.stdout
    assert any("step 50/" in line for line in job.stdout)
    started = children(job.pid)
    assert len(started) == 2
    job.kill()
    job.wait()
    for _ in range(600):
        if not any(is_training(pid) for pid in started):
            break
        time.sleep(0.1)
    assert not any(is_training(pid) for pid in started)


def children(parent: int | None = None) -> list[int]:
    """The training processes that `parent` (this process) has started and that still run."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                ancestor = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if ancestor == (parent or os.getpid()) and is_training(int(folder.name)):
                    found.append(int(folder.name))
    return found


def is_training(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"unlearnkit.training.processes.part" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@pytest.mark.slow
def test_adapters_in_two_processes_are_those_of_one_whatever_each_holds(
    tmp_path: Path, worker_of: Callable[..., Worker]
) -> None:
    text_set = positions_text("document")
    folder, _ = base_of(vocabulary=text_set.vocabulary_size)
    model = {"name": "pretrained", "source": {"folder": str(folder)}, "adapter": {"rank": 2, "dropout": 0.0}}
    part = part_of(tmp_path, eps=1e-5)
    part = replace(part, settings={**part.settings, "model": model})

    def result(worker: Worker) -> Any:
        own = recipe().model_validate(part.settings["training"])
        rows = torch.tensor([row for row in range(text_set.train_size) if row not in FORGET])
        task = task_for(text_set, model, 0, torch.device("cpu"))
        return train_shard(task, own, rows, role="oracle", model_indices=[3], worker=worker).states

    one = result(worker_of())
    for sharding in ("replicate", "full"):
        resume = ResumeFolder(str(tmp_path / sharding), "key")
        execution = Execution.model_validate({"processes": 2, "sharding": sharding, "device": "cpu"})
        run_in_processes(part, execution, 2, resume, lambda _: None)
        two = result(replace(worker_of(), resume=resume))
        for key, state in one.items():
            assert any("lora_B" in name and array.any() for name, array in state.items())
            assert (
                max(float(np.abs(array.astype(float) - two[key][name]).max()) for name, array in state.items()) < 1e-5
            )
