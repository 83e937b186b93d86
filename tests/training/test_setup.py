"""From a rule's parameters to a worker and a task."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.execution import Execution
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import ConfigError
from unlearnkit.training.setup import describe, task_for, worker_for


def test_a_worker_follows_the_execution_block(tmp_path: Path) -> None:
    execution = Execution.model_validate({"device": "cpu", "stack_size": 7, "checkpoint_seconds": 5})
    before = torch.get_num_threads()
    try:
        worker = worker_for(execution, 2, ResumeFolder(str(tmp_path / "out"), "key"), print)
        assert describe(worker.device) == {"device": "CPU", "threads": 2}
    finally:
        torch.set_num_threads(before)
    assert (worker.device.type, worker.stack_size, worker.checkpoint_seconds) == ("cpu", 7, 5)
    assert worker.clock() <= worker.clock()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_told(tmp_path: Path) -> None:
    resume = ResumeFolder(str(tmp_path / "out"), "key")
    with pytest.raises(ConfigError, match=r"execution\.device is 'cuda:1', but this job sees no GPU"):
        worker_for(Execution.model_validate({"device": "cuda:1"}), 1, resume, print)
    assert worker_for(Execution.model_validate({}), 1, resume, print).device.type == "cpu"


def test_a_task_is_shaped_by_its_data(digits: ImageSet) -> None:
    task = task_for(digits, {"name": "mlp", "hidden": [16]}, 3, torch.device("cpu"))
    assert task.architecture.sample_shape == (1, 8, 8)
    assert task.architecture.num_classes == 10
    assert task.architecture.settings.hidden == (16,)
    assert task.architecture.stack_size == 100
    assert task.base_seed == 3
    assert task.architecture.build(0)(task.pixels.normalised(torch.arange(4))).shape == (4, 10)
