"""Every method does on another device what it does on the CPU: nothing that it makes is left on the wrong one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from bench import Bench

from unlearnkit import registry

QUICK = {"scrub", "salun", "sisa", "npo"}
"""What `make test` tries: teacher, mask, ensemble, text; `make test-full` tries the others."""

METHODS = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in registry.METHODS]


@pytest.fixture(params=["small_cnn", "nanogpt"])
def bench(request: pytest.FixtureRequest, bench_of: Callable[..., Bench]) -> Bench:
    """A bench of images and one of text."""
    return bench_of(request.param)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_does_the_same_on_another_device(method: str, bench: Bench, elsewhere: torch.device) -> None:
    kind = registry.load("method", method).Settings
    # rounding grows with every step, so the steps are small
    gentle = {name: 1e-4 for name in kind.model_fields if name == "lr" or name.endswith("_lr")}
    expected = bench.shard(method, 3, **gentle)
    found = replace(bench, device=elsewhere).shard(method, 3, **gentle)
    assert found.passes == expected.passes
    assert found.states.keys() == expected.states.keys()
    for key, state in expected.states.items():
        for name, array in state.items():
            np.testing.assert_allclose(found.states[key][name], array, rtol=1e-3, atol=1e-3, err_msg=f"{key} {name}")
