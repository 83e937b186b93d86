"""Every method does on another device what it does on the CPU: nothing that it makes is left on the wrong one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from bench import BRIEFLY, Bench
from made_pairs import made_pairs
from made_text import made_text

from unlearnkit import registry
from unlearnkit.data.images.image_set import ImageSet

QUICK = {"scrub", "salun", "sisa", "npo"}
"""What `make test` tries: teacher, mask, ensemble, text; `make test-full` tries the others."""

OWN_TENSORS = {"rmu", "pdu", "idk_ap"}
"""Of the methods that add a loss to a shared loop, those that make a vector, add up losses, or read other answers."""

METHODS = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name in registry.METHODS
    if name not in BRIEFLY or name in OWN_TENSORS
]


FORGET = np.array([17, 3, 40, 5, 31, 20])


@pytest.fixture(params=["small_cnn", "nanogpt"])
def bench(request: pytest.FixtureRequest, small_digits: ImageSet, tmp_path: Path) -> Bench:
    """A bench of images and one of text, of few samples: the pretended device takes its time for every operation."""
    pairs = request.node.callspec.params["method"] == "idk_ap"
    text = made_pairs(48, 8) if pairs else made_text(48, 8, vocabulary=40, shortest=2, longest=9)
    dataset = text if request.param == "nanogpt" else small_digits.subset(48, 8)
    return Bench(dataset, request.param, FORGET, tmp_path)


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
