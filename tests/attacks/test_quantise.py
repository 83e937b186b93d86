"""Quantisation against the same arithmetic in NumPy, float64, and what rounding to levels promises."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from known_threes import MODELS, KnownThrees
from torch import nn
from transformers.pytorch_utils import Conv1D

from unlearnkit.attacks.quantise import Settings, attack, rounded
from unlearnkit.errors import TrainingError

WEIGHTS = arrays(np.float32, (3, 8), elements=st.floats(-2, 2, width=32).map(lambda own: round(own, 3)))


def by_hand(rows: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return s round(w / s) with s = max |w| / levels in float64, and s."""
    scale = np.abs(rows.astype(np.float64)).max(axis=1, keepdims=True) / levels
    scale[scale == 0] = 1
    return np.round(rows / scale) * scale, scale


@pytest.mark.parametrize(("bits", "levels"), [(4, 7), (8, 127)])
@given(rows=WEIGHTS)
def test_weights_are_rounded_to_symmetric_levels(bits: int, levels: int, rows: np.ndarray) -> None:
    found = rounded(torch.from_numpy(rows), Settings.model_validate({"bits": bits})).numpy()
    expected, scale = by_hand(rows, levels)
    # a weight in the middle between two levels may go to either
    middle = np.abs(np.abs(rows / scale) % 1 - 0.5) < 1e-3
    np.testing.assert_allclose(found[~middle], expected[~middle], rtol=1e-5, atol=1e-7)
    assert (np.abs(found - rows) <= scale / 2 * (1 + 1e-3)).all()
    # the largest weight of a channel stays, so a second rounding changes nothing
    again = rounded(torch.from_numpy(found), Settings.model_validate({"bits": bits})).numpy()
    np.testing.assert_allclose(again, found, rtol=1e-5)


def test_groups_have_scales_of_their_own() -> None:
    rows = np.array([[7.0, 0.4, 0.07, 0.02]], np.float32)
    whole = rounded(torch.from_numpy(rows), Settings.model_validate({"bits": 4})).numpy()
    np.testing.assert_allclose(whole, [[7, 0, 0, 0]])
    halves = rounded(torch.from_numpy(rows), Settings.model_validate({"bits": 4, "group": 2})).numpy()
    np.testing.assert_allclose(halves, [[7, 0, 0.07, 0.02]], rtol=1e-6)


def test_a_group_that_leaves_a_rest_is_refused() -> None:
    with pytest.raises(TrainingError) as caught:
        rounded(torch.ones(2, 6), Settings.model_validate({"group": 4}), "head.weight")
    assert str(caught.value) == (
        "quantise.group is 4, but a channel of head.weight has 6 weights; expected a divisor of it, or null: one "
        "scale per channel."
    )


def test_biases_stay_and_nothing_is_trained(models: KnownThrees) -> None:
    result = models.attacked("original", "quantise", bits=4)
    assert result.all_passes == 0
    before = models.files["original"]
    for index in MODELS:
        state = result.states[index, 0]
        for name, array in before.state(index).items():
            assert np.array_equal(state[name], array) == (array.ndim < 2), name
            if array.ndim > 1:
                expected, scale = by_hand(array.reshape(len(array), -1), 7)
                assert (np.abs(state[name] - array) <= scale / 2 * (1 + 1e-3)).all()
                assert np.abs(state[name].reshape(len(array), -1) - expected).max() <= 1.001 * scale.max()


@pytest.mark.parametrize("group", [None, 2])
def test_output_channels_of_gpt2_are_the_other_axis(group: int | None) -> None:
    torch.manual_seed(0)
    model: Any = nn.Sequential(Conv1D(3, 4), nn.Linear(4, 2))
    context: Any = SimpleNamespace(generators=[None])
    nothing: Any = None
    found: Any = attack(model, nothing, Settings.model_validate({"group": group}), context)
    # three outputs of four inputs each, stored as [4, 3]
    for before, after in ((model[0].weight.T, found[0].weight.T), (model[1].weight, found[1].weight)):
        expected, _ = by_hand(before.detach().numpy().reshape(-1, group or 4), 7)
        np.testing.assert_allclose(after.detach().numpy().reshape(expected.shape), expected, atol=1e-6)
