"""From a rule's parameters to what the engine runs with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.execution import Execution
from unlearnkit.errors import ConfigError
from unlearnkit.models.building import Architecture
from unlearnkit.registry import load, load_task
from unlearnkit.training.processes.group import ALONE, Group
from unlearnkit.training.shard import Report, Task, Worker


def worker_for(
    execution: Execution, threads: int, resume: ResumeFolder, report: Report, group: Group = ALONE
) -> Worker:
    """Return a worker on the device that `execution` asks for, with torch pinned to `threads` CPU threads.

    In a `group` every process has a GPU of its own. Raises ConfigError if `execution` asks for a GPU and the job sees
    none, or fewer than there are processes.
    """
    torch.set_num_threads(threads)
    wanted = execution.device
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(
            f"execution.device is '{wanted}', but this job sees no GPU",
            expected="a GPU that torch can use",
            remedy="set execution.device to 'auto' or 'cpu', or request a GPU with execution.gpus: 1",
        )
    if wanted == "cuda" and execution.processes > 1:
        wanted = f"cuda:{_gpu(group.rank, execution.processes)}"
        if group.size > 1:
            torch.cuda.set_device(wanted)
    return Worker(
        device=torch.device(wanted),
        clock=time.perf_counter,
        resume=resume,
        report=report,
        stack_size=execution.stack_size,
        checkpoint_seconds=execution.checkpoint_seconds,
        micro_batch_size=execution.micro_batch_size,
        compiled=execution.compile,
        group=group,
    )


def _gpu(rank: int, processes: int) -> int:
    seen = torch.cuda.device_count()
    if seen < processes:
        raise ConfigError(
            f"execution.processes is {processes}, but this job sees {seen} GPUs",
            expected="a GPU for every process",
            remedy=f"set execution.gpus: 1, so that the job asks for {processes}, or lower execution.processes",
        )
    return rank


def task_for(dataset: Any, model: Mapping[str, Any], base_seed: int, device: torch.device) -> Task:
    """Return the task of training `model` ({"name": ..., settings}) on a data set held on `device`."""
    architecture = architecture_for(dataset, model)
    return Task(load_task(architecture.task).source(dataset, device), architecture, base_seed)


def architecture_for(dataset: Any, model: Mapping[str, Any]) -> Architecture:
    """Return the architecture of `model` ({"name": ..., settings}) for the classes and samples of a data set."""
    settings = {key: value for key, value in model.items() if key != "name"}
    return Architecture(
        name=model["name"],
        settings=load("model", model["name"]).Settings.model_validate(settings),
        num_classes=dataset.num_classes,
        sample_shape=dataset.sample_shape,
    )


def describe(device: torch.device) -> dict[str, Any]:
    """Return what provenance states about the device of a job: name, CPU threads, and for a GPU the peak memory, MB."""
    threads = {"threads": torch.get_num_threads()}
    if device.type != "cuda":
        return {"device": "CPU", **threads}
    peak = round(torch.cuda.max_memory_allocated(device) / 1e6, 1)
    return {"device": torch.cuda.get_device_name(device), **threads, "gpu_memory_mb": peak}
