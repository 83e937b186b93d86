"""Training of language models on GPUs: bfloat16, compiled, and several of them together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from small_text import positions_text, recipe
from test_text_processes import alone, part_of

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.execution import Execution
from unlearnkit.data.images.batches import retain_set
from unlearnkit.training.originals import train_shard
from unlearnkit.training.processes.starting import run_in_processes
from unlearnkit.training.setup import task_for, worker_for
from unlearnkit.training.shard import ShardResult, Worker

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and torch sees none"),
]
NANO = {"name": "nanogpt", "layers": 2, "width": 64, "heads": 4}


def on(device: str, folder: Path, *, compiled: bool = False, **own: object) -> ShardResult:
    execution = Execution.model_validate({"device": device, "compile": compiled})
    worker = worker_for(execution, 1, ResumeFolder(str(folder / "out"), "key"), lambda _: None)
    text_set = positions_text("sequence")
    task = task_for(text_set, NANO, 0, worker.device)
    rows = retain_set(text_set.train_size, None)
    return train_shard(task, recipe(epochs=4, **own), rows, role="original", model_indices=[0], worker=worker)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_gpu_follows_the_cpu(optimizer: str, compiled: bool, tmp_path: Path) -> None:
    host = on("cpu", tmp_path, optimizer=optimizer).curves[0]["loss"]
    exact = on("cuda", tmp_path, optimizer=optimizer, compiled=compiled).curves[0]["loss"]
    rounded = on("cuda", tmp_path, optimizer=optimizer, compiled=compiled, precision="bfloat16").curves[0]["loss"]
    assert exact == pytest.approx(host, rel=0.01)
    assert rounded == pytest.approx(host, rel=0.05)
    assert not np.array_equal(exact, rounded)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
@pytest.mark.parametrize("sharding", ["replicate", "full"])
def test_two_gpus_train_the_model_of_one_process(
    sharding: str, tmp_path: Path, worker_of: Callable[..., Worker]
) -> None:
    part = part_of(tmp_path)
    resume = ResumeFolder(str(tmp_path / "out"), "key")
    execution = Execution.model_validate({"processes": 2, "sharding": sharding, "device": "cuda"})
    run_in_processes(part, execution, 2, resume, lambda _: None)
    found = resume.load("models_0003-0003")
    assert found is not None
    one = alone(part, worker_of())
    for (_, epoch), state in one.states.items():
        for name, array in state.items():
            assert np.abs(found[f"state/{epoch}/0/{name}"] - array).max() < 1e-4
