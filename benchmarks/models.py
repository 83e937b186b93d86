"""Time one training step of every architecture: `python benchmarks/models.py`.

Writes benchmarks/results/models.md: forward and backward of a batch in train mode per sample, on one core.
"""

from __future__ import annotations

import datetime
import os
import platform
import time
from pathlib import Path

import torch
from torch.nn import functional

from unlearnkit import registry
from unlearnkit.config.blocks import names_for
from unlearnkit.models.building import Architecture

BATCH = 32
ROUNDS = 5
RESULT = Path(__file__).parent / "results" / "models.md"


def milliseconds(name: str, side: int) -> tuple[int, float]:
    """Return the number of parameters and the CPU time of a step per sample, the best of ROUNDS, in milliseconds."""
    architecture = Architecture(name, registry.load("model", name).Settings(), 10, (3, side, side))
    model = architecture.gather([architecture.build(seed=0)], torch.device("cpu")).train()
    images, labels = torch.randn(BATCH, 3, side, side), torch.arange(BATCH) % 10
    best = float("inf")
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        functional.cross_entropy(model(images), labels).backward()
        best = min(best, time.process_time() - start)
    return sum(parameter.numel() for parameter in model.parameters()), best / BATCH * 1000


def main() -> None:
    """Measure and write the result."""
    torch.set_num_threads(1)
    rows = ""
    for name in names_for("model", "image"):
        parameters, cost = milliseconds(name, 32)
        rows += f"| `{name}` | {parameters:,} | {cost:.2f} ms |\n"
        print(f"{name}: {parameters:,} parameters, {cost:.2f} ms per sample", flush=True)
    RESULT.write_text(
        "# A training step of every architecture\n\n"
        f"Made by `python benchmarks/models.py` on {datetime.date.today()}.\n"
        f"{os.cpu_count()} cores ({platform.machine()}), one thread used. Python {platform.python_version()},"
        f" torch {torch.__version__}.\n"
        f"Forward and backward of {BATCH} images of 3 x 32 x 32 in train mode, float32, ten classes, default settings."
        f" CPU time per sample, best of {ROUNDS}.\n\n"
        "| model | parameters | CPU time per sample |\n| --- | --- | --- |\n" + rows
    )


if __name__ == "__main__":
    main()
