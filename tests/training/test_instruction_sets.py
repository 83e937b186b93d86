"""What is promised of bits and of rounding holds with other instruction sets too, so no processor's luck hides a break.

The tests that assert it run again in a process whose libraries may use only some of this processor's instructions.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NARROWED = {
    "the least": {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "AVX2, and kernels for any processor": {
        "ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "AVX2"
    },
}  # fmt: skip
SELECTED = (
    "stacks_of_perceptrons or whole_stacks or shards_leave or resumes_after_an_epoch and none "
    "or single_models and mlp or a_stack_is_its_models and mlp and (fine_tune or bad_teacher or scrub)"
)
PROMISES = ["tests/training/test_originals.py", "tests/models/test_stack.py", "tests/methods/test_conformance.py"]
RUN = "import sys, pytest, torch; print(torch.backends.cpu.get_cpu_capability()); sys.exit(pytest.main(sys.argv[1:]))"


@pytest.mark.slow
@pytest.mark.parametrize("name", NARROWED)
def test_the_promises_hold(name: str, repository: Path) -> None:
    narrowed = NARROWED[name]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-c", RUN, "-n", "0", "-p", "no:cacheprovider", "-k", SELECTED, *PROMISES]
    found = subprocess.run(command, cwd=repository, env=own | narrowed, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-2000:]
    if name == "the least":
        assert found.stdout.startswith("DEFAULT")
