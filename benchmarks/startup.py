"""Time what a job costs before it computes: `python benchmarks/startup.py`. Writes benchmarks/results/startup.md."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

STATEMENTS = {
    "bare interpreter": "pass",
    "what a score job imports": "import unlearnkit.artifacts.margins, unlearnkit.metrics.summary",
    "the configuration (every parse of the Snakefile)": (
        "import unlearnkit.config.experiment, unlearnkit.workflow.graph"
    ),
    "torch": "import torch",
    "what an unlearning job imports": "import unlearnkit.training.unlearning, unlearnkit.methods.images.scrub",
    "the same and torch.optim.SGD": (
        "import unlearnkit.methods.images.scrub, torch; torch.optim.SGD([torch.ones(1)], lr=1.0)"
    ),
}
ROUNDS = 5
RESULT = Path(__file__).parent / "results" / "startup.md"


def seconds(statement: str) -> float:
    """Return the wall time of a fresh interpreter that runs `statement`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure and write the result."""
    best = {name: min(seconds(statement) for _ in range(ROUNDS)) for name, statement in STATEMENTS.items()}
    rows = "".join(f"| {name} | {value:.2f} s |\n" for name, value in best.items())
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        "# The cost of a job before it computes\n\n"
        f"Made by `python benchmarks/startup.py` on {datetime.date.today()}.\n"
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, torch {version('torch')}."
        f" Whole process, best of {ROUNDS}, compiled bytecode.\n\n"
        "| process | wall time |\n| --- | --- |\n" + rows
    )
    print(rows)


if __name__ == "__main__":
    main()
