"""Does this machine have the devices, cores and memory that the configuration asks for?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unlearnkit.doctor.case import ERROR, OK, WARNING, Case, Finding
from unlearnkit.workflow.repairs.gpu_slots import gpus_here, reserved


def examine(case: Case) -> Iterator[Finding]:
    """Yield findings on GPUs, cores and memory; on a cluster they hold for this machine only."""
    torch = case.imports.torch
    gpus = torch["gpus"] if torch else []
    cores, memory = _cores(), _memory_mb()
    shown = ", ".join(f"{name} with {size / 2**30:.0f} GiB" for name, size in gpus) or "no GPU that torch can use"
    yield Finding(OK, f"{cores} cores, {memory} MB of memory, {shown}")
    if torch and not gpus and torch["built"] is None and shutil.which("nvidia-smi"):
        remedy = "install a build of torch with CUDA (see pytorch.org)"
        yield Finding(WARNING, "this machine has NVIDIA's driver, but torch is built without CUDA", remedy)
    if case.experiment is None:
        return
    execution = case.experiment.execution
    if torch is not None:
        yield from _gpus(execution, len(gpus))
    if execution.threads > cores:
        remedy = f"set execution.threads to {cores} or less"
        yield Finding(WARNING, f"execution.threads is {execution.threads}, but there are {cores} cores", remedy)
    jobs = max(1, cores // execution.threads)
    if jobs * execution.memory_mb > memory:
        many = "1 job" if jobs == 1 else f"{jobs} jobs"
        fact = f"{many} at once may take {jobs * execution.memory_mb} MB, more than the {memory} MB of memory"
        yield Finding(WARNING, fact, f"let Snakemake count it: snakemake --resources mem_mb={memory}")


def _gpus(execution: Any, there: int) -> Iterator[Finding]:
    device, named = execution.device, execution.local_gpus
    gpus = gpus_here(named)
    wanted = reserved(execution.gpus, device, gpus)
    elsewhere = "; right if jobs run on other machines"
    index = int(device.partition(":")[2] or 0)
    if device.startswith("cuda") and index >= there:
        fact = f"execution.device is {device}, but torch sees {there} GPUs here{elsewhere}"
        yield Finding(WARNING if shutil.which("sbatch") else ERROR, fact, "set execution.device to auto or cpu")
    elif wanted and not there:
        fact = f"jobs reserve a GPU each, but torch sees none here{elsewhere}"
        yield Finding(WARNING, fact, "set execution.gpus to 0")
    elif there and not wanted and device == "auto":
        fact = "there are GPUs, but jobs reserve none: those that run at once share the first one"
        yield Finding(
            WARNING, fact, "set execution.gpus to 1, and each gets one of its own, or execution.device to cpu"
        )
    elif wanted and named and max(named) >= there and "CUDA_VISIBLE_DEVICES" not in os.environ:
        fact = f"execution.local_gpus names GPU {max(named)}, but torch sees {there} GPUs here{elsewhere}"
        yield Finding(ERROR, fact, f"name GPUs from 0 to {there - 1}, or leave local_gpus out")
    elif wanted and not gpus:
        fact = "nvidia-smi lists no GPU, so all jobs of this machine would use the first one"
        yield Finding(WARNING, fact, f"set execution.local_gpus to {list(range(there))}")
    elif wanted:
        jobs = len(gpus) * execution.jobs_per_gpu
        shares = f"{execution.jobs_per_gpu} on each of GPU {', '.join(gpus)}"
        yield Finding(OK, f"room for {jobs} GPU jobs at once on this machine, {shares}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_mb() -> int:
    """Memory of the machine, or of the control group if that has less, MB."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):
        limit = whole
    return min(whole, limit) // 10**6
