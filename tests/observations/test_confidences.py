"""Confidences are functions of the logits alone, and the first of them is the margin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from unlearnkit.artifacts.observations import Observed
from unlearnkit.artifacts.weights import State
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.observations.confidences import confidences
from unlearnkit.training.shard import Task

TaskOf = Callable[[str], Task]
Observe = Callable[..., Observed]


def test_they_are_those_by_hand(
    task_of: TaskOf, observed: Observe, logits_of: Callable[[Task, int], np.ndarray], digits: ImageSet
) -> None:
    task = task_of("mlp")
    values = observed("confidences", task).values
    for row in range(3):
        p = torch.from_numpy(logits_of(task, row)).double().softmax(-1).numpy()
        own = p[np.arange(50), digits.labels]
        expected = {
            "confidence": np.log(own / (1 - own)),
            "probability": own,
            "largest": p.max(1),
            "entropy": -(p * np.log(p)).sum(1),
            "brier": ((p - np.eye(10)[digits.labels]) ** 2).sum(1),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(values[name][row], value, rtol=1e-4, atol=1e-5)
            assert values[name].dtype == np.float32
        np.testing.assert_array_equal(values["correct"][row], p.argmax(1) == digits.labels)


def test_confidence_has_the_bits_of_the_margin(task_of: TaskOf, observed: Observe) -> None:
    task = task_of("mlp")
    found, margins = (observed(name, task).values for name in ("confidences", "margins"))
    np.testing.assert_array_equal(found["confidence"], margins["model"])
    np.testing.assert_array_equal(found["correct"], margins["correct"])


def test_models_of_more_than_one_network_are_observed_by_the_logits_of_their_method(
    task_of: TaskOf, observed: Observe
) -> None:
    def doubled(state: State, logits_of: Callable[[State], Tensor]) -> Tensor:
        return 2 * logits_of(state)

    task = task_of("mlp")
    once, twice = (observed("confidences", task, stack_size=1, assemble=how).values for how in (None, doubled))
    np.testing.assert_array_equal(once["correct"], twice["correct"])
    assert (twice["largest"] > once["largest"]).all()


def test_a_failed_model_has_no_numbers_and_a_sure_one_finite_ones() -> None:
    found = confidences(np.array([[np.nan, 0, 0], [np.inf, 0, 0], [500, 0, 0]], np.float32), np.array([0, 0, 0]))
    for name in ("confidence", "probability", "largest", "entropy", "brier"):
        assert np.isnan(found[name]).tolist() == [True, True, False]
    assert (
        found["confidence"][2] > 499 and found["probability"][2] == 1 and found["entropy"][2] == found["brier"][2] == 0
    )
