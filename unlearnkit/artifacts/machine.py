"""What a job runs on, as provenance and timing records state it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Return what the job runs on: system, processor, cores, node; the SLURM job and the GPUs it may use, if any."""
    described = {
        "system": platform.system(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "node": os.environ.get("SLURMD_NODENAME") or platform.node(),
    }
    places = {"slurm_job": "SLURM_JOB_ID", "visible_gpus": "CUDA_VISIBLE_DEVICES"}
    return described | {key: os.environ[name] for key, name in places.items() if os.environ.get(name)}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
